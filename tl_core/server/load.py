"""How busy a machine is, and what lies on its disk; asks the system and loads nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tl_core.home import home
from tl_core.machine import cores
from tl_core.memory import used_memory

PARTS = {
    "runs": ("runs",),
    "photos": ("data", "uploads", "incoming", "questions"),
    "cache": ("cache",),
}
"""What the folders in ``TL_HOME`` hold, in words for people."""


@dataclass(frozen=True)
class Gpu:
    """A graphics card: its name, how busy it is (0 to 1) and its memory in bytes."""

    name: str
    busy: float
    used: int
    total: int


@dataclass(frozen=True)
class Load:
    """What a machine is doing; None where the system does not say.

    Attributes
    ----------
    cores
        That this process may use.
    waiting
        Processes that ran or wanted to run, mean of the last minute.
    memory
        Used and total bytes, of the container if that has less than the machine.
    gpus
        Of NVIDIA; empty without.
    """

    cores: int
    waiting: float | None
    memory: tuple[int, int] | None
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True)
class Disk:
    """Bytes below ``TL_HOME`` by :data:`PARTS`, everything else there, and what is still free."""

    parts: dict[str, int]
    other: int
    free: int


def machine_load() -> Load:
    """Measure now."""
    waiting = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Load(cores(), waiting, used_memory(), _gpus())


def disk_use() -> Disk:
    """Add up the files of this server; takes a moment where there are many."""
    root = home()
    parts = {
        part: sum(folder_bytes(root / name) for name in names) for part, names in PARTS.items()
    }
    return Disk(parts, folder_bytes(root) - sum(parts.values()), shutil.disk_usage(root).free)


def _gpus() -> tuple[Gpu, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    wanted = "--query-gpu=name,utilization.gpu,memory.used,memory.total"
    try:
        done = subprocess.run(
            [program, wanted, "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(filter(None, map(_gpu, done.stdout.splitlines())))


def _gpu(line: str) -> Gpu | None:
    name, *numbers = (part.strip() for part in line.rsplit(",", 3))
    try:
        busy, used, total = (float(number) for number in numbers)
    except ValueError:  # "[N/A]" where a card does not tell
        return None
    return Gpu(name, busy / 100, int(used * 2**20), int(total * 2**20))


def folder_bytes(folder: Path) -> int:
    """Return the bytes of the files below a folder; one that is not there counts nothing."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += folder_bytes(Path(entry.path))
                else:
                    try:
                        total += entry.stat(follow_symlinks=False).st_size
                    except OSError:
                        continue
    except OSError:
        pass
    return total
