from __future__ import annotations

import os
from pathlib import Path

import pytest

from tl_core import memory

MEMINFO = "MemTotal:       4 kB\nMemFree:        1 kB\nMemAvailable:   3 kB\n"
GROUP = {"memory.max": "2048", "memory.current": "1500", "memory.stat": "inactive_file 500\n"}


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the files in which the system tells; there is none yet."""
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def tell(system: Path, **files: str) -> None:
    for name, text in files.items():
        (system / name).write_text(text)


def test_a_machine_tells_what_is_free(system: Path) -> None:
    tell(system, meminfo=MEMINFO)
    assert memory.free_memory() == 3 * 1024
    assert memory.used_memory() == (1024, 4 * 1024)


def test_a_container_may_use_what_its_limit_leaves(system: Path) -> None:
    tell(system, meminfo=MEMINFO)
    for name, text in GROUP.items():
        (system / name).write_text(text)
    assert memory.used_memory() == (1000, 2048)
    assert memory.free_memory() == 1048
    assert memory.total_memory() == 2048


def test_a_group_without_a_limit_is_the_machine(system: Path) -> None:
    tell(system, meminfo=MEMINFO)
    for name, text in {**GROUP, "memory.max": "max"}.items():
        (system / name).write_text(text)
    assert memory.free_memory() == 3 * 1024


def test_a_system_that_tells_nothing(system: Path) -> None:
    assert memory.used_memory() is None and memory.free_memory() == memory.UNKNOWN


def test_a_process_that_is_gone_takes_nothing_that_is_known() -> None:
    assert memory.process_memory(2**22 + 1) is None
    if Path("/proc/self/smaps_rollup").exists():
        assert (memory.process_memory(os.getpid()) or 0) > 2**20
