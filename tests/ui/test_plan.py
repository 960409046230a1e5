"""Plans on the layer map: their numbers, their rates, and the runs they line up."""

from __future__ import annotations

import pytest

from tl_core.backbones.spec import backbones
from ui.backbone.layer_map import MapPlan
from ui.backbone.layer_map.facts import (
    multiply_adds,
    output_shape,
    plan_facts,
    presets,
    rates,
    strategy_of,
)
from ui.backbone.layer_map.layer_map import _short
from ui.backbone.plan import LineUp, line_up

SPEC = backbones().get("resnet_mini")
STAGES = SPEC.stage_names


def test_presets_run_from_nothing_to_scratch() -> None:
    plans = list(presets(SPEC).values())
    assert [len(plan.trainable) for plan in plans] == [0, 1, 2, len(STAGES), len(STAGES)]
    assert [plan.from_scratch for plan in plans] == [False] * 4 + [True]


def test_rates_are_those_of_the_strategy() -> None:
    assert rates(SPEC, MapPlan(STAGES[-2:]), "fine_tune") == pytest.approx(
        {"layer4": 0.3, "layer3": 0.15, "head": 1.0}
    )
    assert rates(SPEC, MapPlan(STAGES[-1:]), "hybrid") == pytest.approx(
        {"layer4": 0.1, "head": 1 / 3}
    )
    assert rates(SPEC, MapPlan(()), "feature_extraction") == {"head": 1.0}
    scratch = rates(SPEC, MapPlan(STAGES, from_scratch=True), "from_scratch")
    assert set(scratch) == {*STAGES, "head"} and set(scratch.values()) == {1.0}
    assert set(rates(SPEC, MapPlan(STAGES), "gradual_unfreeze")) == {*STAGES, "head"}


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "1"), (0.3, "0.3"), (1 / 3, "0.33"), (0.3 * 0.5**12, "0.000073")]
)
def test_rates_are_written_without_exponents(share: float, text: str) -> None:
    assert _short(share) == text


def test_the_map_shows_the_strategy_that_is_lined_up() -> None:
    some = MapPlan(STAGES[-1:])
    assert strategy_of(some, ("feature_extraction", "hybrid")) == "hybrid"
    assert strategy_of(some, ("feature_extraction", "tutorial")) == "fine_tune"
    assert strategy_of(MapPlan(()), ("hybrid",)) == "feature_extraction"
    assert strategy_of(MapPlan(STAGES, from_scratch=True), ("hybrid",)) == "from_scratch"


def test_a_plan_in_numbers() -> None:
    facts = plan_facts(SPEC, MapPlan(("layer4",)), 8, 96)
    assert facts.learning == SPEC.stage("layer4").parameters + 257 * 8
    assert facts.total == SPEC.total_parameters + 257 * 8
    work = [stage.multiply_adds for stage in SPEC.stages]
    assert facts.prefix == 4 and facts.once == pytest.approx(sum(work[:4]) / sum(work))
    assert plan_facts(SPEC, MapPlan(()), None, 96).once == 1
    assert plan_facts(SPEC, MapPlan(("stem", "layer4")), 8, 96).once == 0
    assert plan_facts(SPEC, MapPlan(("layer4",)), 8, 96, "adapt_all").once == 0


def test_sizes_follow_the_photos() -> None:
    vgg = backbones().get("vgg16")
    first, dense = vgg.stages[0], vgg.stages[-1]
    assert output_shape(first, vgg, 112) == (64, 56, 56)
    assert output_shape(dense, vgg, 112) == (4096, 1, 1)
    assert multiply_adds(first, vgg, 112) == first.multiply_adds / 4
    assert multiply_adds(dense, vgg, 112) == dense.multiply_adds


@pytest.mark.parametrize(
    ("plan", "thawed", "expected"),
    [
        (MapPlan(()), (), {"feature_extraction"}),
        (MapPlan(STAGES[-1:]), STAGES[-1:], {"feature_extraction", "hybrid"}),
        (MapPlan(STAGES, True), STAGES, {"feature_extraction", "hybrid", "from_scratch"}),
        (MapPlan(STAGES, True), (), {"feature_extraction", "from_scratch"}),
    ],
)
def test_the_line_up_suits_the_plan_and_comes_back(
    plan: MapPlan, thawed: tuple[str, ...], expected: set[str]
) -> None:
    before = LineUp(("feature_extraction", "hybrid"))
    after = line_up(before, plan, thawed)
    assert set(after.strategies) == expected
    again = line_up(after, MapPlan(STAGES[-2:]), STAGES[-2:])
    assert again.strategies == before.strategies


def test_what_the_learner_lined_up_stays() -> None:
    before = LineUp(("fine_tune", "from_scratch"))
    after = line_up(before, MapPlan(STAGES, from_scratch=True), STAGES)
    assert after == LineUp(before.strategies)
    assert line_up(after, MapPlan(STAGES), STAGES).strategies == before.strategies
