"""A run that was stopped and goes on ends with the numbers of one that never stopped."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests import jobs
from tests.photos import make_photo_folder
from tl_core.errors import ConfigError, UserError
from tl_core.training import checkpoint
from tl_core.training.config import RunConfig
from tl_core.training.events import (
    EpochEnded,
    PauseRun,
    PhaseStarted,
    RunEnded,
    RunFailed,
    RunPaused,
    RunResumed,
    RunStarted,
    StepEnded,
    TrainEvent,
)
from tl_core.training.loop import train
from tl_core.training.record import CHECKPOINT, NOVELTY, WEIGHTS, RunRecord


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SHARE", math.inf)


def quick(data: Path, **choices: object) -> RunConfig:
    return jobs.quick(data, **{"epochs": 4, **choices})


def until_paused(config: RunConfig, folder: Path, epochs: int) -> list[TrainEvent]:
    """Train so many epochs more and one step of the next, then pause; or to the end."""
    events: list[TrainEvent] = []
    stream = train(config, folder)
    for event in stream:
        events.append(event)
        done = sum(isinstance(e, EpochEnded) for e in events)
        if done == epochs and isinstance(event, StepEnded):
            events.append(stream.throw(PauseRun()))
            assert list(stream) == []
            break
    return events


def history(folder: Path) -> list[EpochEnded]:
    return [dataclasses.replace(e, seconds=0.0) for e in RunRecord.load(folder).history]


@pytest.mark.parametrize(
    "choices",
    [
        {"strategy": "hybrid", "head": "mlp", "augment": "strong"},
        {"strategy": "from_scratch", "optimizer": "sgd", "schedule": "one_cycle"},
        {"strategy": "fine_tune", "lr": 1.0, "early_stopping": 1, "epochs": 8},
    ],
    ids=lambda choices: choices["strategy"],
)
def test_pausing_after_each_epoch_changes_no_number(
    choices: dict[str, object], photos: Path, tmp_path: Path
) -> None:
    config = quick(photos, **choices)
    list(train(config, tmp_path / "whole"))
    parts: list[TrainEvent] = []
    while not parts or isinstance(parts[-1], RunPaused):
        parts += until_paused(config, tmp_path / "parts", epochs=1)
    assert isinstance(parts[-1], RunEnded)
    assert history(tmp_path / "parts") == history(tmp_path / "whole")
    whole_record, record = (RunRecord.load(tmp_path / n) for n in ("whole", "parts"))
    assert (record.val, record.phases) == (whole_record.val, whole_record.phases)
    assert record.trainable_parameters == whole_record.trainable_parameters
    assert record.seconds > sum(e.seconds for e in record.history)
    kept, other = (load_file(tmp_path / n / WEIGHTS) for n in ("parts", "whole"))
    assert all(torch.equal(kept[key], other[key]) for key in other)
    assert sum(isinstance(e, RunStarted) for e in parts) == 1
    # One that had begun after the last checkpoint begins again.
    begun = {e.phase: e for e in parts if isinstance(e, PhaseStarted)}
    assert tuple(begun.values()) == record.phases
    resumed = [e for e in parts if isinstance(e, RunResumed)]
    assert [e.epoch for e in resumed] == list(range(1, len(resumed) + 1))
    assert not (tmp_path / "parts" / CHECKPOINT).exists()


def test_a_pause_between_two_epochs_loses_nothing(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SHARE", 1e-9)  # the next one would be far away
    config, parts = quick(photos), []
    list(train(config, tmp_path / "whole"))
    while not parts or isinstance(parts[-1], RunPaused):
        stream = train(config, tmp_path / "parts")
        for event in stream:
            parts.append(event)
            if isinstance(event, EpochEnded):
                parts.append(stream.throw(PauseRun()))
                assert parts[-1] == RunPaused(event.epoch) and list(stream) == []
    assert [e.epoch for e in parts if isinstance(e, EpochEnded)] == [1, 2, 3, 4]
    assert history(tmp_path / "parts") == history(tmp_path / "whole")


def test_a_pause_before_the_first_epoch_begins_again(photos: Path, tmp_path: Path) -> None:
    events = until_paused(quick(photos), tmp_path / "run", epochs=0)
    assert events[-1] == RunPaused(0)
    again = list(train(quick(photos), tmp_path / "run"))
    assert any(isinstance(e, RunStarted) for e in again)
    assert isinstance(again[-1], RunEnded)


def test_a_checkpoint_of_another_run_is_not_touched(photos: Path, tmp_path: Path) -> None:
    until_paused(quick(photos), tmp_path / "run", epochs=1)
    with pytest.raises(ConfigError, match="not empty"):
        list(train(quick(photos, seed=1), tmp_path / "run"))
    assert (tmp_path / "run" / CHECKPOINT).exists()


def test_a_checkpoint_from_before_a_setting_got_its_name_is_the_runs_own(
    photos: Path, tmp_path: Path
) -> None:
    until_paused(quick(photos), tmp_path / "run", epochs=1)
    path = tmp_path / "run" / CHECKPOINT
    values = torch.load(path, weights_only=True)
    for part in ("asked", "config"):
        values[part]["image_size"] = values[part].pop("input_size")
    torch.save(values, path)
    again = list(train(quick(photos), tmp_path / "run"))
    assert any(isinstance(event, RunResumed) for event in again)


def test_changed_photos_end_the_run(tmp_path: Path) -> None:
    data = make_photo_folder(tmp_path / "data", per_class=8)
    until_paused(quick(data), tmp_path / "run", epochs=1)
    next(data.rglob("*.jpg")).unlink()
    last = list(train(quick(data), tmp_path / "run"))[-1]
    assert isinstance(last, RunFailed) and "photos have changed" in last.reason


def test_what_a_killed_process_was_writing_is_removed(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f".{CHECKPOINT}.abc").write_bytes(b"half")
    list(train(quick(photos, epochs=1), tmp_path / "run"))
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "config.json", NOVELTY, "predictions.json", "record.json", WEIGHTS,
    ]  # fmt: skip


def test_costly_checkpoints_are_rare(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SHARE", 1e-9)
    assert until_paused(quick(photos), tmp_path / "run", epochs=3)[-1] == RunPaused(1)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04garbage"])
def test_a_checkpoint_that_cannot_be_read_is_told(
    content: bytes, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(UserError, match="Start the run again"):
        list(train(quick(photos), tmp_path))


def test_a_checkpoint_of_another_version_is_told(photos: Path, tmp_path: Path) -> None:
    torch.save({"steps": 1, "flux": 2}, tmp_path / CHECKPOINT)
    with pytest.raises(UserError, match="another version"):
        list(train(quick(photos), tmp_path))


@pytest.fixture(scope="module")
def paused(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was paused after one of two epochs. Only copy it."""
    folder = tmp_path_factory.mktemp("paused") / "run"
    until_paused(quick(photos), folder, epochs=1)
    return folder


