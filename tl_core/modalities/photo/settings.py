"""How photos are decoded: names and numbers, without what it takes to decode one.

The process of the pages knows them and loads no decoder.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF")
"""What can be read, by content; the name of a file does not matter."""

MILLION = 10**6

MAX_PIXELS = 50 * MILLION
"""Of one photo; the largest phone cameras write 48 or 50 million."""

MAX_ASPECT = 100
"""Longer side by shorter side. Resized by its shorter side, a thin line would become enormous."""

DRAFT_MARGIN = 2
"""A JPEG that is decoded smaller keeps at least so many times the pixels of what is made of it."""

DECODE_SETTINGS: dict[str, Any] = {
    "pillow": version("pillow"),
    "pillow_heif": version("pillow-heif"),
    "formats": list(FORMATS),
    "frame": "first",
    "orientation": "as EXIF says",
    "transparency": "on white",
    "16_bit": "scaled to 8 bit",
    "32_bit_and_float": "stretched from smallest to largest value",
    "colour_profiles": "ignored",
    "jpeg_draft_margin": DRAFT_MARGIN,
    "max_pixels": MAX_PIXELS,
    "max_aspect": MAX_ASPECT,
}
"""How photos are decoded: names and numbers for the record of a run."""

SHORTER_SIDE = 640
"""Pixels. The largest network of the catalogue looks at 384; this leaves room for random crops."""

SMALL = 32
"""Photos whose shorter side has fewer pixels than this are named in a warning."""
