"""What a file says of its photo before a pixel is decoded, and whether it is one at all."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import PIL
import pillow_heif
from PIL import ExifTags, Image, ImageFile, JpegImagePlugin

from tl_core.errors import DataError
from tl_core.modalities.base import read_bytes
from tl_core.modalities.photo.camera_raw import camera_raw
from tl_core.modalities.photo.settings import FORMATS, MAX_ASPECT, MAX_PIXELS, MILLION

_HUSHED = ("ignore", None, Warning, re.compile(r"PIL\.|pillow_heif\."), 0)

_JPEG = b"\xff\xd8\xff"

FRACTIONS = (1, 2, 4, 8)
"""A JPEG can be decoded at one of these parts of its width and height."""

_SLOW_CODECS, _SLOWER = {"ppm", "ppm_plain"}, 10
"""Pillow reads some PPM files, such as those in words, value by value: a microsecond for each."""

pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(eq=False)
class Photo:
    """An opened photo; its pixels can be decoded once.

    Attributes
    ----------
    image
        As Pillow opened it.
    fraction
        One of ``FRACTIONS``: it has to be decoded as small as that to keep to the limit.
    white
        The value of a 16-bit picture that is white; None takes what its own values suggest.
    """

    image: Image.Image
    fraction: int = 1
    white: int | None = None


Source = Path | bytes | Photo
"""A file, its bytes, or what :func:`open_photo` returned for it."""


def open_photo(source: Source, max_pixels: int = MAX_PIXELS, white: int | None = None) -> Photo:
    """Read what a file says of its photo, whose pixels are decoded later.

    Parameters
    ----------
    source
        A file or its bytes; an opened photo is returned as it is.
    max_pixels
        A picture is refused if it has to be decoded with more; never more than ``MAX_PIXELS``.
    white
        As of :class:`Photo`.

    Raises
    ------
    DataError
        If it is not a readable picture of one of ``FORMATS``, or is larger than the limits allow.
        The message is a plain reason, preceded by the file's name where a path was given.
    """
    with plain_reasons(source):
        if isinstance(source, Photo):
            return source
        _hush_codecs()
        data = source if isinstance(source, bytes) else read_bytes(source)
        if raw := camera_raw(data):
            raise DataError(
                f"is a camera raw file ({raw}), of which only a preview could be read: export it "
                "as JPEG or PNG."
            )
        image = _identify(data)
        return Photo(image, _fraction(image, data, min(max_pixels, MAX_PIXELS)), white)


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
        As :func:`open_photo`.
    """
    image = open_photo(source).image
    lying = orientation(image) > 4
    return Header(str(image.format), image.mode, *(image.size[::-1] if lying else image.size))


def orientation(image: Image.Image) -> int:
    """Return 1 to 8 as EXIF counts them: 1 is upright, from 5 on width and height change places."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data; the pixels are as good as ever
        return 1


def _identify(data: bytes) -> ImageFile.ImageFile:
    if not data.startswith(_JPEG):
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        return _unscaled(image) if image.format == "PPM" and image.mode == "I" else image
    # Image.open refuses whatever has 179 million pixels, also what is to be decoded smaller. And
    # phones store previews behind a photo, which the plugin takes for no pages of it.
    try:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except SyntaxError as error:
        raise PIL.UnidentifiedImageError(str(error)) from error


def _unscaled(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    """Let a PGM file of up to 16 bits be decoded to the values that stand in it.

    Pillow would scale them, value by value, by the largest one that the header allows.
    """
    [(codec, extents, offset, args)] = image.tile
    if codec == "ppm_plain":
        args = (image.mode, 2**16 - 1)
    else:
        image._mode, codec, args = "I;16", "raw", ("I;16B", 0, 1)
    image.tile = [ImageFile._Tile(codec, extents, offset, args)]
    return image


def _fraction(image: ImageFile.ImageFile, data: bytes, max_pixels: int) -> int:
    """Return the first of ``FRACTIONS`` at which a picture keeps to the limits."""
    width, height = image.size
    slow = any(tile[0] in _SLOW_CODECS for tile in image.tile)
    if slow:
        max_pixels //= _SLOWER
    possible = FRACTIONS if _is_read_in_bands(image, data) else FRACTIONS[:1]
    for fraction in possible:
        if -(-width // fraction) * -(-height // fraction) <= max_pixels:
            break
    else:
        most = max_pixels * possible[-1] ** 2 // MILLION
        kind = " of a progressive JPEG" if image.format == "JPEG" and len(possible) == 1 else ""
        kind = " of such a PPM file" if slow else kind
        raise DataError(
            f"the picture has {width} x {height} pixels; at most {most} million{kind} can be used: "
            "make it smaller."
        )
    if max(image.size) > MAX_ASPECT * min(image.size):
        raise DataError(f"the picture is only a thin line of {width} x {height} pixels.")
    return fraction


def _is_read_in_bands(image: Image.Image, data: bytes) -> bool:
    """Tell whether a JPEG needs no more memory than its decoded pixels take.

    The pixels of a JPEG of several scans, such as a progressive one, are known with the last scan
    alone, so that libjpeg holds the coefficients of all of them.
    """
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.info.get("progressive"):
        return False
    count = image.layers
    scan = b"\xff\xda" + (6 + 2 * count).to_bytes(2, "big") + bytes([count])
    end = image.fp.tell() if image.fp else 0  # the header of the first scan was read last
    return data.startswith(scan, max(0, end - 8 - 2 * count))


def _hush_codecs() -> None:
    """Let no warning out: of what the codecs only warn they read, and what they refuse they raise.

    ``warnings.catch_warnings`` would not do: it is not safe where several threads decode.
    """
    if _HUSHED not in warnings.filters:
        warnings.filterwarnings("ignore", module=_HUSHED[3].pattern)


@contextmanager
def plain_reasons(source: Source) -> Iterator[None]:
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
