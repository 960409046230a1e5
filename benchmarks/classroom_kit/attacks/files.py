"""Files that are small to send and large to look at."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from PIL import Image

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n%%EOF\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def huge_png(side: int = 12_000) -> bytes:
    """Return a PNG of 144 megapixels with transparency, half a megabyte of nothing."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + 4 * side)
    parts = [squeeze.compress(row) for _ in range(side)]
    data = b"".join([*parts, squeeze.flush()])
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@cache
def many_scans(scans: int = 1000, size: tuple[int, int] = (640, 6000)) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again."""
    stream = io.BytesIO()
    Image.new("RGB", size, (140, 90, 60)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[last:end] * scans + data[end:]


def numbered(jpeg: bytes, number: int) -> bytes:
    """Return a JPEG with a number in a comment, so that it is not the same file as another."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">HI", 6, number) + jpeg[2:]


@cache
def small_photos(count: int, side: int = 32) -> tuple[bytes, ...]:
    """Return so many small photos, no two alike."""
    rng = np.random.default_rng(count)
    base = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    found = []
    for pixels in base:
        stream = io.BytesIO()
        Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST).save(
            stream, "JPEG", quality=60
        )
        found.append(stream.getvalue())
    return tuple(found)


@cache
def noise_png(seed: int, size: tuple[int, int] = (640, 6000)) -> bytes:
    """Return a PNG of noise, some 11 MB that cannot be squeezed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def zipped(entries: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip of some files by their names."""
    stream = io.BytesIO()
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return stream.getvalue()


@cache
def classes_zip(classes: int, each: int = 2) -> bytes:
    """Return a zip of many classes with few photos."""
    photos = iter(small_photos(classes * each))
    return zipped((f"c{c:05}/{n}.jpg", next(photos)) for c in range(classes) for n in range(each))
