"""Kinds of data: what a file of each is, and how it becomes a network's input.

Nothing here loads torch before :meth:`~tl_core.modalities.base.Modality.load_tensors` is called.
"""

from collections.abc import Sequence
from typing import Any

from tl_core.modalities.base import (
    Augmentation,
    Kept,
    Measures,
    Modality,
    likely_modality,
    read_bytes,
)
from tl_core.modalities.photo import PHOTO
from tl_core.registry import Registry

MODALITIES: Registry[Modality] = Registry("kind of data")
"""All kinds of data; the first is taken where nothing tells."""

MODALITIES.register(PHOTO.name, PHOTO)


def modality_of(paths: Sequence[str]) -> Modality:
    """Return the kind of data that most of some files are, by their names."""
    return likely_modality(paths, MODALITIES)


def looks_like_an_item(path: str) -> bool:
    """Guess from a file's name whether it is an item of some kind; only its content tells."""
    return any(path.lower().endswith(tuple(kind.suffixes)) for kind in MODALITIES)


def augmentations(kind: Modality | None) -> Registry[Any] | dict[str, str]:
    """Return the augmentations of a kind of data; for None the titles of all, by name."""
    if kind is not None:
        return kind.augmentations
    return {one.name: one.title for each in MODALITIES for one in each.augmentations}


__all__ = [
    "MODALITIES",
    "Augmentation",
    "Kept",
    "Measures",
    "Modality",
    "augmentations",
    "looks_like_an_item",
    "modality_of",
    "read_bytes",
]
