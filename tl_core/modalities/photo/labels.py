"""Tell label images from photos: masks, trimaps and maps of classes.

Their values are names and no brightness: a few of them, in areas of one value each, kept without
loss. That alone is no proof (a drawing of a few colours is built alike), so whoever reads the
folders asks for more evidence, and this module lets rather too much through than too little.

Measured on made-up masks, trimaps, class maps and vessels, on thresholded sketches of the bundled
set, scanned text, quantised photos, digits and the PNG suite.
"""

from __future__ import annotations

from PIL import Image

from tl_core.modalities.photo.depth import value_counts
from tl_core.modalities.photo.settings import LABEL_COLOURS

_SMALLEST = 48
"""Pixels of the shorter side; below are icons and digits."""

_LOOKED_AT = 192
"""Pixels of the shorter side that are looked at."""

_FLAT = 0.75
"""Share of the pixels that are like their neighbours; of photos in 16 colours 0.1 to 0.74 are."""

_THICK = 0.25
"""Share of what is not background that lies inside of an area; of drawings at most 0.1 does."""

_DARK = 32
"""The background of a mask is seldom brighter, and that of a drawing is paper."""


def is_lossless(kind: str, data: bytes, image: Image.Image) -> bool:
    """Tell whether a file of a format keeps its pixels exactly; ``image`` is what Pillow opened."""
    if kind == "WEBP":
        return b"VP8L" in data
    if kind == "TIFF":
        return image.info.get("compression") not in {"jpeg", "tiff_jpeg", "webp"}
    return kind in {"PNG", "BMP", "GIF", "PPM"}


def looks_like_labels(image: Image.Image) -> bool:
    """Tell whether a picture without loss may be a label image.

    At most ``LABEL_COLOURS`` values; three quarters of the pixels are like their neighbours; and
    the commonest value is dark, or at least a quarter of all others lies in the inside of areas and
    not in strokes, as those of scans and line drawings do.
    """
    import numpy as np

    if min(image.size) < _SMALLEST or not _has_few_values(image):
        return False
    scale = max(1.0, min(image.size) / _LOOKED_AT)
    size = round(image.width / scale), round(image.height / scale)
    small = image.resize(size, Image.Resampling.NEAREST)
    if small.mode not in {"1", "L", "I;16"}:
        rgb = np.asarray(small.convert("RGB")).astype(np.int32)
        values, bright = rgb @ np.array([65536, 256, 1]), np.asarray(small.convert("L"))
    else:
        values = bright = np.asarray(small).astype(np.int32) * (255 if small.mode == "1" else 1)
    corner = values[1:, 1:]
    if ((corner == values[:-1, 1:]) & (corner == values[1:, :-1])).mean() < _FLAT:
        return False
    names, counts = np.unique(values, return_counts=True)
    others = values != names[counts.argmax()]
    if not others.any() or bright[~others][0] < _DARK:
        return True
    windows = np.lib.stride_tricks.sliding_window_view(values, (3, 3))
    inside = windows.max((2, 3)) == windows.min((2, 3))
    return bool((inside & others[1:-1, 1:-1]).sum() >= _THICK * others.sum())


def _has_few_values(image: Image.Image) -> bool:
    if image.mode in {"I", "F"}:
        return False
    if image.mode == "I;16":
        return int((value_counts(image) > 0).sum()) <= LABEL_COLOURS
    return image.getcolors(LABEL_COLOURS) is not None
