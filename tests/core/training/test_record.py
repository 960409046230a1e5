"""A record put together from what a run has told of itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.jobs import quick
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    RunResumed,
    RunStarted,
    TrainEvent,
    to_dict,
)
from tl_core.training.loop import train
from tl_core.training.record import RunRecord

CONFIG = quick(Path("photos"))
STARTED = RunStarted(CONFIG.to_dict(), ["ant", "bee"], 8, 4, 0, 4, 8, total_parameters=10)
HEAD = PhaseStarted(1, "Head only", [], 2, first_epoch=1, epochs=2)
THAWED = PhaseStarted(2, "Thawed", ["layer4"], 8, first_epoch=3, epochs=2)


def epoch(number: int, *, best: bool = False) -> EpochEnded:
    return EpochEnded(number, 1 + (number > 2), 0.7, 0.5, 0.6, 0.5, 1e-3, 2.0, best)


def record_of(*events: TrainEvent) -> RunRecord | None:
    return RunRecord.from_events([to_dict(e) for e in events], "cancelled", "Enough.")


@pytest.mark.parametrize("strategy", ["hybrid", "from_scratch"])
def test_it_says_what_the_run_s_own_record_says(
    strategy: str, photos: Path, tmp_path: Path
) -> None:
    stream = list(train(quick(photos, strategy=strategy, epochs=3), tmp_path / "run"))
    own = RunRecord.load(tmp_path / "run")
    ours = RunRecord.from_events(map(to_dict, stream), "finished", None)
    assert ours is not None and 0 < ours.seconds <= own.seconds
    untold = ("environment", "calibration", "fingerprint", "split", "val", "test", "seconds")
    assert ours == dataclasses.replace(own, **{name: getattr(ours, name) for name in untold})


def test_what_was_void_after_a_resumption_is_left_out() -> None:
    record = record_of(
        STARTED, HEAD, epoch(1, best=True), epoch(2), THAWED, epoch(3, best=True),
        RunResumed(2, 4, 9.0), THAWED, epoch(3),
    )  # fmt: skip
    assert record is not None
    assert (record.status, record.reason) == ("cancelled", "Enough.")
    assert record.history == (epoch(1, best=True), epoch(2), epoch(3))
    assert record.phases == (HEAD, THAWED) and record.trainable_parameters == 8
    assert record.best_epoch == 1 and record.seconds == 11.0


def test_a_run_that_began_again_counts_from_there() -> None:
    record = record_of(STARTED, HEAD, epoch(1, best=True), STARTED, HEAD)
    assert record is not None
    assert (record.history, record.phases, record.best_epoch) == ((), (HEAD,), None)
    assert record.seconds == 0


def test_a_run_that_never_started_has_none() -> None:
    assert record_of() is None and record_of(HEAD) is None
    ranked = [{"event": "Ranked", "backbone": "resnet_mini"}]  # of another kind of job
    assert RunRecord.from_events(ranked, "cancelled", None) is None
