"""The pack of source photos: read, divided into worlds, augmented."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from tl_core.home import ASSETS
from tl_core.modalities.photo.settings import FORMATS

MEAN = (0.481, 0.449, 0.398)
STD = (0.275, 0.268, 0.280)
"""Of the pack's training photos, measured over all pixels."""
SIDE, SMALL = 64, 48
"""Sides in pixels of the photos, and of what the network sees in the first epochs."""
WEIGHTS = ASSETS / "weights"

Tensors = tuple[torch.Tensor, torch.Tensor]


def source_worlds() -> dict[str, dict[str, int]]:
    """Return, for each world, its classes and how many training photos each of them gives."""
    worlds: dict[str, dict[str, int]] = json.loads((WEIGHTS / "source_worlds.json").read_text())
    return worlds


def load_split(pack: Path, split: str, world: str | None = None) -> Tensors:
    """Decode one split, or a world of it, into uint8 photos (N, 3, 64, 64) and labels."""
    with np.load(pack) as arrays:
        wnids, labels = arrays["wnid"].tolist(), arrays[f"{split}_label"].astype(np.int64)
        data, offset = arrays[f"{split}_bytes"], arrays[f"{split}_offset"]
    chosen = np.arange(len(labels))
    if world:
        classes = source_worlds()[world]
        limits = classes.values() if split == "train" else [None] * len(classes)
        of_class = [np.flatnonzero(labels == wnids.index(wnid)) for wnid in classes]
        of_class = [found[:limit] for found, limit in zip(of_class, limits, strict=True)]
        chosen = np.concatenate(of_class)
        labels = np.repeat(np.arange(len(classes)), [len(found) for found in of_class])
    pixels = np.empty((len(labels), SIDE, SIDE, 3), np.uint8)
    for row, i in enumerate(chosen):
        blob = io.BytesIO(data[offset[i] : offset[i + 1]].tobytes())
        pixels[row] = np.asarray(Image.open(blob, formats=FORMATS).convert("RGB"))
    return torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.from_numpy(labels)


def normalise(photos: torch.Tensor) -> torch.Tensor:
    """Scale uint8 photos to zero mean and unit variance, channels last."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD).view(1, 3, 1, 1) * 255
    return ((photos.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(images: torch.Tensor, rng: torch.Generator, size: int, smallest: float) -> torch.Tensor:
    """Random resized crop to ``size`` and flip, drawn for each picture, as one resampling."""
    n = len(images)
    area = torch.rand(n, generator=rng) * (1 - smallest) + smallest
    log_ratio = (torch.rand(n, generator=rng) * 2 - 1) * math.log(4 / 3)
    width = (area * log_ratio.exp()).sqrt().clamp(max=1)
    height = (area / log_ratio.exp()).sqrt().clamp(max=1)
    x = (torch.rand(n, generator=rng) * 2 - 1) * (1 - width)
    y = (torch.rand(n, generator=rng) * 2 - 1) * (1 - height)
    flip = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 2] = width * flip, x
    theta[:, 1, 1], theta[:, 1, 2] = height, y
    grid = F.affine_grid(theta, [n, 3, size, size], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
