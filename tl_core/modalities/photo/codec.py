"""What the record of photos says of single files; only what decodes photos loads this module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tl_core.errors import DataError
from tl_core.modalities.base import Kept, Measures, Rewritten
from tl_core.modalities.photo import examine as examining
from tl_core.modalities.photo import pages
from tl_core.modalities.photo import shrink as keeping
from tl_core.modalities.photo.opening import Photo, open_photo
from tl_core.modalities.photo.settings import DEPTHS, MAX_PIXELS, MILLION
from tl_core.words import shown

measure = examining.measure
preview = keeping.preview
split_parts = pages.split_pages


def open(data: bytes, most: float | None, calibration: Mapping[str, Any]) -> Photo:
    """Open a photo of at most so many million pixels as it is decoded, in a set so calibrated."""
    return open_photo(data, _pixels(most), _white(calibration))


def examine(data: bytes, most: float | None) -> Measures:
    """Decode a photo of at most so many million pixels once, and say what it is like."""
    return examining.examine(data, _pixels(most))


def shrink(data: bytes, most: float) -> Kept:
    """Return what is kept of a photo of at most so many million pixels."""
    return keeping.shrink(data, _pixels(most))


def rewrite(data: bytes, most: float) -> Rewritten:
    """Return a photo of at most so many million pixels as a new file, and how it is shown."""
    return keeping.rewrite(data, _pixels(most))


def _pixels(most: float | None) -> int:
    return MAX_PIXELS if most is None else int(most * MILLION)


def _white(calibration: Mapping[str, Any]) -> int | None:
    white, most = calibration.get("white"), 2 ** DEPTHS[-1] - 1
    if white is None:
        return None
    if not isinstance(white, int) or not 1 <= white <= most:
        raise DataError(f"white in 16-bit pictures must be from 1 to {most:,}, not {shown(white)}.")
    return white
