from __future__ import annotations

from typing import Any

import pytest

from tl_core.execution.queue import Place
from tl_core.store.database import Store
from tl_core.training.config import make_config
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PreparationAdvanced,
    RunResumed,
    RunStarted,
    StepEnded,
    TrainEvent,
    to_dict,
)
from ui.shared.charts import CurvePoint
from ui.shared.runs import RunView, line_of, view_runs


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


def test_what_a_run_says_when_it_is_held(run: Run) -> None:
    run.store.request(run.id, "pause")
    assert run.view.status_text() == "Paused before it began"
    run.store.request(run.id, "resume")
    run.store.start(run.id)
    run.tell(STARTED, HEAD, epoch(1, 0.5, best=True))
    run.store.request(run.id, "pause")
    assert run.view.status_text() == "Pausing"
    run.store.hold(run.id)
    assert run.view.status_text() == "Paused after epoch 1 of 4"
    run.store.request(run.id, "resume")
    run.store.start(run.id)
    run.store.request(run.id, "cancel")
    assert run.view.status_text() == "Stopping"


def test_a_run_that_goes_on_takes_back_what_it_repeats(run: Run) -> None:
    run.tell(STARTED, HEAD, epoch(1, 0.5, best=True), epoch(2, 0.75, best=True), THAWED)
    run.tell(StepEnded(5, 3, 0.7), epoch(3, 0.8, best=True), StepEnded(7, 4, 0.7))
    run.tell(RunResumed(2, 4, 9.0))
    assert [e.epoch for e in run.view.epochs] == [1, 2]
    assert [p.phase for p in run.view.phases] == [1]
    assert run.view.progress == 4 / 8
    run.tell(THAWED, epoch(3, 0.8, best=True))
    assert [e.epoch for e in run.view.epochs] == [1, 2, 3]
    run.tell(STARTED)  # from the start: there was no checkpoint
    assert run.view.epochs == run.view.phases == [] and run.view.progress == 0


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(1, 0.0), "next in line"),
        (Place(2, None), "2nd in line"),
        (Place(3, 118.0), "3rd in line, about 2 min"),
        (Place(11, 1.0), "11th in line, about 5 s"),
        (Place(22, 3600.0), "22nd in line, about 1 h 0 min"),
    ],
)
def test_a_place_in_line(place: Place, text: str, run: Run) -> None:
    assert run.view.status_text(place) == f"Waiting for its turn · {text}"


def test_the_line_is_the_supervisor_s(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_SLOTS", "1")
    assert line_of(store) == {}
    ada = [store.add_job("train", {}, owner="ada") for _ in range(2)]
    bob = store.add_job("train", {}, owner="bob")
    store.start(ada[0])
    assert {job: place.position for job, place in line_of(store).items()} == {bob: 1, ada[1]: 2}


def test_the_first_point_comes_before_the_first_epoch_has_ended(run: Run) -> None:
    run.tell(STARTED, HEAD)
    assert not run.view.drawn and run.view.series("loss").points == []
    run.tell(StepEnded(1, 1, 0.9))
    assert run.view.drawn
    assert list(run.view.series("loss").points) == [CurvePoint(0.5, 0.9, None)]
    assert run.view.series("accuracy").points == []
    run.tell(StepEnded(2, 1, 0.8), epoch(1, 0.5, best=True), StepEnded(3, 2, 0.8))
    assert [point.epoch for point in run.view.series("loss").points] == [1]


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
