"""Files that hold more pictures than one: stacks, animations, bursts."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from tl_core.errors import DataError
from tl_core.modalities.photo.decode import upright
from tl_core.modalities.photo.depth import deep, is_deep
from tl_core.modalities.photo.opening import open_photo, plain_reasons
from tl_core.modalities.photo.settings import MAX_PIXELS

_SUBFILE, _NO_PAGE = 254, 1 | 4
"""TIFF tag, and its bits for a smaller version of another picture and for a transparency mask."""

_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}


def count_pages(data: bytes) -> int:
    """Return how many pictures a file holds, without decoding one.

    Smaller versions and masks in a TIFF file are no pictures of their own, nor is what a phone
    stores behind a JPEG. Where a later one is damaged, only those before it are counted.

    Raises
    ------
    DataError
        If it is no readable picture.
    """
    image = open_photo(data).image
    if image.format == "TIFF":
        return sum(1 for _ in _pages(image))
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except Exception:  # a codec's; the first picture may be whole all the same
        return 1


def split_pages(data: bytes) -> Iterator[bytes]:
    """Yield each picture of a file as a file of its own, in order and without loss.

    Raises
    ------
    DataError
        If one cannot be decoded or is too large.
    """
    image = open_photo(data).image
    with plain_reasons(data):
        for number in _pages(image):
            if number and image.width * image.height > MAX_PIXELS:  # the first was looked at above
                raise DataError(f"page {number + 1} has {image.width} x {image.height} pixels.")
            yield _alone(image)


def _pages(image: Image.Image) -> Iterator[int]:
    """Go to each page of a file in turn."""
    number = 0
    while True:
        try:
            image.seek(number)
        except Exception:  # behind the last one, or a codec's
            if number == 0:
                raise
            return
        if number == 0 or not _is_extra(image):
            yield number
        number += 1


def _is_extra(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", {})
    return bool(int(tags.get(_SUBFILE, 0)) & _NO_PAGE)


def _alone(image: Image.Image) -> bytes:
    image.load()
    page = upright(image)
    if is_deep(page):
        page = deep(page)
    if page.mode == "P" and page.has_transparency_data:
        page = page.convert("RGBA")
    page = page.copy()
    page.info.clear()  # Pillow would write some of it into the new file
    buffer = io.BytesIO()
    if page.mode in _PNG_MODES:
        page.save(buffer, "PNG")
    else:
        page.save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return buffer.getvalue()
