"""The one table of backbones: how each is built, its family, its weights.

To add one, add a row here (and a family file, if its family is new), run
``python tools/describe_backbones.py`` and the contract test.

Where torchvision offers several sets of weights, the first (``IMAGENET1K_V1``) is taken: the later
recipes raise the accuracy on ImageNet with label smoothing and mixed pictures, which makes frozen
features transfer worse (Kornblith et al., "Why do better loss functions lead to less transferable
features?", NeurIPS 2021, arXiv:2010.16402).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tl_core.backbones import (
    convnext,
    densenet,
    efficientnet,
    mini,
    mobilenet,
    resnet,
    swin,
    vgg,
    vit,
)
from tl_core.backbones.family import Builder, Family
from tl_core.compat import torchvision
from tl_core.registry import Registry


@dataclass(frozen=True)
class Architecture:
    """One row of the table.

    Attributes
    ----------
    name, title, summary
        As in :class:`tl_core.backbones.spec.BackboneSpec`.
    family
        What it shares with its relatives.
    builder
        Constructor of the original model.
    weights
        Member of torchvision's weights enum; None for bundled weights.
    """

    name: str
    title: str
    family: Family
    builder: Builder
    weights: Any
    summary: str


ARCHITECTURES: Registry[Architecture] = Registry("backbone")
"""All backbones in the order in which they are offered, the bundled ones first."""


def _add(name: str, title: str, family: Family, builder: Builder | None, summary: str) -> None:
    models = torchvision.models
    weights = None if builder else models.get_model_weights(name)["IMAGENET1K_V1"]
    builder = builder or models.get_model_builder(name)
    ARCHITECTURES.register(name, Architecture(name, title, family, builder, weights, summary))


# fmt: off
_add("resnet_mini", "ResNet-mini", resnet.FAMILY, mini.resnet_mini,
     "Small, bundled and quick on any laptop; the place to start, also without internet.")
_add("resnet_mini_animals", "ResNet-mini, animals", resnet.FAMILY, mini.resnet_mini,
     "The same network grown up among animals alone: is it better at what resembles them?")
_add("resnet_mini_objects", "ResNet-mini, objects", resnet.FAMILY, mini.resnet_mini,
     "The same network grown up among man-made things alone: no animal had a name there.")
_add("mobilenet_mini", "MobileNet-mini", mobilenet.V2, mini.mobilenet_mini,
     "Half the weights of ResNet-mini: the thrift of depthwise convolutions.")
_add("vgg_mini", "VGG-mini", vgg.FAMILY, mini.vgg_mini,
     "The plain stack of convolutions that residual networks improved on.")
_add("vit_mini", "ViT-mini", vit.FAMILY, mini.vit_mini,
     "Attention between patches, and small enough to train on a laptop.")
_add("resnet18", "ResNet-18", resnet.FAMILY, None,
     "The classic for a first real experiment: small enough for a CPU and well understood.")
_add("resnet34", "ResNet-34", resnet.FAMILY, None,
     "ResNet-18 with twice the depth: shows what more layers of the same kind bring.")
_add("resnet50", "ResNet-50", resnet.FAMILY, None,
     "The reference that most papers compare with; wants a GPU for fine-tuning.")
_add("vgg16", "VGG-16", vgg.FAMILY, None,
     "Plain and easy to explain, but huge: nine tenths of it are two dense layers.")
_add("mobilenet_v2", "MobileNetV2", mobilenet.V2, None,
     "Made for phones: a small download with few multiplications, good on a CPU.")
_add("mobilenet_v3_small", "MobileNetV3 small", mobilenet.V3, None,
     "Fewest multiplications of all ImageNet networks here, at some cost in accuracy.")
_add("mobilenet_v3_large", "MobileNetV3 large", mobilenet.V3, None,
     "A phone-sized network about as accurate as far larger old ones; a good all-rounder.")
_add("efficientnet_b0", "EfficientNet-B0", efficientnet.V1, None,
     "High accuracy for a small download; its many thin layers run slower than they look.")
_add("efficientnet_v2_s", "EfficientNetV2-S", efficientnet.V2, None,
     "The most accurate here, on large images of 384 px; wants a GPU.")
_add("convnext_tiny", "ConvNeXt tiny", convnext.FAMILY, None,
     "A modern convolutional network as accurate as a transformer; strong frozen features.")
_add("densenet121", "DenseNet-121", densenet.FAMILY, None,
     "Few parameters, because layers reuse each other's features; common in medical imaging.")
_add("vit_b_16", "ViT-B/16", vit.FAMILY, None,
     "The vision transformer: no convolutions behind its patches; large, wants a GPU.")
_add("swin_t", "Swin tiny", swin.FAMILY, None,
     "A transformer with stages like a convolutional network: compare its layers with ResNet's.")
# fmt: on
