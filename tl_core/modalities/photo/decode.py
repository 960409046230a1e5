"""The one way in which a file becomes pixels.

Training, the health check, predictions and exports all call :func:`decode`.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import PIL
import pillow_heif
from PIL import ExifTags, Image, ImageOps

from tl_core.errors import DataError
from tl_core.modalities.base import read_bytes
from tl_core.modalities.photo.settings import DRAFT_MARGIN, FORMATS, MAX_ASPECT, MAX_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BAND = 256
"""Rows of a large picture that are converted at once."""

_HUSHED = ("ignore", None, Warning, re.compile(r"PIL\.|pillow_heif\."), 0)

Source = Path | bytes | Image.Image
"""A file, its bytes, or what :func:`open_photo` returned for it."""

pillow_heif.register_heif_opener(thumbnails=False)


def open_photo(source: Source, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read what a file says of its photo, whose pixels are decoded later.

    Raises
    ------
    DataError
        As :func:`decode`.
    """
    with _plain_reasons(source):
        return _open(source, max_pixels)


def decode(source: Source, max_pixels: int = MAX_PIXELS, shorter: int | None = None) -> Image.Image:
    """Decode a photo.

    Parameters
    ----------
    source
        A file, its bytes, or an opened photo, which is used up.
    max_pixels
        A picture with more is refused before it is decoded; never more than ``MAX_PIXELS``. Of an
        opened photo this was asked when it was opened.
    shorter
        Side in pixels to which the shorter one will be resized. A JPEG is then decoded at a half,
        a quarter or an eighth of its size, where that still has ``DRAFT_MARGIN`` times as many
        pixels: several times faster, and as good.

    Returns
    -------
    PIL.Image.Image
        RGB, 8 bit a channel, upright, opaque.

    Raises
    ------
    DataError
        If it is not a readable picture of one of ``FORMATS``, or is larger than the limits allow.
        The message is a plain reason, preceded by the file's name where a path was given.
    """
    with _plain_reasons(source):
        image = _open(source, max_pixels)
        if shorter:
            factor = DRAFT_MARGIN * shorter / min(image.size)
            image.draft(None, (math.ceil(image.width * factor), math.ceil(image.height * factor)))
        image.load()
        return _to_rgb(_upright(image))


class Header(NamedTuple):
    """What a file says of its photo: format, colour mode, and the size in pixels when upright."""

    kind: str
    mode: str
    width: int
    height: int


def describe(source: Source) -> Header:
    """Return a photo's format ("JPEG"), colour mode ("RGB", "CMYK", ...) and size.

    Raises
    ------
    DataError
        As :func:`decode`.
    """
    with _plain_reasons(source):
        image = _open(source)
        # Phones store previews behind the photo; Pillow gives such a JPEG a name of its own.
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        lying = orientation(image) > 4
        return Header(kind, image.mode, *(image.size[::-1] if lying else image.size))


def _open(source: Source, max_pixels: int = MAX_PIXELS) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    _hush_codecs()
    data = source if isinstance(source, bytes) else read_bytes(source)
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    max_pixels = min(max_pixels, MAX_PIXELS)
    if width * height > max_pixels:
        raise DataError(
            f"the picture has {width} x {height} pixels; at most {max_pixels // 10**6} million "
            "can be used: make it smaller."
        )
    if max(image.size) > MAX_ASPECT * min(image.size):
        raise DataError(f"the picture is only a thin line of {width} x {height} pixels.")
    return image


def _hush_codecs() -> None:
    """Let no warning out: of what the codecs only warn they read, and what they refuse they raise.

    ``warnings.catch_warnings`` would not do: it is not safe where several threads decode.
    """
    if _HUSHED not in warnings.filters:
        warnings.filterwarnings("ignore", module=_HUSHED[3].pattern)


def orientation(image: Image.Image) -> int:
    """Return 1 to 8 as EXIF counts them: 1 is upright, from 5 on width and height change places."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data, as below
        return 1


def _upright(image: Image.Image) -> Image.Image:
    if orientation(image) == 1:
        return image  # Pillow would copy it
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow raises many kinds here
        # Damaged EXIF data leave the orientation unknown; the pixels are as good as ever.
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":  # one channel of more than 8 bits: I;16, I, F
        return _to_grey(image).convert("RGB")
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


def _to_grey(image: Image.Image) -> Image.Image:
    import numpy as np  # here: those who only list networks load it not

    values = np.asarray(image)
    bands = [values[top : top + _BAND] for top in range(0, len(values), _BAND)]
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):  # 32 bits or floating point: no value is white as such
        low = min(float(_finite(band).min()) for band in bands)
        high = max(float(_finite(band).max()) for band in bands)
    factor = 255 / max(high - low, 1e-12)
    return Image.fromarray(
        np.concatenate(
            [((_finite(band) - low) * factor).round().astype(np.uint8) for band in bands]
        )
    )


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    import numpy as np

    return np.nan_to_num(values.astype(np.float32))


@contextmanager
def _plain_reasons(source: Source) -> Iterator[None]:
    """Turn whatever Pillow and its codecs raise into a reason that a person understands."""
    name = f"{source.name}: " if isinstance(source, Path) else ""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}{error}") from None
    except PIL.UnidentifiedImageError as error:
        raise DataError(
            f"{name}not a picture that can be read ({', '.join(FORMATS)}), or damaged at its start."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise DataError(f"{name}the picture is too large: make it smaller.") from error
    except Exception as error:  # codecs raise OSError, SyntaxError, struct.error and more
        reason = " ".join(str(error).split())[:200]  # libheif writes several lines
        raise DataError(f"{name}the file is damaged or cut off ({reason}).") from error
