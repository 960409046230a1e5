"""What of a run is written down: in order, each event once, and of its steps what can be shown."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tl_core.execution.event_log import ADVANCES, STEPS, EventLog
from tl_core.store.database import Store
from tl_core.training.events import (
    EpochEnded,
    PreparationAdvanced,
    RunEnded,
    RunResumed,
    RunStarted,
    StepEnded,
    TrainEvent,
    to_dict,
)


@pytest.fixture
def job(store: Store) -> str:
    return store.add_job("train", {}, owner="ada")


def tell(log: EventLog, event: TrainEvent, **more: Any) -> None:
    log.add(to_dict(event), urgent=more.get("urgent", not isinstance(event, StepEnded)))


def started(epochs: int, steps: int) -> RunStarted:
    return RunStarted({}, ["a", "b"], 10, 10, 0, epochs, steps, 1)


def epoch(number: int) -> EpochEnded:
    return EpochEnded(number, 1, 1.0, 0.5, 1.0, 0.5, 0.1, 1.0, number == 1)


def learn(log: EventLog, epochs: int, steps: int, first: int = 1) -> None:
    each = steps // epochs
    for number in range(first, epochs + 1):
        for step in range((number - 1) * each + 1, number * each + 1):
            tell(log, StepEnded(step, number, 1.0))
        tell(log, epoch(number))


def written(store: Store, job: str, name: str = "StepEnded") -> list[dict[str, Any]]:
    events = store.events(job)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    return [event for _, event in events if event["event"] == name]


@pytest.mark.parametrize(("epochs", "steps"), [(10, 26_000), (200, 26_000), (1, 5000)])
def test_a_run_writes_as_many_steps_as_can_be_shown(
    store: Store, job: str, epochs: int, steps: int
) -> None:
    log = EventLog(store, job)
    tell(log, started(epochs, steps))
    learn(log, epochs, steps)
    tell(log, RunEnded({}))
    kept = [event["step"] for event in written(store, job)]
    assert kept[0] == 1 and kept[-1] == steps and kept == sorted(set(kept))
    assert len(kept) <= 2 * STEPS + 2
    in_first = [step for step in kept if step <= steps // epochs]
    assert len(in_first) >= min(STEPS, steps // epochs)
    assert max(b - a for a, b in pairwise(kept)) <= steps / STEPS + 1
    assert len(written(store, job, "EpochEnded")) == epochs


def test_of_a_short_run_every_step_is_written(store: Store, job: str) -> None:
    log = EventLog(store, job)
    tell(log, started(3, 60))
    learn(log, 3, 60)
    assert [event["step"] for event in written(store, job)] == list(range(1, 61))


def test_a_run_that_goes_on_knows_how_long_it_is(store: Store, job: str) -> None:
    log = EventLog(store, job)
    tell(log, started(10, 26_000))
    learn(log, 4, 4 * 2600)
    log = EventLog(store, job)  # in another process
    tell(log, RunResumed(4, 4 * 2600, 10.0))
    learn(log, 10, 26_000, first=5)
    tell(log, RunEnded({}))
    kept = [event["step"] for event in written(store, job)]
    assert len(kept) <= 2 * STEPS + 2 and kept[-1] == 26_000


def test_a_preparation_is_told_as_far_as_it_can_be_seen(store: Store, job: str) -> None:
    log = EventLog(store, job)
    for what in ("photos checked", "photos seen"):
        for done in range(1, 5001):
            tell(log, PreparationAdvanced(what, done, 5000))
    told = written(store, job, "PreparationAdvanced")
    assert len(told) <= 2 * (ADVANCES + 1)
    assert [t["what"] for t in told if t["done"] == 5000] == ["photos checked", "photos seen"]
    assert [t["done"] for t in told if t["done"] == 1] == [1, 1]


def test_what_is_left_out_counts_as_written(store: Store, job: str) -> None:
    log = EventLog(store, job)
    tell(log, PreparationAdvanced("photos", 1, 5000))
    assert not log.due
    log._writing._last = 0  # long ago
    assert log.due
    tell(log, PreparationAdvanced("photos", 2, 5000))  # too little to be seen
    assert not log.due  # so whoever asks before reporting is not asked at once again
