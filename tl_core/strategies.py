"""Strategies of transfer: each is a short recipe that turns a backbone's stages into phases.

A phase is a freeze plan, a number of epochs and a learning rate for each part that learns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tl_core.freezing import BatchNormPolicy, FreezePlan
from tl_core.registry import Registry

BACKBONE_SHARE = 0.3
"""Learning rate of the deepest thawed stage, as a share of the head's."""
DEPTH_DECAY = 0.5
"""Factor from each thawed stage to the one before it: early layers are general, touch them less."""


@dataclass(frozen=True)
class Phase:
    """A part of a run during which the same stages learn at the same rates.

    Attributes
    ----------
    name
        Short title for people ("Head only").
    plan
        What is frozen.
    epochs
        Length; at least 1.
    head_lr
        Peak learning rate of the head.
    stage_lr
        Peak learning rate of each trainable stage.
    """

    name: str
    plan: FreezePlan
    epochs: int
    head_lr: float
    stage_lr: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RecipeInputs:
    """What a recipe works with.

    Attributes
    ----------
    stages, thawed
        All stages of the backbone in order, and those of them that may learn.
    epochs
        Total over all phases.
    lr
        Peak learning rate of the head.
    batch_norm
        As in :class:`~tl_core.freezing.FreezePlan`.
    """

    stages: tuple[str, ...]
    thawed: tuple[str, ...]
    epochs: int
    lr: float
    batch_norm: BatchNormPolicy

    def plan(self, trainable: tuple[str, ...] = ()) -> FreezePlan:
        """Return the plan in which these stages learn."""
        return FreezePlan(frozenset(trainable), self.batch_norm)


Recipe = Callable[[RecipeInputs], list[Phase]]
"""Turns stages into phases; phases without an epoch are left out by the caller."""


@dataclass(frozen=True)
class Strategy:
    """A way to transfer.

    Attributes
    ----------
    name, title, summary
        Identifier, title and one sentence for people.
    paper
        Where it comes from.
    defaults
        Values of ``RunConfig`` that make it work without tuning.
    fixed
        Values of ``RunConfig`` that make it what it is; a choice of them is not followed.
    recipe
        The phases.
    """

    name: str
    title: str
    summary: str
    paper: str
    defaults: Mapping[str, Any]
    fixed: Mapping[str, Any]
    recipe: Recipe

    def phases(
        self,
        stages: tuple[str, ...],
        thawed: tuple[str, ...],
        *,
        epochs: int,
        lr: float,
        batch_norm: BatchNormPolicy,
    ) -> tuple[Phase, ...]:
        """Return the phases that have at least one epoch."""
        inputs = RecipeInputs(stages, thawed, epochs, lr, batch_norm)
        return tuple(phase for phase in self.recipe(inputs) if phase.epochs > 0)


STRATEGIES: Registry[Strategy] = Registry("strategy")


