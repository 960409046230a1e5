from __future__ import annotations

import pytest

from tl_core.throttle import Throttle


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    return clock


def test_the_first_time_is_due_and_the_next_one_later(now: list[float]) -> None:
    throttle = Throttle(5)
    assert throttle.take() and not throttle.take()
    now[0] += 4.9
    assert not throttle.due
    now[0] += 0.2
    assert throttle.due and throttle.take() and not throttle.due


def test_what_has_to_be_done_is_done_and_counts(now: list[float]) -> None:
    throttle = Throttle(5)
    throttle.done()
    now[0] += 4
    assert throttle.take(always=True)
    now[0] += 4
    assert not throttle.due
