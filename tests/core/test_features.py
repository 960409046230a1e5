from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.families import ONE_OF_EACH_FAMILY, small
from tests.jobs import quick
from tl_core.backbones.spec import backbones
from tl_core.features import FrozenPrefix
from tl_core.home import home
from tl_core.prefix import default_views, worthwhile_depth
from tl_core.training.config import RunConfig
from tl_core.training.events import CancelRun, EpochEnded, PrefixCached, RunCancelled, TrainEvent
from tl_core.training.loader import cached_depths
from tl_core.training.loop import train
from tl_core.training.record import RunRecord


def config(photos: Path, **choices: object) -> RunConfig:
    return quick(photos, **{"batch_size": 4, **choices})


def run(config: RunConfig, folder: Path, beside: Sequence[RunConfig] = ()) -> list[TrainEvent]:
    return list(train(config, folder, beside))


def caches(stream: list[TrainEvent]) -> list[PrefixCached]:
    return [event for event in stream if isinstance(event, PrefixCached)]


def assert_same_numbers(one: Path, other: Path) -> None:
    first, second = RunRecord.load(one), RunRecord.load(other)
    for a, b in zip(first.history, second.history, strict=True):
        assert a.train_loss == pytest.approx(b.train_loss, rel=1e-4)
        assert a.val_loss == pytest.approx(b.val_loss, rel=1e-4)
    for p, q in zip(first.val, second.val, strict=True):
        best, runner_up = sorted(p.probabilities)[:-3:-1]
        assert p.predicted == q.predicted or best - runner_up < 1e-3


@pytest.mark.parametrize("name", ONE_OF_EACH_FAMILY)
def test_a_cached_run_has_the_numbers_of_an_uncached_one(
    name: str, photos: Path, tmp_path: Path
) -> None:
    choices = {"backbone": name, "weights": "none", "batch_norm": "frozen", "augment": "none"}
    choices |= {"input_size": small(name), "per_class": 3}
    for strategy, trainable in (("feature_extraction", "none"), ("fine_tune", "last:1")):
        cached = config(photos, strategy=strategy, trainable=trainable, **choices)
        stream = run(cached, tmp_path / strategy)
        assert caches(stream), "nothing was cached"
        run(cached.replace(cache=False), tmp_path / f"{strategy}-plain")
        assert_same_numbers(tmp_path / strategy, tmp_path / f"{strategy}-plain")


def test_kept_views_are_those_that_the_epochs_would_see(photos: Path, tmp_path: Path) -> None:
    cached = config(photos, augment="strong", augment_views=3, epochs=3)
    [event] = caches(run(cached, tmp_path / "cached"))
    assert event.views == 3 and event.stages == list(backbones().get("resnet_mini").stage_names)
    run(cached.replace(cache=False), tmp_path / "plain")
    assert_same_numbers(tmp_path / "cached", tmp_path / "plain")
    history = RunRecord.load(tmp_path / "cached").history
    assert len({epoch.train_loss for epoch in history}) == 3
    assert RunRecord.load(tmp_path / "cached").caches == (event,)


@pytest.mark.parametrize("strategy", ["hybrid", "gradual_unfreeze"])
def test_a_boundary_that_moves_keeps_the_numbers(
    strategy: str, photos: Path, tmp_path: Path
) -> None:
    cached = config(photos, strategy=strategy, trainable="last:2", epochs=4, augment="light")
    events = caches(run(cached, tmp_path / "cached"))
    depths = [len(event.stages) for event in events]
    assert depths == sorted(depths, reverse=True) and len(set(depths)) > 1
    run(cached.replace(cache=False), tmp_path / "plain")
    assert_same_numbers(tmp_path / "cached", tmp_path / "plain")


