"""What the record of photos says of single files; only what decodes photos loads this module."""

from __future__ import annotations

from PIL import Image

from tl_core.modalities.base import Kept, Measures, Rewritten
from tl_core.modalities.photo import shrink as keeping
from tl_core.modalities.photo.decode import decode, describe, open_photo
from tl_core.modalities.photo.settings import MAX_PIXELS, MILLION

preview = keeping.preview


def open(data: bytes, most: float | None) -> Image.Image:
    """Open a photo of at most so many million pixels."""
    return open_photo(data, MAX_PIXELS if most is None else int(most * MILLION))


def measure(photo: Image.Image) -> Measures:
    """Return a photo's size, format and colour mode."""
    header = describe(photo)
    return Measures(
        {"width": header.width, "height": header.height},
        {"format": header.kind, "mode": header.mode},
    )


def check(photo: Image.Image) -> None:
    """Decode a photo for nothing but its check, a JPEG at an eighth of its size."""
    decode(photo, shorter=1)


def shrink(data: bytes, most: float) -> Kept:
    """Return what is kept of a photo of at most so many million pixels."""
    return keeping.shrink(data, int(most * MILLION))


def rewrite(data: bytes, most: float) -> Rewritten:
    """Return a photo of at most so many million pixels as a new file, and how it is shown."""
    return keeping.rewrite(data, int(most * MILLION))
