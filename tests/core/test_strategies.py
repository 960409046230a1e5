from __future__ import annotations

import pytest

from tl_core.errors import ConfigError
from tl_core.freezing import FreezePlan, select_stages
from tl_core.strategies import STRATEGIES, Phase

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")


def phases(name: str, thawed: tuple[str, ...] = STAGES, epochs: int = 12) -> tuple[Phase, ...]:
    strategy = STRATEGIES.get(name)
    return strategy.phases(STAGES, thawed, epochs=epochs, lr=1e-3, batch_norm="frozen")


@pytest.mark.parametrize("name", STRATEGIES.names())
@pytest.mark.parametrize("epochs", [1, 2, 3, 12, 25])
def test_epochs_are_the_total_over_all_phases(name: str, epochs: int) -> None:
    chosen = phases(name, epochs=epochs)
    assert sum(phase.epochs for phase in chosen) == epochs
    assert all(phase.epochs > 0 for phase in chosen)


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_exactly_the_trainable_stages_have_a_rate(name: str) -> None:
    for phase in phases(name, thawed=STAGES[-2:]):
        assert set(phase.stage_lr) == phase.plan.trainable
        assert all(0 < rate <= phase.head_lr for rate in phase.stage_lr.values())


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_a_strategy_says_what_it_is(name: str) -> None:
    strategy = STRATEGIES.get(name)
    assert strategy.title and strategy.summary.endswith(".") and strategy.paper


def test_feature_extraction_thaws_nothing() -> None:
    [only] = phases("feature_extraction")
    assert only.plan.trainable == frozenset()


def test_hybrid_extracts_then_thaws_at_a_lower_rate() -> None:
    first, second = phases("hybrid", thawed=("layer4",))
    assert first.plan.trainable == frozenset()
    assert second.plan.trainable == {"layer4"}
    assert second.head_lr < first.head_lr


def test_gradual_unfreezing_thaws_from_the_last_stage_on() -> None:
    opened = [phase.plan.trainable for phase in phases("gradual_unfreeze", epochs=12)]
    assert opened == [frozenset(STAGES[len(STAGES) - n :]) for n in range(len(STAGES) + 1)]


def test_fine_tuning_touches_early_stages_less() -> None:
    [only] = phases("fine_tune")
    rates = [only.stage_lr[name] for name in STAGES]
    assert rates == sorted(rates)
    assert rates[-1] < only.head_lr
    assert rates[-1] <= 3e-4 + 1e-12


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("all", STAGES),
        ("none", ()),
        ("last:2", ("layer3", "layer4")),
        ("last:0", ()),
        ("layer4,stem", ("stem", "layer4")),
        ("layer2 layer1", ("layer1", "layer2")),
    ],
)
def test_stages_are_selected_as_people_write_them(choice: str, expected: tuple[str, ...]) -> None:
    assert select_stages(STAGES, choice) == expected


@pytest.mark.parametrize("choice", ["layer9", "last:6", "last:x", "last:-1", "", "conv,layer4"])
def test_a_wrong_choice_of_stages_names_the_right_ones(choice: str) -> None:
    with pytest.raises(ConfigError, match=r"layer4|last:5"):
        select_stages(STAGES, choice)


@pytest.mark.parametrize(
    ("trainable", "policy", "prefix"),
    [
        ((), "frozen", 5),
        (("layer4",), "frozen", 4),
        (("layer2", "layer4"), "adapt", 2),
        (STAGES, "frozen", 0),
        (("layer4",), "adapt_all", 0),
    ],
)
def test_the_frozen_prefix_ends_at_the_first_trainable_stage(
    trainable: tuple[str, ...], policy: str, prefix: int
) -> None:
    plan = FreezePlan(frozenset(trainable), policy)  # type: ignore[arg-type]
    assert plan.frozen_prefix(STAGES) == prefix
