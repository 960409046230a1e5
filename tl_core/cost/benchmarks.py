"""What a machine does with items, files and memory, measured on made-up ones."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import torch

from tl_core.cost.profile import Line
from tl_core.data.views import Items, TrainingViews
from tl_core.home import home, replacing
from tl_core.modalities import Modality, read_bytes
from tl_core.modalities.base import Preprocessing

ITEMS = 8
"""Made-up items, of each of two sizes, that decoding and augmentation are tried on."""

WRITTEN = 16 * 2**20
"""Bytes that the speed of the disk is measured with."""

TOUCHED = 32 * 2**20
"""Bytes that the speed of getting memory is measured with."""


def item_costs(kind: Modality, preprocessing: Preprocessing) -> tuple[Line, dict[str, float]]:
    """Measure decoding and augmentation on made-up items.

    Returns
    -------
    Line
        Seconds to decode one item, ``each`` for a unit of the modality's work.
    dict
        Seconds to draw one view of an item, by augmentation.
    """
    tensors = kind.load_tensors()
    work, seconds, views = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for size in tensors.MADE_UP_SIZES:
            files = tensors.make_up(Path(folder), ITEMS, size)
            work.append(kind.work(kind.measure(kind.open(read_bytes(files[0]), None, {})).numbers))
            began = time.perf_counter()
            Items(kind, files).evaluation_batch(preprocessing)
            seconds.append((time.perf_counter() - began) / ITEMS)
        for augmentation in kind.augmentations:
            drawn = TrainingViews(Items(kind, files), preprocessing, augmentation, seed=0)
            drawn.batch(range(ITEMS), 1)
            began = time.perf_counter()
            drawn.batch(range(ITEMS), 2)
            views[augmentation.name] = (time.perf_counter() - began) / ITEMS
    return Line.through(work[0], seconds[0], work[1], seconds[1]), views


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
