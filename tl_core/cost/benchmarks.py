"""What a machine does with photos, files and memory, measured on made-up ones."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tl_core.backbones.spec import Preprocessing
from tl_core.cost.profile import Line
from tl_core.data.views import TrainViews, load_eval
from tl_core.home import home, replacing
from tl_core.modalities.photo.augment import AUGMENTATIONS

PHOTOS = 8
"""Made-up photos, of each of two sizes, that decoding and augmentation are tried on."""

SIDES = (320, 1280)
"""Of those photos in pixels; they are 4 : 3."""

WRITTEN = 16 * 2**20
"""Bytes that the speed of the disk is measured with."""

TOUCHED = 32 * 2**20
"""Bytes that the speed of getting memory is measured with."""


def photo_costs(preprocessing: Preprocessing) -> tuple[Line, dict[str, float]]:
    """Measure decoding and augmentation on made-up photos.

    Returns
    -------
    Line
        Seconds to decode one photo, ``each`` for a million pixels.
    dict
        Seconds to draw one view of a photo, by augmentation.
    """
    with tempfile.TemporaryDirectory() as folder:
        seconds, views = {}, {}
        for side in SIDES:
            files = list(_made_up(Path(folder), side))
            began = time.perf_counter()
            load_eval(files, preprocessing)
            seconds[side] = (time.perf_counter() - began) / PHOTOS
        small, large = (side * side * 3 / 4 / 1e6 for side in SIDES)
        for augmentation in AUGMENTATIONS:
            drawn = TrainViews(files, preprocessing, augmentation, seed=0)
            drawn.batch(range(PHOTOS), 1)
            began = time.perf_counter()
            drawn.batch(range(PHOTOS), 2)
            views[augmentation.name] = (time.perf_counter() - began) / PHOTOS
    return Line.through(small, seconds[SIDES[0]], large, seconds[SIDES[1]]), views


def _made_up(folder: Path, side: int) -> Iterator[Path]:
    draw = np.random.default_rng(0)
    for number in range(PHOTOS):
        pixels = draw.integers(0, 256, (24, 32, 3), np.uint8)
        size = (side, side * 3 // 4)
        file = folder / f"{side}-{number}.jpg"
        Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(file, quality=90)
        yield file


def write_rate() -> float:
    """Return the bytes a second that the disk takes."""
    began = time.perf_counter()
    with replacing(home() / "cost_profiles" / "trial") as temporary:
        temporary.write_bytes(os.urandom(WRITTEN))
    seconds = time.perf_counter() - began
    (home() / "cost_profiles" / "trial").unlink(missing_ok=True)
    return WRITTEN / seconds


def touch_rate() -> float:
    """Return the bytes a second at which a process gets memory that it did not have before."""
    began = time.perf_counter()
    torch.empty(TOUCHED, dtype=torch.uint8).fill_(1)
    return TOUCHED / (time.perf_counter() - began)
