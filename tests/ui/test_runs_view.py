from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tl_core.runs.store import Store
from tl_core.training.config import make_config
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PreparationAdvanced,
    RunStarted,
    StepEnded,
    TrainEvent,
    to_dict,
)
from ui.runs import RunView, seconds_text, view_runs


class Run:
    """A run in the store whose events a test writes, and its view."""

    def __init__(self, store: Store, strategy: str = "hybrid") -> None:
        self.store = store
        config = make_config("photos", strategy=strategy, epochs=4)
        self.id = store.add_job("train", config.to_dict(), owner="ada", comparison="c")
        self.known: dict[str, RunView] = {}
        self.count = 0

    def tell(self, *events: TrainEvent) -> None:
        self.store.append(self.id, self.count + 1, [to_dict(event) for event in events])
        self.count += len(events)

    @property
    def view(self) -> RunView:
        job = self.store.job(self.id)
        assert job is not None
        return view_runs(self.store, [job], self.known)[0]


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def run(store: Store) -> Run:
    return Run(store)


STARTED = RunStarted({}, ["ant", "bee"], 8, 4, 0, epochs=4, steps=8, total_parameters=10)
HEAD = PhaseStarted(1, "Head only", [], 2, first_epoch=1, epochs=2)
THAWED = PhaseStarted(2, "Thawed", ["layer4"], 8, first_epoch=3, epochs=2)


def epoch(number: int, accuracy: float, *, best: bool, seconds: float = 2.0) -> EpochEnded:
    return EpochEnded(number, 1, 0.7, 0.5, 0.6, accuracy, 1e-3, seconds, best)


def test_what_a_run_says_of_itself_on_its_way(run: Run) -> None:
    assert run.view.status_text() == "Waiting for its turn"
    run.store.start(run.id)
    assert run.view.status_text() == "Starting"
    run.tell(PreparationAdvanced("training photos", 3, 8))
    assert run.view.status_text() == "Preparing: 3 of 8 training photos"
    run.tell(STARTED, HEAD, StepEnded(1, 1, 0.7))
    assert run.view.status_text() == "Epoch 1 of 4 · Head only"
    assert run.view.progress == 1 / 8
    run.tell(StepEnded(2, 1, 0.7), epoch(1, 0.5, best=True))
    assert run.view.status_text() == "Epoch 2 of 4 · Head only · 6 s left"
    run.store.end(run.id, "finished")
    assert run.view.status_text().startswith("Finished in")
    assert run.view.progress == 1 and run.view.remaining_seconds() is None


@pytest.mark.parametrize(
    ("request_", "waiting", "running"),
    [("pause", "Paused before it began", "Paused"), ("cancel", "Waiting", "Stopping")],
)
def test_what_a_run_says_when_it_is_held(
    request_: str, waiting: str, running: str, run: Run
) -> None:
    run.store.request(run.id, request_)
    assert waiting in run.view.status_text()
    run.store.start(run.id)
    assert run.view.status_text() == running


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
def test_a_run_that_ended_early_says_why(status: str, run: Run) -> None:
    run.store.end(run.id, status, "The reason.")
    assert run.view.status_text() == "The reason."


def test_each_event_is_taken_in_once(run: Run) -> None:
    run.tell(STARTED, HEAD, epoch(1, 0.5, best=True))
    assert len(run.view.epochs) == len(run.view.epochs) == 1
    run.tell(epoch(2, 0.75, best=True), epoch(3, 0.5, best=False))
    assert [e.epoch for e in run.view.epochs] == [1, 2, 3]
    assert run.view.best is not None and run.view.best.epoch == 2


def test_the_curve_marks_phases_and_the_kept_epoch(run: Run) -> None:
    run.tell(STARTED, HEAD, epoch(1, 0.5, best=True), epoch(2, 0.75, best=True), THAWED)
    series = run.view.series("accuracy")
    assert [point.epoch for point in series.points] == [1, 2]
    assert [point.val for point in series.points] == [0.5, 0.75]
    assert list(series.phases) == [(2, "Thawed")] and series.best_epoch is None
    run.store.end(run.id, "finished")
    assert run.view.series("loss").best_epoch == 2


def test_runs_side_by_side_look_different(store: Store) -> None:
    runs = [Run(store, name) for name in ("fine_tune", "fine_tune", "hybrid")]
    jobs: list[Any] = [store.job(run.id) for run in runs]
    assert len({view.style for view in view_runs(store, jobs, {})}) == 3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (8.4, "8 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
