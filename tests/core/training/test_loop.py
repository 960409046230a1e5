from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.jobs import quick, share_right
from tests.photos import make_photo_folder
from tl_core.compat import torchvision
from tl_core.errors import ConfigError, DataError, UserError
from tl_core.home import ASSETS
from tl_core.runs.restore import load_classifier, predict_files
from tl_core.strategies import STRATEGIES
from tl_core.training.config import RunConfig
from tl_core.training.events import (
    CancelRun,
    CheckpointSaved,
    EpochEnded,
    PhaseStarted,
    PreparationAdvanced,
    RunCancelled,
    RunEnded,
    RunFailed,
    RunStarted,
    StepEnded,
    TrainEvent,
    from_dict,
    to_dict,
)
from tl_core.training.loop import train
from tl_core.training.record import WEIGHTS, RunRecord


def run(config: RunConfig, folder: Path) -> list[TrainEvent]:
    return list(train(config, folder))


def kinds(stream: list[TrainEvent]) -> list[str]:
    """Return the event names in order, repetitions and preparation left out."""
    names = [type(e).__name__ for e in stream if not isinstance(e, PreparationAdvanced)]
    return [n for i, n in enumerate(names) if i == 0 or n != names[i - 1]]


def test_a_run_reports_what_it_does_in_order(photos: Path, tmp_path: Path) -> None:
    stream = run(quick(photos), tmp_path / "run")
    assert kinds(stream) == [
        "RunStarted", "PhaseStarted", "StepEnded", "EpochEnded", "StepEnded", "EpochEnded",
        "PrefixCached", "CheckpointSaved", "RunEnded",
    ]  # fmt: skip
    started = next(e for e in stream if isinstance(e, RunStarted))
    steps = [e for e in stream if isinstance(e, StepEnded)]
    assert [e.step for e in steps] == list(range(1, started.steps + 1))
    assert started.config["device"] != "auto"


def test_events_survive_json(photos: Path, tmp_path: Path) -> None:
    for event in run(quick(photos), tmp_path / "run"):
        assert from_dict(json.loads(json.dumps(to_dict(event)))) == event


@pytest.mark.parametrize("strategy", STRATEGIES.names())
def test_every_strategy_finishes_with_a_record(strategy: str, photos: Path, tmp_path: Path) -> None:
    config = quick(photos, strategy=strategy, epochs=3, trainable="last:2")
    stream = run(config, tmp_path / "run")
    ended = stream[-1]
    assert isinstance(ended, RunEnded)
    record = RunRecord.load(tmp_path / "run")
    assert record.status == "finished"
    assert record.summary(tmp_path / "run") == ended.summary
    assert len(record.history) == ended.summary["epochs"] == 3
    assert record.history == tuple(e for e in stream if isinstance(e, EpochEnded))
    assert record.phases == tuple(e for e in stream if isinstance(e, PhaseStarted))
    assert {p.path for p in record.val} == set(record.split["val"])


def test_the_kept_weights_are_those_of_the_best_epoch(photos: Path, tmp_path: Path) -> None:
    config = quick(photos, strategy="fine_tune", epochs=4, lr=0.01)
    stream = run(config, tmp_path / "run")
    accuracies = [e.val_accuracy for e in stream if isinstance(e, EpochEnded)]
    summary = RunRecord.load(tmp_path / "run").summary(tmp_path / "run")
    assert summary["best_epoch"] == accuracies.index(max(accuracies)) + 1
    assert summary["best_val_accuracy"] == pytest.approx(max(accuracies))
    low, high = summary["val_interval"]
    assert low <= summary["best_val_accuracy"] <= high


def test_same_seed_same_numbers(photos: Path, tmp_path: Path) -> None:
    config = quick(photos, strategy="fine_tune", head="mlp", augment="strong")
    run(config, tmp_path / "one")
    torch.rand(7)  # the caller's random numbers do not matter
    run(config, tmp_path / "two")
    one, two = (load_file(tmp_path / name / WEIGHTS) for name in ("one", "two"))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert RunRecord.load(tmp_path / "one").val == RunRecord.load(tmp_path / "two").val


