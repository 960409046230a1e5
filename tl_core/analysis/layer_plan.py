"""A plan for the layers of a network, and what it amounts to: rates, parameters, work; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tl_core.backbones.spec import BackboneSpec
from tl_core.freezing import BatchNormPolicy, FreezePlan
from tl_core.strategies import STRATEGIES


@dataclass(frozen=True)
class LayerPlan:
    """Which stages of a network learn, and from which weights they start.

    Attributes
    ----------
    trainable
        Names of the stages that learn, in the order of the network.
    from_scratch
        Whether the network begins with random weights; then every stage learns.
    """

    trainable: tuple[str, ...]
    from_scratch: bool = False


def presets(spec: BackboneSpec) -> dict[str, LayerPlan]:
    """Return the usual plans for a network by their names for people."""
    names = spec.stage_names
    return {
        "Extract features": LayerPlan(()),
        "Last stage": LayerPlan(names[-1:]),
        "Last two": LayerPlan(names[-2:]),
        "Everything": LayerPlan(names),
        "From scratch": LayerPlan(names, from_scratch=True),
    }


def thaws(strategy: str) -> bool:
    """Tell whether a strategy thaws the stages that a plan names, and not always all or none."""
    return "trainable" not in STRATEGIES.get(strategy).fixed


def strategy_of(plan: LayerPlan, lined_up: Sequence[str]) -> str:
    """Return the name of the strategy that trains a plan.

    Parameters
    ----------
    plan
        What learns.
    lined_up
        Names of strategies; for a plan that some of them can train, the first of those is taken.
    """
    if plan.from_scratch:
        return "from_scratch"
    if not plan.trainable:
        return "feature_extraction"
    return next((name for name in lined_up if thaws(name)), "fine_tune")


def rates(spec: BackboneSpec, plan: LayerPlan, strategy: str) -> dict[str, float]:
    """Return the peak learning rate of each learning stage and of the ``head``.

    They are shares of the run's learning rate, in the strategy's last phase, when all that learns
    at all does.
    """
    phases = STRATEGIES.get(strategy).phases(
        spec.stage_names, plan.trainable, epochs=100, lr=1.0, batch_norm="frozen"
    )
    return {**phases[-1].stage_lr, "head": phases[-1].head_lr}


def head_parameters(spec: BackboneSpec, classes: int | None) -> int:
    """Return the number of parameters of a linear head; 0 while the classes are unknown."""
    return (spec.num_features + 1) * (classes or 0)


@dataclass(frozen=True)
class PlanFacts:
    """A plan in numbers.

    Attributes
    ----------
    learning, total
        Parameters that learn, and all; both with the head's.
    prefix
        Number of stages in front of the first that learns; they are computed once.
    once
        Share of the multiply-adds for one input that those stages make up, from 0 to 1.
    """

    learning: int
    total: int
    prefix: int
    once: float


def plan_facts(
    spec: BackboneSpec,
    plan: LayerPlan,
    classes: int | None,
    input_size: int,
    batch_norm: BatchNormPolicy = "frozen",
) -> PlanFacts:
    """Return a plan in numbers.

    Parameters
    ----------
    spec, plan
        The network, and which of its stages learn.
    classes
        Outputs of the new head; None while they are unknown.
    input_size
        In the unit of the network's modality.
    batch_norm
        As in a run's configuration; it decides whether a frozen stage gives the same answer in
        every epoch.
    """
    head = head_parameters(spec, classes)
    learning = sum(stage.parameters for stage in spec.stages if stage.name in plan.trainable)
    policy = FreezePlan(frozenset(plan.trainable), batch_norm)
    prefix = policy.frozen_prefix(spec.stage_names)
    work = [spec.multiply_adds(stage, input_size) for stage in spec.stages]
    return PlanFacts(
        learning + head, spec.total_parameters + head, prefix, sum(work[:prefix]) / sum(work)
    )
