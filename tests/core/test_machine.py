"""Whether a process has the cores to itself, and how memory is shared out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tl_core import machine
from tl_core.server.limits import UploadLimits


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """Seconds that went by, and that threads have waited for a core."""
    now: dict[str, float | None] = {"time": 0.0, "waited": 5.0}
    monkeypatch.setattr(machine.time, "monotonic", lambda: now["time"])
    monkeypatch.setattr(machine, "_waited", lambda: now["waited"])
    return now


@pytest.mark.parametrize(("waited", "shared"), [(0.2, False), (6.7, True), (-1.0, False)])
def test_who_waits_for_a_core_shares_it(
    waited: float, shared: bool, clock: dict[str, float | None]
) -> None:
    contention = machine.Contention()
    clock.update(time=10.0, waited=5.0 + waited)
    assert contention.found() is shared


def test_where_nobody_counts_the_load_decides(
    clock: dict[str, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock["waited"] = None
    monkeypatch.setattr(machine, "busy", lambda: True)
    assert machine.Contention().found()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="not counted here")
def test_linux_counts_the_waiting_of_all_threads() -> None:
    waited = machine._waited()
    assert sys.platform == "linux" and waited is not None and waited >= 0


# ---------------------------------------------------------------------------------------- memory

GB = 2**30


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, int], None]:
    """Make this machine one of so many GB and cores, without a GPU."""
    for name in machine.MEMORY_SETTINGS:
        monkeypatch.delenv(name, raising=False)

    def resize(total: float, cores: int) -> None:
        monkeypatch.setattr(machine, "total_memory", lambda: int(total * GB))
        monkeypatch.setattr(machine, "cores", lambda: cores)
        monkeypatch.setattr(machine, "gpus", list)

    return resize


@pytest.mark.parametrize("total", [2.7, 4, 8, 16, 24, 64, 256])
@pytest.mark.parametrize("cores", [1, 2, 8, 64])
def test_runs_and_checks_fit_the_memory_together(
    total: float, cores: int, sized: Callable[[float, int], None]
) -> None:
    sized(total, cores)
    plan, limits = machine.memory_plan(), UploadLimits.from_environment()
    assert plan.fits and plan.run >= machine.SMALLEST
    assert (limits.at_once, limits.memory) == (plan.checks, plan.check)
    assert machine.slots() == plan.slots <= max(1, cores // 2)
    run, beside = machine.run_memory() or (0, 0)
    parts = limits.at_once * limits.memory + machine.slots() * run + beside
    assert parts + 640 * 2**20 <= total * GB


def test_what_is_set_stays_and_the_rest_makes_room(
    sized: Callable[[float, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sized(24, 8)
    monkeypatch.setenv("TL_SLOTS", "6")
    monkeypatch.setenv("TL_UPLOADS_AT_ONCE", "4")
    plan = machine.memory_plan()
    assert (plan.slots, plan.checks, plan.fits) == (6, 4, True)
    monkeypatch.setenv("TL_RUN_MEMORY_MB", "4096")
    plan = machine.memory_plan()
    assert plan.run == 4 * GB and not plan.fits


def test_a_machine_that_does_not_say_has_no_limit(
    sized: Callable[[float, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sized(24, 2)
    monkeypatch.setattr(machine, "total_memory", lambda: None)
    assert machine.memory_plan().fits and machine.run_memory() is None and machine.slots() == 1
