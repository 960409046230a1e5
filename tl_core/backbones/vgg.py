"""VGG: plain stacks of 3 x 3 convolutions; the original has two large dense layers on top."""

from __future__ import annotations

from torch import nn

from tl_core.backbones import detects
from tl_core.backbones.family import Family
from tl_core.backbones.staged import Layout, StageDef, flatten

_SEEN = (detects.EDGES, detects.CORNERS, detects.TEXTURES, detects.PATTERNS, detects.PARTS)
_DENSE = (
    "Which parts occur together, and where: it looks at the whole photo at once.",
    "Whole objects: combinations of parts close to the classes of the source task.",
)


def _blocks(model: nn.Module) -> list[list[str]]:
    """Return the names of the convolutional layers, up to and with each pooling."""
    blocks: list[list[str]] = [[]]
    for key, module in model.get_submodule("features").named_children():
        blocks[-1].append(f"features.{key}")
        if isinstance(module, nn.MaxPool2d):
            blocks.append([])
    return blocks[:-1]


def _dense_layers(model: nn.Module) -> list[list[str]]:
    """Return the names of each linear layer and of what follows it, the head last."""
    layers: list[list[str]] = []
    for key, module in model.get_submodule("classifier").named_children():
        if isinstance(module, nn.Linear):
            layers.append([])
        layers[-1].append(f"classifier.{key}")
    return layers


def layout(model: nn.Module) -> Layout:
    """Divide VGG into blocks that end in a pooling layer, and its dense layers (fc6 and fc7)."""
    convolutions = (
        StageDef(f"block{i}", f"Block {i}", text, tuple(block))
        for i, (block, text) in enumerate(zip(_blocks(model), _SEEN, strict=True), 1)
    )
    *dense, (head,) = _dense_layers(model)
    if not dense:  # as in ``vgg_mini``, which averages over the map instead
        return Layout(tuple(convolutions), head, pool=("avgpool", flatten))
    pooling = (("avgpool", flatten), ())
    layers = (
        StageDef(f"fc{i}", f"Dense layer {i}", text, (*first, *steps))
        for i, (first, steps, text) in enumerate(zip(pooling, dense, _DENSE, strict=True), 6)
    )
    return Layout((*convolutions, *layers), head, pool=())


FAMILY = Family(
    name="vgg",
    paper="Simonyan and Zisserman, Very deep convolutional networks for large-scale image "
    "recognition, ICLR 2015, arXiv:1409.1556",
    layout=layout,
)
