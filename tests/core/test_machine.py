"""Whether a process has the cores to itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tl_core import machine


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
