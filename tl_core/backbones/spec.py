"""What is known about a backbone without loading torch.

The facts come from ``assets/backbones.json``, which ``tools/describe_backbones.py`` generates from
the networks themselves and from torchvision's weight enums; a test holds the file against both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property

from tl_core.codec import from_plain
from tl_core.errors import ConfigError, UnknownName
from tl_core.home import ASSETS
from tl_core.registry import Registry

FACTS = ASSETS / "backbones.json"

SMALLEST_INPUT = 32
"""Pixels; every family here halves the resolution five times at most."""


@dataclass(frozen=True)
class Stage:
    """One freezable block of a backbone.

    Attributes
    ----------
    name
        Identifier without spaces, unique in its backbone (``layer3``).
    title
        As that family's papers name it ("Stage 3").
    detects
        One sentence on what such a layer tends to detect.
    parameters
        Number of learnable values.
    output_shape
        Channels, height and width of its output at the backbone's input size; height and width
        are 1 for a vector; for a transformer they are the grid of tokens.
    multiply_adds
        Multiply-accumulate operations for one picture at the backbone's input size.
    receptive_field
        Side in input pixels of the square that one output value can see; None where attention or
        global pooling lets it see everything.
    """

    name: str
    title: str
    detects: str
    parameters: int
    output_shape: tuple[int, int, int]
    multiply_adds: int
    receptive_field: int | None = None


@dataclass(frozen=True)
class Preprocessing:
    """How a photo becomes input, as the weights were trained with.

    Attributes
    ----------
    resize
        Length in pixels that the shorter side is resized to.
    size
        Side in pixels of the square that is cropped from the centre.
    interpolation
        ``bilinear`` or ``bicubic``.
    mean, std
        Of each colour channel, for pixel values from 0 to 1.
    """

    resize: int
    size: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def at(self, size: int) -> Preprocessing:
        """Return the same preprocessing for another image size, keeping the share cropped away."""
        resize = round(self.resize * size / self.size)
        return Preprocessing(resize, size, self.interpolation, self.mean, self.std)


@dataclass(frozen=True)
class WeightsSource:
    """Where pretrained weights come from and what they learned.

    Attributes
    ----------
    origin
        ``bundled`` (a file in ``assets/weights``) or ``torchvision`` (downloaded into torch's
        cache).
    file
        File name.
    url
        Address of the download; None for bundled weights.
    sha256_prefix
        First hexadecimal digits of the file's SHA-256, as part of torchvision's file names;
        empty for bundled weights.
    bytes
        Size of the file; torchvision rounds it to a thousandth of a megabyte.
    source_task
        What the network was trained on ("ImageNet-1k, 1000 classes").
    top1
        Accuracy there, as a fraction.
    license
        Of the weights.
    """

    origin: str
    file: str
    url: str | None
    sha256_prefix: str
    bytes: int
    source_task: str
    top1: float
    license: str


@dataclass(frozen=True)
class BackboneSpec:
    """A pretrained network without its classifier.

    Attributes
    ----------
    name, title, family
        ``resnet18``, "ResNet-18", ``resnet``.
    summary
        One sentence for a learner who has to choose.
    paper
        Citation of the paper that introduced it.
    num_features
        Length of the feature vector that goes into the head.
    size_multiple
        Image sizes must be a multiple of this number of pixels (16 for a vision transformer's
        patches, 1 for most).
    stages
        In the order in which they run.
    """

    name: str
    title: str
    family: str
    summary: str
    paper: str
    num_features: int
    size_multiple: int
    preprocessing: Preprocessing
    weights: WeightsSource
    stages: tuple[Stage, ...]

    @property
    def input_size(self) -> int:
        """Side in pixels of the default input."""
        return self.preprocessing.size

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order in which they run."""
        return tuple(stage.name for stage in self.stages)

    @cached_property
    def total_parameters(self) -> int:
        """Learnable values of all stages; the classifier of the source task is not counted."""
        return sum(stage.parameters for stage in self.stages)

    def check_input_size(self, size: int) -> None:
        """Refuse an image size in pixels that the network cannot take.

        Raises
        ------
        ConfigError
            Naming what is allowed and the nearest size that works.
        """
        step = self.size_multiple
        if size < SMALLEST_INPUT or size % step:
            near = max(SMALLEST_INPUT, round(size / step) * step)
            multiple = f" and a multiple of {step}" if step > 1 else ""
            raise ConfigError(
                f"{self.title} cannot take images of {size} pixels: the size must be at least "
                f"{SMALLEST_INPUT}{multiple}. The nearest that works is {near}."
            )

    def stage(self, name: str) -> Stage:
        """Return the stage of that name; the error names the stages there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise UnknownName(
            f"{self.name} has no stage named {name!r}. It has: {', '.join(self.stage_names)}."
        )


@cache
def backbones() -> Registry[BackboneSpec]:
    """Return all known backbones, the bundled ones first."""
    registry: Registry[BackboneSpec] = Registry("backbone")
    for facts in json.loads(FACTS.read_text(encoding="utf-8")):
        registry.register(facts["name"], from_plain(BackboneSpec, facts))
    return registry
