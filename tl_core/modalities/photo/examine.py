"""What decoding a photo once shows: whether that can be done, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from tl_core.modalities.base import Measures
from tl_core.modalities.photo.decode import load, to_rgb
from tl_core.modalities.photo.depth import is_deep, value_counts
from tl_core.modalities.photo.labels import is_lossless, looks_like_labels
from tl_core.modalities.photo.opening import Photo, describe, open_photo
from tl_core.modalities.photo.pages import count_pages
from tl_core.modalities.photo.settings import EXAMINED_SHORTER, MAX_PIXELS
from tl_core.modalities.photo.signature import signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HOT = 1e-3
"""Share of the values that may be brighter than what counts as a photo's brightness."""


def examine(data: bytes, max_pixels: int = MAX_PIXELS) -> Measures:
    """Decode a photo as cheaply as it takes to know all that is asked of it.

    Raises
    ------
    DataError
        If it is not a readable photo of at most so many pixels.
    """
    photo = open_photo(data, max_pixels)
    cut = {"cut": 1.0} if _loses_bits(photo.image) else {}  # before Pillow looks for EXIF data
    measures = measure(photo)
    if max_pixels < MAX_PIXELS:
        photo = open_photo(data)  # a server's limit decides what is taken, not what is found out
    image = load(photo, EXAMINED_SHORTER)
    lossless = is_lossless(measures.kinds["format"], data, photo.image)
    labels_only = lossless and looks_like_labels(image)
    rgb = to_rgb(image)
    return Measures(
        measures.numbers,
        measures.kinds,
        cut | (_brightness(image) if image.mode == "I;16" else _levels(rgb)),
        signature(rgb),
        labels_only,
        count_pages(data),
    )


def measure(photo: Photo) -> Measures:
    """Return what an opened photo says of itself: size, format and colour mode."""
    header = describe(photo)
    return Measures(
        {"width": header.width, "height": header.height},
        {"format": header.kind, "mode": header.mode},
    )


def _loses_bits(image: Image.Image) -> bool:
    """Tell whether Pillow drops the lower 8 of 16 bits, as it does wherever there is colour."""
    raw = [tile[3] for tile in getattr(image, "tile", ())]
    names = {str(args[0] if isinstance(args, tuple) else args) for args in raw if args}
    return not is_deep(image) and any(";16" in name for name in names)


def _brightness(image: Image.Image) -> dict[str, float]:
    """Return the traits of a 16-bit picture, in its own values."""
    import numpy as np

    counts = value_counts(image)
    held = np.flatnonzero(counts)
    return {
        "brightest": float(held[-1]),
        "bright": _bright(counts),
        "spread": float(held[-1] - held[0]),
    }


def _levels(rgb: Image.Image) -> dict[str, float]:
    """Return the traits of any other picture: of its brightest colour channel, from 0 to 255."""
    counts = rgb.histogram()
    channels = [counts[start : start + 256] for start in range(0, len(counts), 256)]
    extremes = rgb.getextrema()
    return {
        "bright": max(_bright(channel) for channel in channels),
        "spread": float(max(high - low for low, high in extremes)),  # type: ignore[misc]
    }


def _bright(counts: Sequence[int] | NDArray[np.int64]) -> float:
    """Return the value that is exceeded by a few pixels alone, given how often each occurs."""
    import numpy as np

    below = np.cumsum(counts)
    return float(np.searchsorted(below, (1 - _HOT) * below[-1]))
