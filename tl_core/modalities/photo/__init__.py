"""Photos: from files to images of one size.

The record names what decodes photos and loads it when a file is to be decoded: the process of the
pages never does.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tl_core.modalities.base import Measures, Modality
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing
from tl_core.modalities.photo.settings import (
    DECODE_SETTINGS,
    MAX_PIXELS,
    MILLION,
    SHORTER_SIDE,
    SMALL,
)
from tl_core.words import some_of

SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif"),
    )
)
"""Of files that are probably photos."""


def _codec(name: str) -> Callable[..., Any]:
    """Return a function of the module that decodes photos, which is loaded with the first call."""

    def call(*given: Any) -> Any:
        codec = importlib.import_module("tl_core.modalities.photo.codec")
        return getattr(codec, name)(*given)

    return call


def _megapixels(numbers: Mapping[str, float]) -> float:
    return numbers["width"] * numbers["height"] / MILLION


def _oddities(photos: Mapping[str, Measures]) -> Iterator[str]:
    """Point at photos unlike all others: often placeholders, icons or screenshots."""
    formats = Counter(photo.kinds["format"] for photo in photos.values())
    usual = formats.most_common(1)[0][0]
    rare = {kind for kind, count in formats.items() if count <= len(photos) / 100}
    known = {path: photo.kinds["format"] for path, photo in photos.items()}
    if odd := [f"{path} ({kind})" for path, kind in known.items() if kind in rare]:
        yield (
            f"Look at these, since nearly all others are {usual} files; an odd one is often a "
            f"placeholder or an icon: {some_of(odd)}."
        )
    if small := [path for path, photo in photos.items() if min(photo.numbers.values()) < SMALL]:
        yield f"Pictures with fewer than {SMALL} pixels on a side: {some_of(small)}."


PHOTO = Modality(
    name="photo",
    noun="photo",
    plural="photos",
    suffixes=SUFFIXES,
    settings=DECODE_SETTINGS,
    packages=("pillow", "torchvision"),
    size_title="Photo size in pixels",
    size_unit="px",
    smallest_size=32,  # every family here halves the resolution five times at most
    largest_size=1024,  # the largest network of the catalogue looks at 384
    growth=2,
    preprocessing=PhotoPreprocessing,
    open=_codec("open"),
    measure=_codec("measure"),
    work=_megapixels,
    most_work=MAX_PIXELS // MILLION,
    most_variable="TL_UPLOAD_MEGAPIXELS",
    check=_codec("check"),
    oddities=_oddities,
    shrink=_codec("shrink"),
    rewrite=_codec("rewrite"),
    written_suffix=".png",
    kept_as=f"{SHORTER_SIDE} pixels on their shorter side",
    augmentations=AUGMENTATIONS,
    preview=_codec("preview"),
    tensors="tl_core.modalities.photo.tensors",
)
"""What this project knows of photos."""
