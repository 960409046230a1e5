"""DenseNet: every layer of a block reads the output of all layers before it."""

from __future__ import annotations

import re

import torch
from torch import nn
from torch.nn import functional as F

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, State


def _relu(_: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.relu(x)


def layout(model: nn.Module) -> Layout:
    """Divide DenseNet into the dense blocks and transition layers of table 1 of the paper."""
    stem = tuple(f"features.{name}" for name in ("conv0", "norm0", "relu0", "pool0"))
    seen = (detects.TEXTURES, detects.PATTERNS, detects.PARTS, detects.OBJECTS)
    stages = [StageDef("stem", "Stem", detects.EDGES, stem)]
    for i, text in enumerate(seen, 1):
        # The norm behind the last block stands where the other blocks have their transition.
        end = ("features.norm5", _relu) if i == len(seen) else ()
        name = f"denseblock{i}"
        stages.append(StageDef(name, f"Dense block {i}", text, (f"features.{name}", *end)))
        if i < len(seen):
            name = f"transition{i}"
            stages.append(StageDef(name, f"Transition {i}", _CONDENSES[i], (f"features.{name}",)))
    return Layout(tuple(stages), head_prefix="classifier")


_CONDENSES = {
    1: "The textures found so far, in half the channels and at half the resolution.",
    2: "The patterns found so far, in half the channels and at half the resolution.",
    3: "The parts found so far, in half the channels and at half the resolution.",
}


def adapt(state: State, input_size: int) -> State:
    """Rename ``norm.1`` to ``norm1`` and so on: the published file has keys of an older layout."""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=[12]\.)")
    return {old.sub(r"\1", key): tensor for key, tensor in state.items()}


FAMILY = Family(
    name="densenet",
    paper="Huang et al., Densely connected convolutional networks, CVPR 2017, arXiv:1608.06993",
    layout=layout,
    adapt=adapt,
)
