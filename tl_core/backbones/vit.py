"""Vision transformers: a photo as a sequence of patches.

What the layers attend to is after Raghu et al., "Do vision transformers see like convolutional
neural networks?", NeurIPS 2021, arXiv:2108.08810: shallow layers mix near and far, deep ones mostly
the whole photo.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from tl_core.backbones.family import Builder, Family
from tl_core.backbones.staged import Layout, StageDef, State
from tl_core.compat import torchvision

PATCH = 16
"""Side of a patch in pixels."""

_SEEN = (
    "Edges and colours, some heads looking next door and some already far away.",
    "Corners and short contours, compared between neighbouring patches.",
    "Textures, and which patches share one.",
    "Textures and patterns that stretch over several patches.",
    "Repeating patterns, and where one surface ends and the next begins.",
    "Shapes spread over several patches, such as rings and stripes.",
    "Parts of things, such as eyes, wheels or petals.",
    "Parts that belong together, wherever they lie in the photo.",
    "The object against its background: most heads now look at the whole photo.",
    "Whole objects; patches of one object come to resemble each other.",
    "Objects and scenes in the terms of the source task.",
    "What the class token gathers from all patches: the final features.",
)


def _embed(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Cut images (N, 3, H, W) into tokens (N, 1 + H * W / 256, D), the class token first."""
    patches = model.get_submodule("conv_proj")(images).flatten(2).permute(0, 2, 1)
    token = model.get_parameter("class_token").expand(len(images), -1, -1)
    tokens = torch.cat([token, patches], dim=1) + model.get_parameter("encoder.pos_embedding")
    dropped: torch.Tensor = model.get_submodule("encoder.dropout")(tokens)
    return dropped


def _class_token(_: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return x[:, 0]


def _fold(x: torch.Tensor) -> torch.Tensor:
    """Drop the class token and lay the patches (N, 1 + G * G, D) out as (N, D, G, G)."""
    grid = math.isqrt(x.shape[1] - 1)
    return x[:, 1:].transpose(1, 2).reshape(len(x), -1, grid, grid)


def layout(model: nn.Module) -> Layout:
    """Divide a vision transformer into the patch embedding and its encoder layers."""
    embedding = StageDef(
        "patch_embedding",
        "Patch embedding",
        "Edges and colours of each patch of 16 x 16 pixels, and where the patch lies.",
        (_embed,),
        owns=("conv_proj", "class_token", "encoder.pos_embedding", "encoder.dropout"),
    )
    keys = [key for key, _ in model.get_submodule("encoder.layers").named_children()]
    encoders = []
    for i, key in enumerate(keys, 1):
        # A shallower network goes the same way in larger steps.
        text = _SEEN[i * len(_SEEN) // len(keys) - 1]
        end = ("encoder.ln",) if key == keys[-1] else ()
        steps = (f"encoder.layers.{key}", *end)
        encoders.append(StageDef(f"encoder{i}", f"Encoder layer {i}", text, steps))
    return Layout((embedding, *encoders), "heads.head", pool=(_class_token,), as_map=_fold)


def make(builder: Builder, input_size: int) -> nn.Module:
    """Build the network for one input size, which fixes the number of position embeddings."""
    return builder(image_size=input_size)


def adapt(state: State, input_size: int) -> State:
    """Interpolate the position embeddings to the grid of another input size."""
    resized: State = torchvision.models.vision_transformer.interpolate_embeddings(
        input_size, PATCH, dict(state)
    )
    return resized


FAMILY = Family(
    name="vit",
    paper="Dosovitskiy et al., An image is worth 16x16 words: Transformers for image recognition "
    "at scale, ICLR 2021, arXiv:2010.11929",
    layout=layout,
    size_multiple=PATCH,
    make=make,
    adapt=adapt,
)
