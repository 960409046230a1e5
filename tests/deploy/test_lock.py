"""The lock files name every package of a deployment, with digests, as requirements.txt pins it."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.lock import CPU_DIGESTS, CPU_LOCK, CPU_TORCH, LOCK, entries, with_cpu_build

ROOT = Path(__file__).parents[2]
LOCKS = pytest.mark.parametrize("path", [LOCK, CPU_LOCK], ids=lambda path: path.name)


def pinned(path: Path) -> dict[str, str]:
    """Return the version of each package; PyTorch's own file of torch says it in its address."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:==| @ \S+?/torch-)([\w.]+)", text, re.MULTILINE)
    return {_normal(name): version for name, version in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@LOCKS
def test_a_lock_has_the_versions_of_the_requirements(path: Path) -> None:
    asked = pinned(ROOT / "requirements.txt")
    assert asked.items() <= pinned(path).items(), "run: python tools/lock.py"


@LOCKS
def test_every_entry_has_a_version_and_a_digest(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert "".join(f"{line}\n" for line in lines) == "".join(entries(text)), "something else"
    for entry in entries(text):
        first, *rest = entry.splitlines()
        assert re.fullmatch(r"\S+==[\w.]+ \\|torch @ https://download\.pytorch\.org/\S+ .+", first)
        digests = [line.strip(" \\") for line in rest if not line.strip().startswith("#")]
        assert digests, first
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", digest) for digest in digests), first


def test_what_the_packages_ask_for_is_locked_too() -> None:
    locked = pinned(LOCK)
    for name in locked:
        try:
            asked = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # a part of CUDA, where there is none
            continue
        for line in asked:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert _normal(requirement.name) in locked, f"{name} asks for {line}"


def test_the_cpu_lock_differs_in_torch_alone() -> None:
    text = CPU_LOCK.read_text(encoding="utf-8")
    assert "".join(entries(text)) == with_cpu_build(LOCK.read_text(encoding="utf-8"))
    assert pinned(LOCK)["torch"] == CPU_TORCH == pinned(CPU_LOCK)["torch"]
    assert all(
        f"_{machine}.whl" in text and CPU_DIGESTS[machine] in text for machine in CPU_DIGESTS
    )
    assert not re.search(r"^(nvidia|cuda)-", text, re.MULTILINE)


def test_the_container_is_built_from_digests_alone() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert re.findall(r"^FROM (.+)$", text, re.MULTILINE) == ["$BASE"]
    installs = re.findall(r"pip install .*", text)
    assert installs and all("--require-hashes" in line for line in installs)
    assert CPU_LOCK.relative_to(ROOT).as_posix() in text


def test_no_second_index_is_searched_for_whatever_has_no_pin() -> None:
    """A name that one index lacks could be taken from the other, by whoever registers it there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    texts = (".md", ".txt", ".toml", ".lock", "run", "Dockerfile", ".yml", ".yaml", ".cfg", ".sh")
    for path in (ROOT / name for name in names if name.endswith(texts)):
        said = path.read_text(encoding="utf-8")
        assert not re.search(r"--extra-index-url[ =]\S*://", said), path
