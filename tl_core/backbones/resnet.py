"""Residual networks: torchvision's and the bundled ``resnet_mini``."""

from __future__ import annotations

from torch import nn

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef


def layout(model: nn.Module) -> Layout:
    """Divide a residual network into its stem and the four stages of table 1 of the paper."""
    # ``resnet_mini`` is made for small photos and does not pool in its stem.
    stem = tuple(name for name in ("conv1", "bn1", "relu", "maxpool") if hasattr(model, name))
    seen = (detects.TEXTURES, detects.PATTERNS, detects.PARTS, detects.OBJECTS)
    stages = (
        StageDef(f"layer{i}", f"Stage {i}", text, (f"layer{i}",)) for i, text in enumerate(seen, 1)
    )
    return Layout((StageDef("stem", "Stem", detects.EDGES, stem), *stages), head_prefix="fc")


FAMILY = Family(
    name="resnet",
    paper="He et al., Deep residual learning for image recognition, CVPR 2016, arXiv:1512.03385",
    layout=layout,
)
