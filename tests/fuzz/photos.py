"""Small whole photos of every format, and such as have a place planted in them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

from hypothesis import strategies as st

from tests.photos import make_photo

MARKER = b"N52.5200E13.4050"
"""A place, planted in a photo; no byte of it may be kept."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF", "PPM")


@cache
def photo(kind: str, mode: str = "RGB", seed: int = 0) -> bytes:
    """Return a small whole photo of a format, in a mode of it."""
    image = make_photo(seed % 2, size=(24, 16), seed=seed)
    stream = io.BytesIO()
    if mode == "I;16":
        kind = kind if kind in ("PNG", "TIFF", "PPM") else "PNG"
        image = image.convert("L").convert("I").point(lambda level: level * 16).convert(mode)
    elif kind in ("JPEG", "HEIF", "AVIF", "BMP", "PPM") and mode not in ("RGB", "L"):
        mode = "RGB"
    more = {"progressive": True} if kind == "JPEG" and seed % 2 else {}
    image.convert(mode).save(stream, kind, **more)
    return stream.getvalue()


PHOTOS = st.builds(
    photo,
    st.sampled_from(FORMATS),
    st.sampled_from(("RGB", "L", "RGBA", "P", "I;16")),
    st.integers(0, 3),
)


def _planted_in_jpeg(where: int, kind: int) -> bytes:
    whole = photo("JPEG", seed=kind)
    starts, at = [], 2
    while whole[at + 1] != 0xDA:  # the pixels begin
        starts.append(at)
        at += 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
    heads = (
        b"Exif\0\0",
        b"http://ns.adobe.com/xap/1.0/\0",
        b"ICC_PROFILE\0\1\1",
        b"JFXX\0",
        b"Adobe",
    )
    content = (*heads, b"")[kind % 6] + MARKER
    marker = (0xE1, 0xFE, 0xE2, 0xE0, 0xEE, 0xED, 0xE5, 0xEF)[where % 8]
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    place = where % (len(starts) + 2)
    if place == len(starts):
        return whole + MARKER
    if place == len(starts) + 1:
        return whole + whole[:2] + segment + whole[2:]
    return whole[: starts[place]] + segment + whole[starts[place] :]


def _planted_in_png(where: int, kind: int) -> bytes:
    whole = photo("PNG", ("RGB", "RGBA", "P", "L")[kind % 4])
    starts, at = [], 8
    while at < len(whole):
        starts.append(at)
        at += 12 + int.from_bytes(whole[at : at + 4], "big")
    name = (b"tEXt", b"iTXt", b"eXIf", b"prVt", b"zTXt", b"tIME", b"sPLT", b"IDAT")[kind % 8]
    content = {b"tEXt": b"Comment\0", b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0"}.get(
        name, b""
    ) + MARKER
    body = name + content
    chunk = struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    place = 1 + where % len(starts)  # after the header
    at = starts[place] if place < len(starts) else len(whole)
    return whole[:at] + chunk + whole[at:]


def _planted_in_webp(where: int, kind: int) -> bytes:
    whole = photo("WEBP", ("RGB", "RGBA")[kind % 2])
    name = (b"EXIF", b"XMP ", b"ICCP", b"prVt")[where % 4]
    chunk = name + struct.pack("<I", len(MARKER)) + MARKER
    body = whole[8:] + (b"" if kind % 3 == 0 else chunk)
    return b"RIFF" + struct.pack("<I", len(body)) + body + (MARKER if kind % 3 == 0 else b"")


def _planted_in_gif(where: int, kind: int) -> bytes:
    whole = photo("GIF", "P")
    kind_of = (b"\xfe", b"\xff\x0bXMP DataXMP", b"\xf0")[kind % 3]
    extension = b"\x21" + kind_of + bytes((len(MARKER),)) + MARKER + b"\0"
    table = 3 * 2 ** ((whole[10] & 7) + 1) if whole[10] & 0x80 else 0
    at = (13 + table, len(whole) - 1, len(whole))[where % 3]
    return whole[:at] + (extension if at < len(whole) else MARKER) + whole[at:]


def _planted_in_bmp(where: int, kind: int) -> bytes:
    whole = photo("BMP")
    start = int.from_bytes(whole[10:14], "little")
    moved = whole[:10] + struct.pack("<I", start + len(MARKER)) + whole[14:start]
    return moved + MARKER + whole[start:] if where % 2 else whole + MARKER


def _planted_in_avif(where: int, kind: int) -> bytes:
    known = {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0" + MARKER, "xmp": MARKER, "icc_profile": MARKER}
    name = sorted(known)[where % 3]
    stream = io.BytesIO()
    make_photo(0, size=(24, 16)).save(stream, "AVIF", **{name: known[name]})
    whole, box = stream.getvalue(), struct.pack(">I", 8 + len(MARKER)) + b"free" + MARKER
    start = int.from_bytes(whole[:4], "big")
    return (whole, whole + MARKER, whole + box, whole[:start] + box + whole[start:])[kind % 4]


def _planted_in_ppm(where: int, kind: int) -> bytes:
    whole = photo("PPM", ("RGB", "L", "I;16")[kind % 3])
    return whole + MARKER if where % 2 else whole[:2] + b"\n# " + MARKER + whole[2:]


_PLANT: dict[str, Callable[[int, int], bytes]] = {
    "JPEG": _planted_in_jpeg,
    "PNG": _planted_in_png,
    "WEBP": _planted_in_webp,
    "GIF": _planted_in_gif,
    "BMP": _planted_in_bmp,
    "AVIF": _planted_in_avif,
    "PPM": _planted_in_ppm,
}

PLANTED = st.builds(
    lambda kind, where, how: _PLANT[kind](where, how),
    st.sampled_from(sorted(_PLANT)),
    st.integers(0, 23),
    st.integers(0, 23),
)
"""Photos with a place in one of the places that their format offers."""
