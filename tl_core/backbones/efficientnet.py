"""EfficientNets: depth, width and input size scaled together."""

from __future__ import annotations

from torch import nn

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, global_average

_SEEN = (
    detects.EDGES,
    detects.CORNERS,
    detects.TEXTURES,
    detects.PATTERNS,
    detects.MOTIFS,
    detects.PARTS,
    detects.ASSEMBLIES,
    detects.OBJECTS,
)


def _layout(model: nn.Module, first: int) -> Layout:
    keys = [key for key, _ in model.get_submodule("features").named_children()]
    # Version 2 has one stage less: its sentence before the last ones is left out.
    seen = (*_SEEN[: len(keys) - 2], _SEEN[-1], detects.MIXTURE)
    stages = tuple(
        StageDef(f"stage{i}", f"Stage {i}", text, (f"features.{key}",))
        for i, (key, text) in enumerate(zip(keys, seen, strict=True), first)
    )
    return Layout(stages, head_prefix="classifier.1", pool=(global_average, "classifier.0"))


def layout_v1(model: nn.Module) -> Layout:
    """Divide an EfficientNet into stages 1 to 9 of table 1 of its paper."""
    return _layout(model, first=1)


def layout_v2(model: nn.Module) -> Layout:
    """Divide an EfficientNetV2 into stages 0 to 7 of table 4 of its paper."""
    return _layout(model, first=0)


V1 = Family(
    name="efficientnet",
    paper="Tan and Le, EfficientNet: Rethinking model scaling for convolutional neural networks, "
    "ICML 2019, arXiv:1905.11946",
    layout=layout_v1,
)

V2 = Family(
    name="efficientnet",
    paper="Tan and Le, EfficientNetV2: Smaller models and faster training, ICML 2021, "
    "arXiv:2104.00298",
    layout=layout_v2,
)
