"""ConvNeXt: a convolutional network with the habits of a transformer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, flatten


def _average(_: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.adaptive_avg_pool2d(x, 1)


def layout(model: nn.Module) -> Layout:
    """Divide ConvNeXt into its stem and four stages, each with the downsampling in front of it.

    The final layer norm runs behind the pooling, so it is a stage of its own: as a part of stage 4
    it would hide that stage's map.
    """
    seen = (detects.TEXTURES, detects.PATTERNS, detects.PARTS, detects.OBJECTS)
    parts = (("1",), ("2", "3"), ("4", "5"), ("6", "7"))
    stages = (
        StageDef(f"stage{i}", f"Stage {i}", text, tuple(f"features.{key}" for key in keys))
        for i, (keys, text) in enumerate(zip(parts, seen, strict=True), 1)
    )
    norm = StageDef(
        "norm",
        "Final norm",
        "Nothing new: it averages over the photo and brings the features to one scale.",
        (_average, "classifier.0"),
    )
    stem = StageDef("stem", "Stem", detects.EDGES, ("features.0",))
    return Layout((stem, *stages, norm), head_prefix="classifier.2", pool=(flatten,))


FAMILY = Family(
    name="convnext",
    paper="Liu et al., A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545",
    layout=layout,
)
