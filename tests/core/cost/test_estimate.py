"""The arithmetic of the cost preview, with made-up costs."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tl_core.backbones.spec import backbones
from tl_core.cost.estimate import Amount, CostEstimate, estimate_cost
from tl_core.cost.profile import CostProfile, Line, ProfileKey, StageCost
from tl_core.prefix import prefix_bytes
from tl_core.training.config import RunConfig, make_config

MINI = backbones().get("resnet_mini")
STAGES = len(MINI.stages)
PHOTOS = Amount(train=48, val=16, item_work=0.5)
STAGE = StageCost(
    frozen=Line(0, 1),
    evaluated=Line(0, 2),
    recorded=Line(0, 3),
    trained=Line(0, 10),
    update=100,
    saved_bytes=1000,
    working_bytes=10,
    state_bytes=10**5,
)
FREE = Line(0, 0)
COSTS = CostProfile(
    device="cpu",
    precision="fp32",
    stages=(STAGE,) * STAGES,
    head=FREE,
    decode=Line(0.5, 1),
    views={"none": 0, "standard": 0.25},
    building=7,
    opening=0,
    base_bytes=3 * 10**8,
    write_rate=1e30,
    touch_rate=1e30,
    busy=False,
)


def config(strategy: str = "feature_extraction", **choices: object) -> RunConfig:
    chosen = {"epochs": 4, "augment": "none", "batch_size": 32, **choices}
    return make_config("photos", strategy=strategy, **chosen)


def told(strategy: str = "feature_extraction", **choices: object) -> CostEstimate:
    return estimate_cost(config(strategy, **choices), COSTS, PHOTOS)


def test_a_line_goes_through_both_measurements() -> None:
    line = Line.through(4, 10.0, 16, 22.0, first=3.0)
    assert line == Line(fixed=6.0, each=1.0, first=3.0)
    assert line.of(33, batch=16) == 3 * 6 + 33
    assert Line.through(4, 10.0, 16, 9.0, first=-1.0) == Line(9.0, 0.0)  # only noise between them


def test_frozen_stages_are_paid_once() -> None:
    few, many = told(epochs=4), told(epochs=40)
    assert few.parts["prefix"] == many.parts["prefix"] == STAGES * (48 * 1 + 16 * 3)
    assert few.parts["decode"] == 64 * (0.5 + 0.5) and few.parts["building"] == 7
    assert few.epoch_seconds == (0,)
    assert few.total_seconds == pytest.approx(sum(few.parts.values()))
    assert few.cache_bytes == 64 * prefix_bytes(MINI, STAGES, 96) == 64 * 4 * MINI.num_features


def test_each_kept_view_is_paid_once() -> None:
    views = told(augment="standard", augment_views=3, epochs=10)
    assert views.parts["prefix"] == 3 * 48 * (STAGES + 0.25) + 16 * STAGES * 3
    fewer = told(augment="standard", augment_views=3, epochs=2)
    assert fewer.parts["prefix"] == 2 * 48 * (STAGES + 0.25) + 16 * STAGES * 3


def test_without_a_cache_every_epoch_pays_all() -> None:
    plain = told(epochs=4) and estimate_cost(config().replace(cache=False), COSTS, PHOTOS)
    assert "prefix" not in plain.parts and plain.cache_bytes == 0
    assert plain.epoch_seconds == (STAGES * 2 * (48 + 16),)
    assert plain.parts["learning"] == 4 * STAGES * 2 * 48


def test_what_learns_is_paid_in_every_epoch_with_its_optimiser() -> None:
    last = told("fine_tune", trainable="last:1")
    assert last.parts["prefix"] == (STAGES - 1) * (48 * 1 + 16 * 3)
    assert last.epoch_seconds == (48 * 10 + 2 * 100 + 16 * 2,)
    assert last.parts["learning"] == 4 * (48 * 10 + 2 * 100)
    # The answers of record are fp32; then the training photos are looked at once more.
    assert last.parts["evaluation"] == 4 * 16 * 2 + 16 * 3 + 48 * 2
    every = told("fine_tune", trainable="all", augment="standard")
    assert "prefix" not in every.parts
    learning = 48 * (0.25 + STAGES * 10) + 2 * STAGES * 100
    assert every.epoch_seconds == (pytest.approx(learning + 16 * STAGES * 2),)


def test_a_frozen_stage_behind_one_that_learns_passes_gradients_on() -> None:
    names = MINI.stage_names
    first_alone = told("fine_tune", trainable=names[0])
    assert first_alone.epoch_seconds == (STAGES * 48 * 10 + 2 * 100 + STAGES * 16 * 2,)


def test_every_phase_has_its_own_epochs() -> None:
    hybrid = told("hybrid", trainable="last:1", epochs=4)
    assert hybrid.epoch_seconds == (0, 48 * 10 + 2 * 100 + 16 * 2)
    # The second phase starts from what was kept on the way to the first one's boundary.
    assert hybrid.parts["prefix"] == STAGES * (48 * 1 + 16 * 3)


def test_runs_of_a_comparison_share_what_is_computed_once() -> None:
    runs = [config("feature_extraction"), config("hybrid", trainable="last:1")]
    kept: set[tuple[int, int]] = set()
    first, second = (estimate_cost(run, COSTS, PHOTOS, runs, kept) for run in runs)
    assert first.parts["prefix"] == STAGES * (48 * 1 + 16 * 3)
    assert second.parts["decode"] == 0 and "prefix" not in second.parts
    assert second.cache_bytes == 0


def test_the_lesson_that_adapts_all_keeps_nothing() -> None:
    lesson = told("fine_tune", trainable="last:1", batch_norm="adapt_all")
    assert "prefix" not in lesson.parts
    assert lesson.epoch_seconds == (48 * (2 * (STAGES - 1) + 10) + 2 * 100 + 16 * STAGES * 2,)


def test_first_times_count_once() -> None:
    slow = dataclasses.replace(STAGE, trained=Line(0, 10, first=50))
    costs = dataclasses.replace(COSTS, stages=(*COSTS.stages[:-1], slow))
    chosen = config("fine_tune", trainable="last:1")
    more = estimate_cost(chosen, costs, PHOTOS).total_seconds
    assert more == pytest.approx(estimate_cost(chosen, COSTS, PHOTOS).total_seconds + 50)


def test_test_photos_are_decoded_and_answered_once() -> None:
    more = estimate_cost(config(), COSTS, dataclasses.replace(PHOTOS, test=8))
    assert more.parts["decode"] == 72 and more.parts["evaluation"] == 8 * STAGES * 3


def test_writing_checkpoints_takes_a_twentieth_at_most() -> None:
    slow = dataclasses.replace(COSTS, write_rate=1e6)
    state = STAGES * 10**5 + 4 * (MINI.num_features + 1)
    learned = 4 * (MINI.num_features + 1)
    one = (2 * state + 2 * learned) / 1e6
    short = estimate_cost(config(epochs=3), slow, PHOTOS)
    assert short.parts["saving"] == pytest.approx(one + state / 1e6)
    long = estimate_cost(config("fine_tune", trainable="last:1", epochs=2000), slow, PHOTOS)
    assert long.parts["saving"] < 0.06 * long.total_seconds


def test_memory_counts_copies_gradients_and_what_a_batch_keeps() -> None:
    extract, last, every = (
        told(strategy, trainable=thawed, batch_size=64).memory_bytes
        for strategy, thawed in
        [("feature_extraction", "none"), ("fine_tune", "last:1"), ("fine_tune", "all")]
    )  # fmt: skip
    assert COSTS.base_bytes < extract < last < every
    head = 4 * (MINI.num_features + 1)
    state = STAGES * 10**5 + head
    thawed = 4 * MINI.stages[-1].parameters + head
    assert last == COSTS.base_bytes + 4 * state + 3 * thawed + 64 * 1000
    smaller = told("fine_tune", trainable="last:1", batch_size=32).memory_bytes
    assert last - smaller == 32 * 1000


def test_a_profile_is_kept_for_its_network_size_and_machine() -> None:
    what = ProfileKey.of(config())
    assert CostProfile.load(what) is None
    COSTS.save(what)
    assert CostProfile.load(what) == COSTS
    for other in ({"backbone": "resnet18"}, {"input_size": 64}, {"threads": 7}):
        assert CostProfile.load(dataclasses.replace(what, **other)) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"stages": [{"frozen": 1}]})])
def test_what_another_version_kept_is_measured_anew(content: str) -> None:
    what = ProfileKey.of(config())
    what.file.parent.mkdir(parents=True)
    what.file.write_text(content)
    assert CostProfile.load(what) is None
