"""How much memory there is, is free and is used: of a machine, a container and a process."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
"""The control group of a container."""
MEMINFO = Path("/proc/meminfo")

UNKNOWN = 2**30
"""Bytes taken to be free where the system does not say."""


def total_memory() -> int | None:
    """Return the bytes that this machine or container has, or None if unknown."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not everywhere
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            found.append(int((CGROUP / limit).read_text()))
    return min(found, default=None)


def used_memory() -> tuple[int, int] | None:
    """Return used and total bytes, of the container if it has a limit; None if unknown."""
    if (container := _container()) is not None:
        return container
    try:
        machine = _machine()
        return machine["MemTotal"] - machine["MemAvailable"], machine["MemTotal"]
    except (OSError, ValueError, KeyError):
        return None


def free_memory() -> int:
    """Return the bytes that are free for use, as far as the system tells."""
    try:
        free = _machine()["MemAvailable"]
    except (OSError, ValueError, KeyError):
        return UNKNOWN
    used, limit = _container() or (0, free)
    return min(free, limit - used)


def process_memory(pid: int) -> int | None:
    """Return the bytes that a process takes, its part of what it shares included (PSS).

    None where that cannot be told: the process is gone, or this system has no ``/proc``.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return None


def _container() -> tuple[int, int] | None:
    """Return used and allowed bytes of a container; what is only cached is given back."""
    try:
        limit = int((CGROUP / "memory.max").read_text())  # "max" where there is no limit
        current = int((CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return current - int(stat["inactive_file"]), limit
    except (OSError, ValueError, KeyError):
        return None


def _machine() -> dict[str, int]:
    lines = (line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return {name: int(value.split()[0]) * 1024 for name, value in lines}
