"""Plans on the layer map: how their rates are written, and the runs they line up."""

from __future__ import annotations

import pytest

from tl_core.analysis.layer_plan import LayerPlan
from tl_core.backbones.spec import backbones
from ui.backbone.layer_map.layer_map import _short
from ui.backbone.plan import LineUp, line_up

SPEC = backbones().get("resnet_mini")
STAGES = SPEC.stage_names


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "1"), (0.3, "0.3"), (1 / 3, "0.33"), (0.3 * 0.5**12, "0.000073")]
)
def test_rates_are_written_without_exponents(share: float, text: str) -> None:
    assert _short(share) == text


@pytest.mark.parametrize(
    ("plan", "thawed", "expected"),
    [
        (LayerPlan(()), (), {"feature_extraction"}),
        (LayerPlan(STAGES[-1:]), STAGES[-1:], {"feature_extraction", "hybrid"}),
        (LayerPlan(STAGES, True), STAGES, {"feature_extraction", "hybrid", "from_scratch"}),
        (LayerPlan(STAGES, True), (), {"feature_extraction", "from_scratch"}),
    ],
)
def test_the_line_up_suits_the_plan_and_comes_back(
    plan: LayerPlan, thawed: tuple[str, ...], expected: set[str]
) -> None:
    before = LineUp(("feature_extraction", "hybrid"))
    after = line_up(before, plan, thawed)
    assert set(after.strategies) == expected
    again = line_up(after, LayerPlan(STAGES[-2:]), STAGES[-2:])
    assert again.strategies == before.strategies


def test_what_the_learner_lined_up_stays() -> None:
    before = LineUp(("fine_tune", "from_scratch"))
    after = line_up(before, LayerPlan(STAGES, from_scratch=True), STAGES)
    assert after == LineUp(before.strategies)
    assert line_up(after, LayerPlan(STAGES), STAGES).strategies == before.strategies
