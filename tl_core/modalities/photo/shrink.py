"""Keep of a photo that was sent what training needs: its pixels, no larger than useful."""

from __future__ import annotations

import io
import math

from PIL import Image

from tl_core.modalities.base import Rewritten
from tl_core.modalities.photo.decode import decode, describe, open_photo

SHORTER_SIDE = 640
"""Pixels. The largest network of the catalogue looks at 384; this leaves room for random crops."""

MOST_PIXELS = 4_000_000
"""Of a stored photo, whatever its shape: a panorama is made smaller still."""

JPEG_QUALITY = 92

_TELLING = {"exif", "xmp", "XML:com.adobe.xmp", "photoshop", "comment"}
"""What Pillow calls the parts of a file in which a camera or a program writes place and time."""

_CAMERA_FORMATS = {"HEIF", "TIFF"}


def shrink(data: bytes, max_pixels: int) -> Rewritten | None:
    """Return a smaller or anonymous file of a photo; None where the file needs no change.

    A photo that is made smaller, or tells of place, time or camera, is written anew: nothing but
    its pixels stays.

    Raises
    ------
    DataError
        If it is not a readable photo of at most so many pixels.
    """
    photo = open_photo(data, max_pixels)
    kind = describe(photo).kind
    image = decode(photo, shorter=SHORTER_SIDE)
    smaller = smaller_copy(image)
    private = kind in _CAMERA_FORMATS or _TELLING & image.info.keys()
    if smaller is None and not private:
        return None
    return Rewritten(encode(smaller or image, "JPEG"), smaller is not None)


def rewrite(data: bytes, max_pixels: int) -> bytes:
    """Return a photo as a PNG file of its own, no larger than useful.

    Raises
    ------
    DataError
        If it is not a readable photo of at most so many pixels.
    """
    image = decode(data, max_pixels)
    return encode(smaller_copy(image) or image, "PNG")


def smaller_copy(image: Image.Image) -> Image.Image | None:
    """Return a photo in the size that is kept, or None where it is small enough already."""
    shorter, pixels = min(image.size), image.width * image.height
    scale = min(1.0, SHORTER_SIDE / shorter, math.sqrt(MOST_PIXELS / pixels))
    if scale == 1:
        return None
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def encode(image: Image.Image, kind: str) -> bytes:
    """Return a photo as a file of its own, with nothing but the pixels in it."""
    image = image.copy()
    image.info.clear()  # Pillow would write some of it into the new file
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=JPEG_QUALITY)
    return buffer.getvalue()
