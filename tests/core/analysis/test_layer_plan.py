from __future__ import annotations

import pytest

from tl_core.analysis.layer_plan import (
    LayerPlan,
    plan_facts,
    presets,
    rates,
    strategy_of,
)
from tl_core.backbones.spec import backbones

SPEC = backbones().get("resnet_mini")
STAGES = SPEC.stage_names


def test_presets_run_from_nothing_to_scratch() -> None:
    plans = list(presets(SPEC).values())
    assert [len(plan.trainable) for plan in plans] == [0, 1, 2, len(STAGES), len(STAGES)]
    assert [plan.from_scratch for plan in plans] == [False] * 4 + [True]


def test_rates_are_those_of_the_strategy() -> None:
    assert rates(SPEC, LayerPlan(STAGES[-2:]), "fine_tune") == pytest.approx(
        {"layer4": 0.3, "layer3": 0.15, "head": 1.0}
    )
    assert rates(SPEC, LayerPlan(STAGES[-1:]), "hybrid") == pytest.approx(
        {"layer4": 0.1, "head": 1 / 3}
    )
    assert rates(SPEC, LayerPlan(()), "feature_extraction") == {"head": 1.0}
    scratch = rates(SPEC, LayerPlan(STAGES, from_scratch=True), "from_scratch")
    assert set(scratch) == {*STAGES, "head"} and set(scratch.values()) == {1.0}
    assert set(rates(SPEC, LayerPlan(STAGES), "gradual_unfreeze")) == {*STAGES, "head"}


def test_the_strategy_of_a_plan_is_lined_up_if_one_suits() -> None:
    some = LayerPlan(STAGES[-1:])
    assert strategy_of(some, ("feature_extraction", "hybrid")) == "hybrid"
    assert strategy_of(some, ("feature_extraction", "tutorial")) == "fine_tune"
    assert strategy_of(LayerPlan(()), ("hybrid",)) == "feature_extraction"
    assert strategy_of(LayerPlan(STAGES, from_scratch=True), ("hybrid",)) == "from_scratch"


def test_a_plan_in_numbers() -> None:
    facts = plan_facts(SPEC, LayerPlan(("layer4",)), 8, 96)
    assert facts.learning == SPEC.stage("layer4").parameters + 257 * 8
    assert facts.total == SPEC.total_parameters + 257 * 8
    work = [stage.multiply_adds for stage in SPEC.stages]
    assert facts.prefix == 4 and facts.once == pytest.approx(sum(work[:4]) / sum(work))
    assert plan_facts(SPEC, LayerPlan(()), None, 96).once == 1
    assert plan_facts(SPEC, LayerPlan(("stem", "layer4")), 8, 96).once == 0
    assert plan_facts(SPEC, LayerPlan(("layer4",)), 8, 96, "adapt_all").once == 0


def test_sizes_follow_the_input() -> None:
    vgg = backbones().get("vgg16")
    first, dense = vgg.stages[0], vgg.stages[-1]
    assert vgg.output_shape(first, 112) == (64, 56, 56)
    assert vgg.output_shape(dense, 112) == (4096, 1, 1)
    assert vgg.multiply_adds(first, 112) == first.multiply_adds / 4
    assert vgg.multiply_adds(dense, 112) == dense.multiply_adds
