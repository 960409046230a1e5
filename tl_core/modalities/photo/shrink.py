"""Keep of a photo that was sent what training needs: its pixels, no larger than useful."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image

from tl_core.modalities.base import Kept, Rewritten
from tl_core.modalities.photo.bare import bare
from tl_core.modalities.photo.decode import decode, load, to_rgb
from tl_core.modalities.photo.depth import is_deep
from tl_core.modalities.photo.labels import is_lossless
from tl_core.modalities.photo.opening import describe, open_photo, orientation
from tl_core.modalities.photo.pages import count_pages
from tl_core.modalities.photo.settings import SHORTER_SIDE

MOST_PIXELS = 4_000_000
"""Of a stored photo, whatever its shape: a panorama is made smaller still."""

JPEG_QUALITY = 92

PREVIEW = 180
"""Side of a preview in pixels, more than screens show it with."""

LONGER_SIDE_SHOWN = 960
"""Pixels of a photo that is shown as a whole."""

SHOWN_QUALITY = 82
"""Of JPEGs that are looked at and never learned from."""

_SMALL_FILE = 2**16
"""Bytes that a file without loss may always take, however small the one was that was sent."""


def shrink(data: bytes, max_pixels: int) -> Kept:
    """Return what is kept of a photo: its pixels, without a word of place, time or camera.

    A photo that is small enough keeps its pixels as they were coded where its format allows that,
    and where it does not it is written anew: without loss if it came so and that takes no more than
    twice the room. One of 16 bits stays so deep, since what is white in it its set will tell; its
    preview is as bright as its own values suggest.

    Raises
    ------
    DataError
        If it is not a readable photo of at most so many pixels.
    """
    photo = open_photo(data, max_pixels)
    kind, stands = describe(photo).kind, orientation(photo.image) == 1
    lossless = is_lossless(kind, data, photo.image)
    image = _kept_mode(load(photo, SHORTER_SIDE))
    preview, pages = _square_jpeg(to_rgb(image)), count_pages(data)
    smaller = smaller_copy(image)
    if smaller is not None:
        return Kept(encode(smaller, "PNG" if is_deep(smaller) else "JPEG"), True, preview, pages)
    same = bare(data) if stands else None
    if same == data:
        return Kept(None, False, preview, pages)
    return Kept(same or _anew(image, lossless, data), False, preview, pages)


def rewrite(data: bytes, max_pixels: int) -> Rewritten:
    """Return a photo as a PNG file of its own, no larger than useful, and as a picture to show.

    The file is 16 bits deep where the photo is.

    Raises
    ------
    DataError
        If it is not a readable photo of at most so many pixels.
    """
    image = _kept_mode(load(open_photo(data, max_pixels)))
    image = smaller_copy(image) or image
    shown = to_rgb(image).copy()
    shown.thumbnail((LONGER_SIDE_SHOWN, LONGER_SIDE_SHOWN))
    return Rewritten(encode(image, "PNG"), encode(shown, "JPEG", SHOWN_QUALITY))


def _kept_mode(image: Image.Image) -> Image.Image:
    return image if is_deep(image) else to_rgb(image)


def preview(files: Sequence[bytes]) -> bytes:
    """Return a small square JPEG of a photo, or of up to four as one sheet.

    A 16-bit picture is shown as bright as its own values suggest, whatever is white in its set.

    Raises
    ------
    DataError
        If one is not a readable photo.
    """
    squares = [_square(decode(data, shorter=PREVIEW)) for data in files]
    if len(squares) == 1:
        return encode(squares[0], "JPEG", SHOWN_QUALITY)
    sheet = Image.new("RGB", (2 * PREVIEW, 2 * PREVIEW), "white")
    for place, square in enumerate(squares):
        sheet.paste(square, (place % 2 * PREVIEW, place // 2 * PREVIEW))
    return encode(sheet, "JPEG", SHOWN_QUALITY)


def smaller_copy(image: Image.Image) -> Image.Image | None:
    """Return a photo in the size that is kept, or None where it is small enough already."""
    shorter, pixels = min(image.size), image.width * image.height
    scale = min(1.0, SHORTER_SIDE / shorter, math.sqrt(MOST_PIXELS / pixels))
    if scale == 1:
        return None
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if is_deep(image):  # no new value may be brighter than all others: white depends on it
        return image.resize(size, Image.Resampling.BILINEAR)
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def encode(image: Image.Image, kind: str, quality: int = JPEG_QUALITY) -> bytes:
    """Return a photo as a file of its own, with nothing but the pixels in it."""
    image = image.copy()
    image.info.clear()  # Pillow would write some of it into the new file
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return buffer.getvalue()


def _anew(image: Image.Image, lossless: bool, data: bytes) -> bytes:
    """Return a decoded photo as a new file, given the one that was sent."""
    if lossless or is_deep(image):
        written = encode(image, "PNG")
        if is_deep(image) or len(written) <= max(2 * len(data), _SMALL_FILE):
            return written
    return encode(image, "JPEG")


def _square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return image.resize((PREVIEW, PREVIEW), box=box, reducing_gap=2.0)


def _square_jpeg(image: Image.Image) -> bytes:
    return encode(_square(image), "JPEG", SHOWN_QUALITY)
