"""How photos are decoded: names and numbers, without what it takes to decode one.

The process of the pages knows them and loads no decoder.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

SUFFIXES_OF: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),  # before HEIF, whose decoder takes some of them for its own
    "HEIF": (".heic", ".heif", ".hif", ".heics", ".heifs"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
"""What can be read, and how the names of such files usually end."""

FORMATS = tuple(SUFFIXES_OF)
"""What can be read, by content; the name of a file does not matter."""

SUFFIXES = frozenset(suffix for some in SUFFIXES_OF.values() for suffix in some)
"""Of files that are probably photos."""

MILLION = 10**6

MAX_PIXELS = 50 * MILLION
"""Of one photo as it is decoded; a JPEG with more is decoded at a half, a quarter or an eighth."""

MAX_ASPECT = 100
"""Longer side by shorter side. Resized by its shorter side, a thin line would become enormous."""

DRAFT_MARGIN = 2
"""A JPEG that is decoded smaller keeps at least so many times the pixels of what is made of it."""

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that values in 16-bit files really have: what cameras, scanners and microscopes deliver."""


def white_above(brightest: float) -> int:
    """Return the largest value of the smallest of ``DEPTHS`` that holds a value."""
    return next((1 << bits for bits in DEPTHS if brightest < 1 << bits), 1 << DEPTHS[-1]) - 1


DECODE_SETTINGS: dict[str, Any] = {
    "pillow": version("pillow"),
    "pillow_heif": version("pillow-heif"),
    "formats": list(FORMATS),
    "frame": "first",
    "orientation": "as EXIF says",
    "transparency": "on white",
    "16_bit_grey": "white is the largest value of as many bits as hold the brightest of the set",
    "16_bit_depths": list(DEPTHS),
    "16_bit_colour": "scaled to 8 bit",
    "32_bit_and_float": "stretched from smallest to largest value",
    "colour_profiles": "ignored",
    "camera_raw": "refused",
    "jpeg_draft_margin": DRAFT_MARGIN,
    "jpeg_above_max_pixels": "decoded at a half, a quarter or an eighth",
    "max_pixels": MAX_PIXELS,
    "max_aspect": MAX_ASPECT,
}
"""How photos are decoded: names and numbers for the record of a run."""

FORMER_WHITE = 2**16 - 1
"""Of 16-bit pictures in runs from before a set had a white of its own."""

EXAMINED_SHORTER = 64
"""Side in pixels to which the shorter one of a photo can be resized after it was examined."""

SHORTER_SIDE = 640
"""Pixels. The largest network of the catalogue looks at 384; this leaves room for random crops."""

SMALL = 32
"""Photos whose shorter side has fewer pixels than this are named in a warning."""

DARK = 32
"""Of 255: photos that are darker throughout are named in a warning."""

EVEN = 2
"""Of 255: photos whose values differ by no more are of one colour all over."""

LABEL_COLOURS = 32
"""Label images have no more than this: one for each class, and one for what is none."""