def test_another_seed_gives_another_split(photos: Path, tmp_path: Path) -> None:
    run(quick(photos, seed=0), tmp_path / "one")
    run(quick(photos, seed=1), tmp_path / "two")
    one, two = (RunRecord.load(tmp_path / name) for name in ("one", "two"))
    assert one.split != two.split
    assert not set(one.split["train"]) & set(one.split["val"])


def test_frozen_stages_keep_their_bits_through_a_run(photos: Path, tmp_path: Path) -> None:
    run(quick(photos, strategy="fine_tune", trainable="layer2 layer4"), tmp_path / "run")
    kept = load_file(tmp_path / "run" / WEIGHTS)
    bundled = load_file(ASSETS / "weights" / "resnet_mini.safetensors")
    for key, value in bundled.items():
        if key.startswith(("conv1", "bn1", "layer1", "layer3")):
            assert torch.equal(kept[key], value.float()), key
    assert not torch.equal(kept["layer4.0.conv1.weight"], bundled["layer4.0.conv1.weight"].float())


def test_the_record_repeats_from_its_folder(photos: Path, tmp_path: Path) -> None:
    run(quick(photos, precision="bf16"), tmp_path / "run")
    record = RunRecord.load(tmp_path / "run")
    files = [photos / p.path for p in record.val]
    answers = predict_files(tmp_path / "run", files).predictions
    for said, answer in zip(record.val, answers, strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(said.probabilities, abs=1e-5)


def test_the_weights_load_in_plain_torchvision(photos: Path, tmp_path: Path) -> None:
    config = quick(photos, backbone="resnet18", weights="none", epochs=1)
    run(config, tmp_path / "run")
    model = torchvision.models.resnet18(num_classes=2)
    model.load_state_dict(load_file(tmp_path / "run" / WEIGHTS))
    ours, record = load_classifier(tmp_path / "run")
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    taken = record.config.spec.preprocessing
    mean, std = (torch.tensor(v)[:, None, None] for v in (taken.mean, taken.std))
    with torch.inference_mode():
        scores = model.eval()((pixels / 255 - mean) / std)
        torch.testing.assert_close(scores, ours(pixels), rtol=1e-4, atol=1e-5)


def test_a_test_folder_is_the_headline(tmp_path: Path) -> None:
    data = make_photo_folder(tmp_path / "d", splits={"train": 8, "val": 4, "test": 5})
    ended = run(quick(data), tmp_path / "run")[-1]
    assert isinstance(ended, RunEnded)
    assert ended.summary["test_count"] == 10
    assert ended.summary["test_accuracy"] == share_right(tmp_path / "run", "test")
    assert ended.summary["val_count"] == 8
    assert ended.summary["best_val_accuracy"] == share_right(tmp_path / "run", "val")


def test_another_set_can_be_tested_on(photos: Path, tmp_path: Path) -> None:
    other = make_photo_folder(tmp_path / "other", classes=("bee",), per_class=6, seed=9)
    ended = run(quick(photos, test=str(other)), tmp_path / "run")[-1]
    assert isinstance(ended, RunEnded) and ended.summary["test_count"] == 6
    record = RunRecord.load(tmp_path / "run")
    assert {p.label for p in record.test} == {record.classes.index("bee")}


def test_a_foreign_class_in_the_test_set_is_refused(photos: Path, tmp_path: Path) -> None:
    other = make_photo_folder(tmp_path / "other", classes=("bee", "wasp"), per_class=3)
    with pytest.raises(DataError, match="'wasp'"):
        run(quick(photos, test=str(other)), tmp_path / "run")


def test_cancelling_keeps_the_history(photos: Path, tmp_path: Path) -> None:
    stream = train(quick(photos, epochs=50), tmp_path / "run")
    for event in stream:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            break
    assert isinstance(stream.throw(CancelRun()), RunCancelled)
    assert list(stream) == []
    record = RunRecord.load(tmp_path / "run")
    assert (record.status, len(record.history)) == ("cancelled", 2)
    with pytest.raises(UserError, match="was cancelled"):
        load_classifier(tmp_path / "run")


def test_cancelling_before_the_start_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    stream = train(quick(photos), tmp_path / "run")
    next(stream)
    assert stream.throw(CancelRun()) == RunCancelled(0)
    assert not (tmp_path / "run").exists()


def test_an_exploding_loss_ends_the_run_with_advice(photos: Path, tmp_path: Path) -> None:
    choices = {"strategy": "from_scratch", "batch_norm": "frozen", "optimizer": "sgd", "lr": 10.0}
    stream = run(quick(photos, **choices, epochs=30), tmp_path / "run")
    assert isinstance(stream[-1], RunFailed)
    assert "learning rate" in stream[-1].reason
    assert RunRecord.load(tmp_path / "run").status == "failed"


def test_running_out_of_memory_says_what_to_change(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.Tensor, "backward", explode)
    last = run(quick(photos), tmp_path / "run")[-1]
    assert isinstance(last, RunFailed) and "smaller batch" in last.reason


def test_a_fault_of_ours_is_not_dressed_up(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(torch.Tensor, "backward", explode)
    with pytest.raises(RuntimeError, match="a bug"):
        run(quick(photos), tmp_path / "run")


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_stops_once_so_many_epochs_brought_no_lower_loss(
    patience: int, photos: Path, tmp_path: Path
) -> None:
    config = quick(photos, lr=1.0, epochs=30, early_stopping=patience, schedule="constant")
    run(config, tmp_path / "run")
    losses = [epoch.val_loss for epoch in RunRecord.load(tmp_path / "run").history]
    since, lowest, stops = 0, math.inf, []
    for number, loss in enumerate(losses, start=1):
        since, lowest = (0, loss) if loss < lowest else (since + 1, lowest)
        if since >= patience:
            stops.append(number)
    assert stops[:1] == [len(losses)] and len(losses) < 30


def test_a_run_never_overwrites_another(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        run(quick(photos), tmp_path / "run")
    assert (tmp_path / "run" / "thesis.txt").read_text() == "mine"


def test_rare_classes_can_weigh_more(tmp_path: Path) -> None:
    data = make_photo_folder(tmp_path / "d", classes=("ant",), per_class=12)
    make_photo_folder(data, classes=("bee",), per_class=4)
    plain = run(quick(data), tmp_path / "plain")
    weighted = run(quick(data, class_weights=True), tmp_path / "weighted")
    first = [next(e.loss for e in s if isinstance(e, StepEnded)) for s in (plain, weighted)]
    assert first[0] != first[1]
    assert any(isinstance(e, CheckpointSaved) for e in weighted)


@pytest.mark.parametrize("damage", ["config.json", "record.json", "predictions.json"])
def test_a_damaged_folder_is_no_run(damage: str, photos: Path, tmp_path: Path) -> None:
    run(quick(photos, epochs=1), tmp_path / "run")
    (tmp_path / "run" / damage).write_text("{")
    with pytest.raises(UserError, match="not the folder of a run"):
        RunRecord.load(tmp_path / "run")


def test_a_test_set_is_not_read_by_a_guess(tmp_path: Path) -> None:
    """Folders that can be read in two ways are read like the training set's, or not at all."""
    data = make_photo_folder(tmp_path / "set", ("ant", "bee", "cat", "dog"), per_class=4)
    for name, classes in (("a", ("ant", "bee")), ("b", ("cat", "dog"))):
        make_photo_folder(tmp_path / "test" / name, classes, per_class=4)
    test = str(tmp_path / "test")
    with pytest.raises(DataError, match="--layout inner or --layout classes"):
        run(quick(data, test=test), tmp_path / "run")
    with pytest.raises(DataError, match="the class 'a', which the training photos lack"):
        run(quick(data, test=test, layout="classes"), tmp_path / "run")
