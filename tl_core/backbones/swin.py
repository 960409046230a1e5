"""Swin transformers: attention inside windows that shift from block to block."""

from __future__ import annotations

import torch
from torch import nn

from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef

_SEEN = (
    "Edges, corners and fine textures, compared inside windows of 7 x 7 patches.",
    "Patterns and surfaces that stretch over neighbouring windows.",
    "Parts of things and how they go together, over most of the photo.",
    "Whole objects with their usual surroundings, shaped for the classes of the source task.",
)


def _channels_first(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 3, 1, 2)


def layout(model: nn.Module) -> Layout:
    """Divide Swin into the patch embedding and four stages, each with its patch merging."""
    embedding = StageDef(
        "patch_embedding",
        "Patch embedding",
        "Edges and colours inside each patch of 4 x 4 pixels.",
        ("features.0",),
    )
    parts = (
        ("features.1",),
        ("features.2", "features.3"),
        ("features.4", "features.5"),
        ("features.6", "features.7", "norm"),
    )
    stages = (
        StageDef(f"stage{i}", f"Stage {i}", text, steps)
        for i, (steps, text) in enumerate(zip(parts, _SEEN, strict=True), 1)
    )
    return Layout(
        (embedding, *stages),
        head_prefix="head",
        pool=("permute", "avgpool", "flatten"),
        as_map=_channels_first,
    )


FAMILY = Family(
    name="swin",
    paper="Liu et al., Swin transformer: Hierarchical vision transformer using shifted windows, "
    "ICCV 2021, arXiv:2103.14030",
    layout=layout,
)