def _packed(file: Path) -> None:
    """Pack a checkpoint so that it would unfold to a gigabyte."""
    with zipfile.ZipFile(file) as whole:
        parts = {part.filename: whole.read(part) for part in whole.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


def _with(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Return a change of what a checkpoint holds."""

    def how(file: Path) -> None:
        values = torch.load(file, weights_only=True)
        change(values)
        torch.save(values, file)

    return how


class _Harmful:
    def __reduce__(self) -> Any:
        return Path.write_text, (Path("harm.txt"), "done")


LIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "packed": (_packed, "is packed"),
    "code": (lambda file: torch.save({"steps": _Harmful()}, file), "is damaged"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file)), "no ordinary file"),
    "terabytes": (lambda file: os.truncate(file, 2**42), "are read"),
    "endless phases": (
        _with(lambda v: v["phases"][0].update(epochs=2**60)), "holds other phases"
    ),
    "an epoch of text": (
        _with(lambda v: v["history"][0].update(val_loss="low")), "history[0].val_loss must be"
    ),
    "a best epoch to come": (_with(lambda v: v.update(best_epoch=9)), "a best epoch"),
    "another network": (
        _with(lambda v: v["classifier"].update(extra=torch.zeros(2))), "does not fit resnet_mini"
    ),
    "best weights of another shape": (
        _with(lambda v: v["best"].update({k: torch.zeros(1) for k in v["best"]})), "does not fit"
    ),
    "a tensor without memory": (
        _with(lambda v: v["best"].update({k: torch.zeros(1).expand(10**9) for k in v["best"]})),
        "does not fit",
    ),
    "a rate of text": (
        _with(lambda v: v["optimizer"]["param_groups"][0].update(lr="fast")), "param_groups[0].lr"
    ),
    "a state of another shape": (
        _with(lambda v: v["optimizer"]["state"][0].update(exp_avg=torch.zeros(1))), "another shape"
    ),
    "a schedule of text": (
        _with(lambda v: v["schedule"].update(last_epoch="late", step=3)), "schedule.last_epoch"
    ),
    "another configuration": (_with(lambda v: v["config"].update(head="none")), "no head named"),
}  # fmt: skip


@pytest.mark.parametrize(("lie", "said"), LIES.values(), ids=LIES)
def test_a_checkpoint_that_lies_is_told(
    lie: Callable[[Path], object],
    said: str,
    paused: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path(shutil.copytree(paused, tmp_path / "run"))
    lie(run / CHECKPOINT)
    with pytest.raises(UserError, match="Start the run again") as caught:
        list(train(quick(photos), run))
    message = str(caught.value)
    assert said in message and CHECKPOINT in message and "\n" not in message
    assert not (tmp_path / "harm.txt").exists()
