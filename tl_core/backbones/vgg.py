"""VGG: plain stacks of 3 x 3 convolutions with two large dense layers on top."""

from __future__ import annotations

from torch import nn

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, flatten


def layout(model: nn.Module) -> Layout:
    """Divide VGG into blocks that end in a pooling layer, and the dense layers fc6 and fc7."""
    blocks: list[list[str]] = [[]]
    for key, module in model.get_submodule("features").named_children():
        blocks[-1].append(f"features.{key}")
        if isinstance(module, nn.MaxPool2d):
            blocks.append([])
    seen = (detects.EDGES, detects.CORNERS, detects.TEXTURES, detects.PATTERNS, detects.PARTS)
    convolutions = (
        StageDef(f"block{i}", f"Block {i}", text, tuple(block))
        for i, (block, text) in enumerate(zip(blocks[:-1], seen, strict=True), 1)
    )
    dense = (
        StageDef(
            "fc6",
            "Dense layer 6",
            "Which parts occur together, and where: it looks at the whole photo at once.",
            ("avgpool", flatten, "classifier.0", "classifier.1", "classifier.2"),
        ),
        StageDef(
            "fc7",
            "Dense layer 7",
            "Whole objects: combinations of parts close to the classes of the source task.",
            ("classifier.3", "classifier.4", "classifier.5"),
        ),
    )
    return Layout((*convolutions, *dense), head_prefix="classifier.6", pool=())


FAMILY = Family(
    name="vgg",
    paper="Simonyan and Zisserman, Very deep convolutional networks for large-scale image "
    "recognition, ICLR 2015, arXiv:1409.1556",
    layout=layout,
)
