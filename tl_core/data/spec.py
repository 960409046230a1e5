"""What a data set and a split are; no file is read here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tl_core.modalities import MODALITIES, Modality

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Item:
    """One readable photo, sound or the like.

    Attributes
    ----------
    path
        Its name: relative to the data set's root, with forward slashes, as the person who made the
        data set called it.
    label
        Index into the data set's classes.
    split
        ``train``, ``val`` or ``test`` where the folders say so, else None.
    sha256
        Hexadecimal digest of the file's bytes; equal for byte-identical copies.
    stored
        Where the file lies, relative to the root; differs from ``path`` for uploads, which are
        stored under names of our own.
    group
        What all items share that show the same, in whatever format or size; "" where no other does.
        It follows from the contents of the set, so it plays no part in fingerprints.
    """

    path: str
    label: int
    split: str | None
    sha256: str
    stored: str
    group: str = ""

    @property
    def shows(self) -> str:
        """What all share that show the same, byte-identical copies included."""
        return self.group or self.sha256


@dataclass(frozen=True)
class DatasetSpec:
    """A folder of class folders, checked; unreadable files are not part of it.

    Attributes
    ----------
    root
        The folder (of an unpacked archive, where the data set came as a zip).
    name
        For people: the name of the folder or zip.
    modality
        Name of the kind of data that all items are.
    classes
        Class names, sorted; the union over all splits.
    items
        All readable items, sorted by path.
    fingerprint
        Digest of classes, paths and contents: equal data, equal fingerprint, whether it came as a
        folder or as a zip.
    calibration
        As of :class:`~tl_core.modalities.base.Modality`: what its items together say of how each of
        them is decoded.
    """

    root: Path
    name: str
    modality: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    fingerprint: str
    calibration: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Modality:
        """The kind of data that all items are."""
        return MODALITIES.get(self.modality)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The index of each item, by its path."""
        return {item.path: index for index, item in enumerate(self.items)}

    def digests(self, indices: Sequence[int]) -> list[str]:
        """Return what decides how these items are decoded: content, and what holds for the set."""
        rule = json.dumps(self.calibration, sort_keys=True) if self.calibration else ""
        return [self.items[index].sha256 + rule for index in indices]

    def file(self, index: int) -> Path:
        """Return the path of item ``index``."""
        return self.root / self.items[index].stored

    def files(self, indices: Sequence[int]) -> list[Path]:
        """Return the paths of these items."""
        return [self.file(index) for index in indices]


@dataclass(frozen=True)
class Split:
    """Which items train, which validate and which test: indices into ``DatasetSpec.items``."""

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
