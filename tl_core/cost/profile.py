"""What the stages of a network cost on this machine, as it was measured once; no torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from math import ceil
from pathlib import Path

from tl_core.backbones.spec import backbones
from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.errors import ConfigError
from tl_core.home import home, write_atomically
from tl_core.machine import cores, default_threads
from tl_core.reading import MB, Unreadable, read_json
from tl_core.training.config import SETTINGS, RunConfig

SIZE_STEP = 32
"""Of the input sizes at which networks are measured for learners."""


@dataclass(frozen=True)
class Line:
    """Seconds of some work on items.

    Attributes
    ----------
    fixed, each
        Whenever it is done, and for every item in it.
    first
        That the first time takes longer.
    """

    fixed: float
    each: float
    first: float = 0.0

    @classmethod
    def through(
        cls, few: float, small: float, many: float, large: float, first: float = 0.0
    ) -> Line:
        """Return the line through two measurements; no part of it is ever negative."""
        each = max(0.0, (large - small) / (many - few))
        fixed = min(large, max(0.0, small - few * each))
        return cls(fixed, (large - fixed) / many, max(0.0, first))

    def of(self, items: float, batch: int) -> float:
        """Return the seconds for items that come in batches."""
        return ceil(items / batch) * self.fixed + items * self.each


@dataclass(frozen=True)
class StageCost:
    """What one stage costs.

    Attributes
    ----------
    frozen
        Forward, folded, nothing kept for a backward pass; stage 0 has the input layer in front.
    evaluated, recorded
        Forward as the stage stands; ``recorded`` in fp32, as the numbers of record are.
    trained
        Forward and backward.
    update
        Seconds of one step of the optimiser over its parameters.
    saved_bytes
        Of one item, kept for the backward pass.
    working_bytes
        Of one item: what the stage reads, and what its largest layer reads and writes.
    state_bytes
        Parameters and buffers.
    """

    frozen: Line
    evaluated: Line
    recorded: Line
    trained: Line
    update: float
    saved_bytes: int
    working_bytes: int
    state_bytes: int


@dataclass(frozen=True)
class ProfileKey:
    """What a cost profile is of: a network, its input size, and how it is computed.

    Attributes
    ----------
    device, precision
        As in :class:`RunConfig`; may be ``auto``.
    threads
        At least 1.
    """

    backbone: str
    input_size: int
    device: str
    precision: str
    threads: int

    @classmethod
    def of(cls, config: RunConfig) -> ProfileKey:
        """Return the key of the profile that predicts a run."""
        threads = config.threads or default_threads()
        return cls(config.backbone, config.input_size, config.device, config.precision, threads)

    def check(self) -> None:
        """Refuse what is not measured: sizes between the steps, processors that are not here.

        A measurement takes seconds and is kept for good, so there must not be one for every number
        that somebody may think of.

        Raises
        ------
        UnknownName, ConfigError
            Naming what is measured.
        """
        spec = backbones().get(self.backbone)
        least, most = SETTINGS["input_size"].control
        stepped = least <= self.input_size <= most and self.input_size % SIZE_STEP == 0
        if self.input_size != spec.input_size and not stepped:
            raise ConfigError(
                f"What a network costs is measured at sizes from {least:g} to {most:g} in steps of "
                f"{SIZE_STEP}, not at {self.input_size}. A run at that size works all the same."
            )
        for name in ("device", "precision"):
            SETTINGS[name].check(getattr(self, name))
        if not 1 <= self.threads <= cores():
            raise ConfigError(f"Costs are measured with 1 to {cores()} threads here.")

    @property
    def file(self) -> Path:
        """Where the measurement is kept; another torch measures anew."""
        parts = (*dataclasses.astuple(self), f"torch-{_torch()}")
        return home() / "cost_profiles" / ("-".join(map(str, parts)) + ".json")


@cache
def _torch() -> str:
    return version("torch")


@dataclass(frozen=True)
class CostProfile:
    """What a network costs on this machine.

    Attributes
    ----------
    device, precision
        Resolved.
    stages
        In order; pooling belongs to the last.
    head
        A step in which the head alone learns, from kept features.
    decode
        Of one item, ``each`` for a unit of its modality's work.
    views
        Seconds to draw one view of an item, by augmentation.
    building, opening
        Seconds to build the network, and to recognise and fold what is frozen.
    base_bytes
        Of a process with torch, before the network; 0 where memory is counted on a GPU.
    write_rate, touch_rate
        Bytes a second that the disk takes, and at which a process gets new memory.
    busy
        Whether the machine had other work meanwhile: then it should be measured again.
    """

    device: str
    precision: str
    stages: tuple[StageCost, ...]
    head: Line
    decode: Line
    views: Mapping[str, float]
    building: float
    opening: float
    base_bytes: int
    write_rate: float
    touch_rate: float
    busy: bool

    def save(self, what: ProfileKey) -> None:
        """Keep it, for all runs that it predicts."""
        write_atomically(what.file, json.dumps(to_plain(self), indent=1))

    @classmethod
    def load(cls, what: ProfileKey) -> CostProfile | None:
        """Return the kept profile, or None if none was measured yet."""
        try:
            found = from_plain(cls, read_json(what.file, MB))
        except (Unreadable, PlainDataError):  # none, damaged, or another version's
            return None
        return found if len(found.stages) == len(backbones().get(what.backbone).stages) else None
