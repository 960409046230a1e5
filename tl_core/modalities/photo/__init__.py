"""Photos: from files to images of one size.

The record names what decodes photos and loads it when a file is to be decoded: the process of the
pages never does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from tl_core.modalities.base import Modality
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing
from tl_core.modalities.photo.remarks import calibrate, oddities
from tl_core.modalities.photo.settings import (
    DECODE_SETTINGS,
    FORMER_WHITE,
    MAX_PIXELS,
    MILLION,
    SHORTER_SIDE,
    SUFFIXES,
)


def _codec(name: str) -> Callable[..., Any]:
    """Return a function of the module that decodes photos, which is loaded with the first call."""

    def call(*given: Any) -> Any:
        codec = importlib.import_module("tl_core.modalities.photo.codec")
        return getattr(codec, name)(*given)

    return call


def _megapixels(numbers: Mapping[str, float]) -> float:
    return numbers["width"] * numbers["height"] / MILLION


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
    examine=_codec("examine"),
    calibrate=calibrate,
    before_calibration={"white": FORMER_WHITE},
    split_parts=_codec("split_parts"),
    oddities=oddities,
    shrink=_codec("shrink"),
    rewrite=_codec("rewrite"),
    written_suffix=".png",
    kept_as=f"{SHORTER_SIDE} pixels on their shorter side",
    augmentations=AUGMENTATIONS,
    preview=_codec("preview"),
    tensors="tl_core.modalities.photo.tensors",
)
"""What this project knows of photos."""
