"""Optimisers and learning-rate schedules, for one phase."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LRScheduler,
    OneCycleLR,
    StepLR,
)

from tl_core.classifier import TransferClassifier
from tl_core.strategies import Phase
from tl_core.training.config import RunConfig

WARM_UP = 0.25
"""Share of a one-cycle phase during which the rate rises (Smith, 2018, arXiv:1803.09820)."""


def _plain(kind: Any) -> Any:
    """Return an optimiser of torch without what makes ``torch.compile`` leave it alone.

    That would load the compiler at the first step: 70 MB and a second, and nothing is compiled.
    """
    hooked = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: getattr(kind, name).__wrapped__ for name in hooked}
    methods["step"] = torch.no_grad()(kind.step.__wrapped__)
    return type(kind.__name__, (kind,), methods)


# Fused: one pass over all values of a group, on a CPU three times as fast.
KINDS: dict[str, Callable[..., Optimizer]] = {
    "sgd": partial(_plain(SGD), momentum=0.9, fused=True),
    "adam": partial(_plain(Adam), fused=True),
    "adamw": partial(_plain(AdamW), fused=True),
}
"""By the names of :data:`tl_core.training.config.OPTIMIZERS`."""


def make_optimizer(classifier: TransferClassifier, phase: Phase, config: RunConfig) -> Optimizer:
    """Return an optimiser with groups for the head, which come first, and for stages that learn.

    Norms and biases get no weight decay, as in He et al. (2019), arXiv:1812.01187.
    """
    parts = [(list(classifier.head.parameters()), phase.head_lr)]
    for name, lr in phase.stage_lr.items():
        parts.append(([p for _, p in classifier.backbone.stage_parameters(name)], lr))
    groups: list[dict[str, Any]] = []
    for parameters, lr in parts:
        for decays in (True, False):
            chosen = [p for p in parameters if (p.ndim > 1) == decays]
            if chosen:
                decay = config.weight_decay if decays else 0.0
                groups.append({"params": chosen, "lr": lr, "weight_decay": decay})
    return KINDS[config.optimizer](groups)


def make_schedule(optimizer: Optimizer, name: str, epochs: int, steps: int) -> LRScheduler:
    """Return one of torch's schedules, which is advanced after every step of a phase.

    Parameters
    ----------
    name
        One of :data:`tl_core.training.config.SCHEDULES`.
    epochs, steps
        Of the whole phase.
    """
    if name == "step":
        return StepLR(optimizer, step_size=7 * (steps // epochs), gamma=0.1)
    if name == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    if name == "one_cycle":
        rates = [group["lr"] for group in optimizer.param_groups]
        total = max(2, steps)
        warm_up = (WARM_UP * total + 1) / total  # torch counts to the step before the peak
        return OneCycleLR(
            optimizer, rates, total_steps=total, pct_start=warm_up, cycle_momentum=False
        )
    return ConstantLR(optimizer, factor=1.0)
