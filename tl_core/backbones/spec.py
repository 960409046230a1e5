"""What is known about a backbone without loading torch.

The facts come from ``assets/backbones.json``, which ``tools/describe_backbones.py`` generates from
the networks themselves and from torchvision's weight enums; a test holds the file against both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil

from tl_core.codec import from_plain
from tl_core.errors import ConfigError, DataError, UnknownName
from tl_core.home import ASSETS
from tl_core.modalities import MODALITIES, Modality
from tl_core.modalities.base import Preprocessing
from tl_core.registry import Registry
from tl_core.words import shown

FACTS = ASSETS / "backbones.json"


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
        Channels and sides of its output at the backbone's input size; all sides are 1 for a vector;
        for a transformer they are the grid of tokens.
    multiply_adds
        Multiply-accumulate operations for one item at the backbone's input size.
    receptive_field
        How much of an input, in the unit of its size, one output value can see along a side; None
        where attention or global pooling lets it see everything.
    """

    name: str
    title: str
    detects: str
    parameters: int
    output_shape: tuple[int, ...]
    multiply_adds: int
    receptive_field: int | None = None


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
    modality
        Name of the kind of data that it reads.
    summary
        One sentence for a learner who has to choose.
    paper
        Citation of the paper that introduced it.
    num_features
        Length of the feature vector that goes into the head.
    size_multiple
        Input sizes must be a multiple of this number (16 for a vision transformer's patches, 1 for
        most).
    stages
        In the order in which they run.
    """

    name: str
    title: str
    family: str
    modality: str
    summary: str
    paper: str
    num_features: int
    size_multiple: int
    preprocessing: Preprocessing
    weights: WeightsSource
    stages: tuple[Stage, ...]

    @property
    def kind(self) -> Modality:
        """The kind of data that it reads."""
        return MODALITIES.get(self.modality)

    @property
    def input_size(self) -> int:
        """The default input size, in the unit of its kind of data."""
        return self.preprocessing.size

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order in which they run."""
        return tuple(stage.name for stage in self.stages)

    @cached_property
    def total_parameters(self) -> int:
        """Learnable values of all stages; the classifier of the source task is not counted."""
        return sum(stage.parameters for stage in self.stages)

    def scale(self, size: int) -> float:
        """Return the work at an input size, as a multiple of the work at the default one.

        Rounded sides and attention make that an estimate.
        """
        return float((size / self.input_size) ** self.kind.growth)

    def output_shape(self, stage: Stage, size: int) -> tuple[int, ...]:
        """Return channels and sides of a stage's output for another input size.

        A vector stays a vector; a map grows and shrinks with the input.
        """
        channels, *sides = stage.output_shape
        share = size / self.input_size
        return channels, *(side if side == 1 else max(1, ceil(side * share)) for side in sides)

    def multiply_adds(self, stage: Stage, size: int) -> float:
        """Return a stage's multiply-adds for one item of another input size."""
        is_map = any(side > 1 for side in stage.output_shape[1:])
        return stage.multiply_adds * (self.scale(size) if is_map else 1)

    def check_input_size(self, size: int) -> None:
        """Refuse an input size that the network cannot take.

        Raises
        ------
        ConfigError
            Naming what is allowed and the nearest size that works.
        """
        step, kind = self.size_multiple, self.kind
        smallest, largest = -(-kind.smallest_size // step) * step, kind.largest_size // step * step
        if not smallest <= size <= largest or size % step:
            near = round(min(max(size, smallest), largest) / step) * step
            multiple = f" and a multiple of {step}" if step > 1 else ""
            raise ConfigError(
                f"{self.title} cannot take {kind.plural} of {shown(size)} {kind.size_unit}: the "
                f"size must be at least {kind.smallest_size}, at most {kind.largest_size}"
                f"{multiple}. The nearest that works is {near}."
            )

    def check_modality(self, found: Modality) -> None:
        """Refuse data of a kind that the network cannot read.

        Raises
        ------
        DataError
            Naming networks that fit.
        """
        if found.name != self.modality:
            fitting = [spec.name for spec in backbones() if spec.modality == found.name]
            raise DataError(
                f"{self.title} reads {self.kind.plural}, and these are {found.plural}. "
                f"Networks for {found.plural}: {', '.join(fitting) or 'none yet'}."
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
        expected = MODALITIES.get(facts["modality"]).preprocessing
        facts["preprocessing"] = from_plain(expected, facts["preprocessing"])
        registry.register(facts["name"], from_plain(BackboneSpec, facts))
    return registry