class Counted:
    """Counts the photos that run through frozen stages, by where they start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.photos: dict[int, int] = {}
        activations = FrozenPrefix._activations

        def count(prefix: FrozenPrefix, x: torch.Tensor, start: int, *how: Any) -> object:
            self.photos[start] = self.photos.get(start, 0) + len(x)
            return activations(prefix, x, start, *how)

        monkeypatch.setattr(FrozenPrefix, "_activations", count)


def test_runs_of_a_comparison_run_the_frozen_stages_once(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extraction = config(photos, augment="none", epochs=4)
    hybrid = extraction.replace(strategy="hybrid", trainable="last:1")
    tuning = extraction.replace(strategy="fine_tune", trainable="last:1")
    counted = Counted(monkeypatch)
    run(extraction, tmp_path / "extraction", [hybrid, tuning])
    total = counted.photos[0]
    assert total == 20
    run(hybrid, tmp_path / "hybrid")
    run(tuning, tmp_path / "tuning")
    assert counted.photos[0] == total
    again = run(extraction.replace(lr=0.02), tmp_path / "again")
    assert counted.photos[0] == total and caches(again)[0].seconds_saved >= 0


def test_what_differs_is_never_shared(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = config(photos, augment="light", epochs=1, augment_views=1)
    counted = Counted(monkeypatch)
    others = [
        first,
        first.replace(input_size=48),
        first.replace(weights="none"),
        first.replace(augment="strong"),
        first.replace(precision="bf16"),
    ]
    seen = 0
    for number, other in enumerate(others):
        run(other, tmp_path / str(number))
        assert counted.photos[0] >= seen + 14, other
        seen = counted.photos[0]


def test_validation_photos_pass_the_frozen_stages_in_fp32_alone(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = config(photos, augment="none", precision="bf16")
    counted = Counted(monkeypatch)
    run(half, tmp_path / "half")
    assert counted.photos[0] == 20  # 14 to train with, 6 for validation, each of them once
    run(half.replace(precision="fp32"), tmp_path / "full")
    assert counted.photos[0] == 20 + 14


def test_a_run_can_be_stopped_among_the_frozen_stages(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_core.training.progress.REPORT_SECONDS", 0)
    chosen = config(photos, augment="none")
    counted = Counted(monkeypatch)
    stream = train(chosen, tmp_path / "stopped")
    while "frozen stages" not in getattr(next(stream), "what", ""):
        pass
    assert isinstance(stream.throw(CancelRun()), RunCancelled)
    assert 0 < counted.photos[0] < 20
    assert not list((home() / "cache" / "arrays").glob(".*"))
    [event] = caches(run(chosen, tmp_path / "another"))
    assert event.where == "file"


def test_adapting_batch_norm_is_never_cached(photos: Path, tmp_path: Path) -> None:
    lesson = config(photos, strategy="fine_tune", trainable="last:1", batch_norm="adapt_all")
    assert not caches(run(lesson, tmp_path / "run")) and not cached_depths(lesson)


def test_without_room_the_numbers_stay(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config(photos, augment="standard", augment_views=1)
    run(chosen, tmp_path / "cached")
    monkeypatch.setenv("TL_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("TL_CACHE_GB", "0")
    monkeypatch.setattr("tl_core.cache.free_memory", lambda: 0)
    assert not caches(run(chosen, tmp_path / "plain"))
    assert_same_numbers(tmp_path / "cached", tmp_path / "plain")


def test_views_depend_on_epochs_and_photos_alone() -> None:
    assert default_views(10, 100) == 10
    assert default_views(10, 244) == 4
    assert default_views(10, 5000) == 1
    assert default_views(3, 0) == 3


def test_an_early_boundary_of_a_large_network_does_not_pay() -> None:
    vgg = backbones().get("vgg16")
    assert worthwhile_depth(vgg, 0, vgg.input_size) == 0
    assert worthwhile_depth(vgg, len(vgg.stages), vgg.input_size) == len(vgg.stages)
    for spec in backbones():
        depths = [worthwhile_depth(spec, d, spec.input_size) for d in range(len(spec.stages) + 1)]
        assert depths == sorted(depths), spec.name


def test_progress_is_told_before_the_first_step(photos: Path, tmp_path: Path) -> None:
    stream = run(config(photos), tmp_path / "run")
    told = [getattr(event, "what", "") for event in stream]
    assert "training photos through the frozen stages" in told
    assert sum(isinstance(event, EpochEnded) for event in stream) == 2
