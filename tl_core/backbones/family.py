"""What backbones of one family have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from tl_core.backbones.staged import Layout, StagedBackbone, State

Builder = Callable[..., nn.Module]
"""A constructor in torchvision's manner, such as ``torchvision.models.resnet18``."""


def _any_size(builder: Builder, input_size: int) -> nn.Module:
    return builder()


def _as_stored(state: State, input_size: int) -> State:
    return state


@dataclass(frozen=True)
class Family:
    """Knowledge that the members of a family share.

    Attributes
    ----------
    name
        In the singular and lower case, for listings.
    paper
        Citation of the paper that introduced it.
    layout
        Divides one of its models into stages.
    modality
        Name of the kind of data that they read.
    size_multiple
        Input sizes must be a multiple of this number.
    make
        Builds the original model with random weights for an input size.
    adapt
        Makes stored weights fit a model of that input size.
    """

    name: str
    paper: str
    layout: Callable[[nn.Module], Layout]
    modality: str = "photo"
    size_multiple: int = 1
    make: Callable[[Builder, int], nn.Module] = _any_size
    adapt: Callable[[State, int], State] = _as_stored

    def build(
        self, builder: Builder, input_size: int, input_layer: nn.Module | None = None
    ) -> StagedBackbone:
        """Build a staged backbone with random weights for inputs of that size."""
        model = self.make(builder, input_size)
        return StagedBackbone(model, self.layout(model), input_layer)
