"""Write the lock files: each package of a deployment, with the digests of its published files.

    python -m pip install uv
    python tools/lock.py            # after a change in requirements.txt
    python tools/lock.py --upgrade  # newer versions of what requirements.txt does not name

``requirements.lock`` is for Linux on x86-64 and ARM with Python 3.11, from PyPI alone.
``deploy/community_cloud/requirements.txt`` is the same with the CPU build of torch, by the full
addresses of its files: PyTorch's own index is never searched, so no other package can come from it.
After a change of torch's version, take their digests from https://download.pytorch.org/whl/cpu/torch/,
which names them behind ``#sha256=``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
CPU_LOCK = ROOT / "deploy" / "community_cloud" / "requirements.txt"

INDEX = "https://pypi.org/simple"
MACHINES = ("x86_64", "aarch64")

CPU_TORCH = "2.13.0"
CPU_DIGESTS = {
    "x86_64": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "aarch64": "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
}
WHEEL = (
    "https://download.pytorch.org/whl/cpu/"
    "torch-{version}%2Bcpu-cp311-cp311-manylinux_2_28_{machine}.whl"
)

_OF_CUDA = re.compile(r"(cuda|nvidia)-|triton==")
_HEAD = "# Written by `python tools/lock.py` from requirements.txt, for Linux and Python 3.11"


def resolve(machine: str, upgrade: bool) -> str:
    """Return what a machine needs beside ``requirements.txt``, each package with its digests."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lock"
        if LOCK.exists() and not upgrade:
            out.write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
        subprocess.run(
            [
                "uv", "pip", "compile", "requirements.txt", "--quiet", "--no-header",
                "--generate-hashes", "--only-binary", ":all:", "--default-index", INDEX,
                "--python-version", "3.11", "--python-platform", f"{machine}-manylinux_2_28",
                "--output-file", str(out),
            ],
            cwd=ROOT,
            check=True,
        )  # fmt: skip
        return out.read_text(encoding="utf-8")


def entries(lock: str) -> list[str]:
    """Return the entries of a lock file: a package, its digests, and who asks for it."""
    return re.findall(r"^\w.*\n(?:[ ].*\n)*", lock, re.MULTILINE)


def cpu_build() -> str:
    """Return the entry of torch's CPU build: a file for each kind of machine."""
    return "".join(
        f"torch @ {WHEEL.format(version=CPU_TORCH, machine=machine)} ; "
        f"platform_machine == '{machine}' \\\n    --hash=sha256:{digest}\n"
        for machine, digest in CPU_DIGESTS.items()
    )


def with_cpu_build(lock: str) -> str:
    """Return a lock with the CPU build of torch, and without what only the other one needs."""
    kept = [entry for entry in entries(lock) if not _OF_CUDA.match(entry)]
    return "".join(cpu_build() if entry.startswith("torch==") else entry for entry in kept)


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args().upgrade
    lock, *others = (resolve(machine, upgrade) for machine in MACHINES)
    if any(other != lock for other in others):
        raise SystemExit("The machines need different packages: write a lock file for each.")
    if f"torch=={CPU_TORCH} " not in lock:
        raise SystemExit("torch has another version now: see the head of this file.")
    LOCK.write_text(f"{_HEAD}.\n{lock}", encoding="utf-8")
    CPU_LOCK.write_text(
        f"{_HEAD}, with the\n# CPU build of torch: a tenth of the disk and half of the memory of "
        f"the build with CUDA.\n{with_cpu_build(lock)}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