def strategy(
    title: str,
    summary: str,
    paper: str,
    *,
    defaults: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Callable[[Recipe], Recipe]:
    """Register a recipe under the name of its function; see :class:`Strategy`."""

    def register(recipe: Recipe) -> Recipe:
        name = recipe.__name__
        new = Strategy(name, title, summary, paper, defaults or {}, fixed or {}, recipe)
        STRATEGIES.register(name, new)
        return recipe

    return register


def layer_wise_rates(thawed: tuple[str, ...], lr: float) -> dict[str, float]:
    """Give the deepest thawed stage ``BACKBONE_SHARE`` of the head's rate, earlier ones ever less.

    Howard and Ruder, "Universal language model fine-tuning for text classification" (ULMFiT),
    ACL 2018, arXiv:1801.06146, section 3.2: discriminative fine-tuning.
    """
    depth = enumerate(reversed(thawed))
    return {name: lr * BACKBONE_SHARE * DEPTH_DECAY**steps for steps, name in depth}


@strategy(
    "Feature extraction",
    "Keep the pretrained network as it is and train only a new head on what it sees.",
    "Donahue et al. (2014), DeCAF, arXiv:1310.1531",
    defaults={"lr": 1e-2},
    fixed={"trainable": "none"},
)
def feature_extraction(inputs: RecipeInputs) -> list[Phase]:
    """Train the head alone."""
    return [Phase("Head only", inputs.plan(), inputs.epochs, inputs.lr)]


@strategy(
    "Fine-tuning",
    "Train the new head and, gently, the thawed layers: deep ones more, early ones less.",
    "Yosinski et al. (2014), arXiv:1411.1792; layer-wise rates: ULMFiT, arXiv:1801.06146",
    defaults={"trainable": "all", "lr": 1e-3},
)
def fine_tune(inputs: RecipeInputs) -> list[Phase]:
    """Train head and thawed stages together, at layer-wise rates."""
    rates = layer_wise_rates(inputs.thawed, inputs.lr)
    return [Phase("Fine-tuning", inputs.plan(inputs.thawed), inputs.epochs, inputs.lr, rates)]


@strategy(
    "Hybrid",
    "First only the head, then thaw and continue at a lower rate (LP-FT).",
    "Kumar et al. (2022), LP-FT, arXiv:2202.10054",
    defaults={"trainable": "all", "lr": 3e-3},
)
def hybrid(inputs: RecipeInputs) -> list[Phase]:
    """Train the head for half of the epochs, then the thawed stages with it at a third."""
    first = inputs.epochs // 2
    lower = inputs.lr / 3
    rates = layer_wise_rates(inputs.thawed, lower)
    return [
        Phase("Head only", inputs.plan(), first, inputs.lr),
        Phase("Thawed", inputs.plan(inputs.thawed), inputs.epochs - first, lower, rates),
    ]


@strategy(
    "Gradual unfreezing",
    "Start with the head, then thaw one more stage at a time, from the last to the first.",
    "Howard and Ruder (2018), ULMFiT, arXiv:1801.06146",
    defaults={"trainable": "all", "lr": 3e-3},
)
def gradual_unfreeze(inputs: RecipeInputs) -> list[Phase]:
    """Thaw one more stage in each of as many equal parts as there are stages and the head."""
    count = len(inputs.thawed) + 1
    ends = [round(inputs.epochs * (position + 1) / count) for position in range(count)]
    phases = []
    for position, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        open_now = inputs.thawed[len(inputs.thawed) - position :]
        name = f"Thawed from {open_now[0]}" if open_now else "Head only"
        rate = inputs.lr if position == 0 else inputs.lr / 3
        rates = layer_wise_rates(open_now, rate)
        phases.append(Phase(name, inputs.plan(open_now), end - start, rate, rates))
    return phases


@strategy(
    "From scratch",
    "No transfer: random weights, everything learns. What the pretrained network has to beat.",
    "He et al. (2019), Rethinking ImageNet pre-training, arXiv:1811.08883",
    defaults={"batch_norm": "adapt", "lr": 3e-3, "epochs": 40, "schedule": "one_cycle"},
    fixed={"weights": "none", "trainable": "all"},
)
def from_scratch(inputs: RecipeInputs) -> list[Phase]:
    """Train all stages and the head at one rate."""
    rates = dict.fromkeys(inputs.stages, inputs.lr)
    return [Phase("All layers", inputs.plan(inputs.stages), inputs.epochs, inputs.lr, rates)]


@strategy(
    "PyTorch tutorial",
    "The classic ants-and-bees recipe, repeated exactly: SGD, small batches, all layers alike.",
    "Chilamkurthy, Transfer learning for computer vision tutorial, pytorch.org",
    defaults={
        "batch_norm": "adapt",
        "optimizer": "sgd",
        "lr": 1e-3,
        "weight_decay": 0.0,
        "schedule": "step",
        "batch_size": 4,
        "epochs": 25,
        "augment": "tutorial",
    },
    fixed={"trainable": "all"},
)
def tutorial(inputs: RecipeInputs) -> list[Phase]:
    """Train all stages and the head at one rate, from pretrained weights."""
    return from_scratch(inputs)
