"""MobileNets: inverted residual blocks, for phones and other small machines."""

from __future__ import annotations

from itertools import groupby

from torch import nn

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, global_average

_SEEN = (
    detects.CORNERS,
    detects.TEXTURES,
    detects.PATTERNS,
    detects.MOTIFS,
    detects.PARTS,
    detects.ASSEMBLIES,
    detects.OBJECTS,
)


def _convolutions(model: nn.Module) -> tuple[StageDef, ...]:
    """Group the bottlenecks by output channels, as the rows of the papers' tables do."""
    (first, _), *blocks, (last, _) = model.get_submodule("features").named_children()
    groups = groupby(blocks, key=lambda item: item[1].out_channels)
    bottlenecks = [tuple(f"features.{key}" for key, _ in group) for _, group in groups]
    # Version 3 has fewer groups than version 2: the sentences before the last one are left out.
    seen = (*_SEEN[: len(bottlenecks) - 1], _SEEN[-1])
    return (
        StageDef("stem", "Stem", detects.EDGES, (f"features.{first}",)),
        *(
            StageDef(f"bottleneck{i}", f"Bottlenecks {i}", text, group)
            for i, (group, text) in enumerate(zip(bottlenecks, seen, strict=True), 1)
        ),
        StageDef("conv_last", "Last convolution", detects.MIXTURE, (f"features.{last}",)),
    )


def layout_v2(model: nn.Module) -> Layout:
    """Divide MobileNetV2 into the rows of table 2 of its paper."""
    return Layout(
        _convolutions(model), head_prefix="classifier.1", pool=(global_average, "classifier.0")
    )


def layout_v3(model: nn.Module) -> Layout:
    """Divide MobileNetV3; its dense layer behind the pooling is a stage of its own."""
    dense = StageDef(
        "fc",
        "Dense layer",
        "Combinations of everything that was found anywhere in the photo.",
        (global_average, "classifier.0", "classifier.1", "classifier.2"),
    )
    return Layout((*_convolutions(model), dense), head_prefix="classifier.3", pool=())


V2 = Family(
    name="mobilenet",
    paper="Sandler et al., MobileNetV2: Inverted residuals and linear bottlenecks, CVPR 2018, "
    "arXiv:1801.04381",
    layout=layout_v2,
)

V3 = Family(
    name="mobilenet",
    paper="Howard et al., Searching for MobileNetV3, ICCV 2019, arXiv:1905.02244",
    layout=layout_v3,
)
