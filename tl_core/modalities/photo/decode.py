"""The one way in which a file becomes pixels.

Training, the health check, predictions and exports all call :func:`decode`, or :func:`load` and
:func:`to_rgb` in turn.
"""

from __future__ import annotations

import math

from PIL import Image, ImageOps

from tl_core.modalities.photo.depth import deep, grey, is_deep
from tl_core.modalities.photo.opening import Photo, Source, open_photo, orientation, plain_reasons
from tl_core.modalities.photo.settings import DRAFT_MARGIN, MAX_PIXELS

_BAND = 256
"""Rows of a large picture that are converted at once."""


def decode(
    source: Source,
    max_pixels: int = MAX_PIXELS,
    shorter: int | None = None,
    white: int | None = None,
) -> Image.Image:
    """Decode a photo.

    Parameters
    ----------
    source
        A file, its bytes, or an opened photo, which is used up.
    max_pixels, white
        As of :func:`~tl_core.modalities.photo.opening.open_photo`. Of an opened photo this was
        asked when it was opened.
    shorter
        As of :func:`load`.

    Returns
    -------
    PIL.Image.Image
        RGB, 8 bit a channel, upright, opaque.

    Raises
    ------
    DataError
        As :func:`~tl_core.modalities.photo.opening.open_photo`, and if its pixels are damaged.
    """
    photo = open_photo(source, max_pixels, white)
    with plain_reasons(source):
        return to_rgb(load(photo, shorter), photo.white)


def load(photo: Photo, shorter: int | None = None) -> Image.Image:
    """Decode a photo in the depth that it has.

    Parameters
    ----------
    photo
        Is used up.
    shorter
        Side in pixels to which the shorter one will be resized. A JPEG is then decoded at a half,
        a quarter or an eighth of its size, where that still has ``DRAFT_MARGIN`` times as many
        pixels: several times faster, and as good.

    Returns
    -------
    PIL.Image.Image
        Upright, in any of Pillow's modes; one channel of 16 bits is ``I;16``.

    Raises
    ------
    DataError
        If its pixels are damaged.
    """
    with plain_reasons(photo):
        image = photo.image
        width, height = image.width // photo.fraction, image.height // photo.fraction
        if shorter:
            factor = DRAFT_MARGIN * shorter / min(image.size)
            width = min(width, math.ceil(image.width * factor))
            height = min(height, math.ceil(image.height * factor))
        if (width, height) != image.size:
            image.draft(None, (width, height))
        image.load()
        image = upright(image)
        return deep(image) if is_deep(image) else image


def upright(image: Image.Image) -> Image.Image:
    """Return a picture turned as its EXIF data say."""
    if orientation(image) == 1:
        return image  # Pillow would copy it
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow raises many kinds here
        # Damaged EXIF data leave the orientation unknown; the pixels are as good as ever.
        return image


def to_rgb(image: Image.Image, white: int | None = None) -> Image.Image:
    """Return a picture in RGB, opaque; ``white`` is that of a 16-bit one."""
    if image.mode[0] in "IF":  # one channel of more than 8 bits: I;16, I, F
        return grey(image, white).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """Return a transparent picture on white, made in bands: whole copies would take much memory."""
    opaque = Image.new("RGB", image.size)
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height))).convert("RGBA")
        white = Image.new("RGBA", band.size, "white")
        opaque.paste(Image.alpha_composite(white, band).convert("RGB"), (0, top))
    return opaque
