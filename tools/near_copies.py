"""Near-copies: photos of a target that look like photos a network was pretrained on."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F


def crops(image: Image.Image) -> list[Image.Image]:
    """Return a photo whole, and its centre, ends and a closer centre as squares; 64 px each."""
    side = min(image.size)
    corners = {(0, 0), (image.width - side, image.height - side)}
    boxes = [(0.0, 0.0, float(image.width), float(image.height))]
    boxes += [(x, y, x + side, y + side) for x, y in corners]
    for share in (1.0, 0.8, 0.6):
        half = side * share / 2
        x, y = image.width / 2, image.height / 2
        boxes.append((x - half, y - half, x + half, y + half))
    return [image.resize((64, 64), Image.Resampling.BILINEAR, box=box) for box in boxes]


def to_tensor(image: Image.Image) -> torch.Tensor:
    """Return a photo as a uint8 tensor (3, H, W)."""
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)


def fingerprints(photos: torch.Tensor) -> torch.Tensor:
    """Return unit vectors (N, 768) whose products are correlations of photos at 16 x 16.

    Each colour is centred by itself: two plain pictures of one colour are not copies.
    """
    small = F.interpolate(photos.float(), size=16, mode="area").flatten(2)
    return F.normalize((small - small.mean(2, keepdim=True)).flatten(1), dim=1)
