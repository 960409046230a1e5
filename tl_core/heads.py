"""Classifier heads: what turns features into class scores.

Importing this module does not import torch, so a screen can list the heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tl_core.registry import Registry

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Head:
    """One kind of head.

    Attributes
    ----------
    name, title, summary
        ``linear``, "Linear", and one sentence for a learner who has to choose.
    build
        From the number of features and of classes to a module that maps (N, F) to scores (N, C).
    """

    name: str
    title: str
    summary: str
    build: Callable[[int, int], nn.Module]


def _linear(num_features: int, num_classes: int) -> nn.Module:
    from torch import nn

    return nn.Linear(num_features, num_classes)


def _mlp(num_features: int, num_classes: int) -> nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Linear(num_features, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, num_classes),
    )


HEADS: Registry[Head] = Registry("head")
"""All heads; the first is the default."""

HEADS.register(
    "linear",
    Head(
        "linear",
        "Linear",
        "One weight for each feature and class: few parameters, hard to overfit, the usual choice.",
        _linear,
    ),
)
HEADS.register(
    "mlp",
    Head(
        "mlp",
        "Two layers",
        "A hidden layer of 128 values with ReLU, and dropout of one half in training: can combine "
        "features, needs more photos.",
        _mlp,
    ),
)


def make_head(name: str, num_features: int, num_classes: int) -> nn.Module:
    """Build a head with PyTorch's usual random initialisation, drawn from its global generator.

    Raises
    ------
    UnknownName
        If there is no head of that name.
    """
    return HEADS.get(name).build(num_features, num_classes)
