"""What the fuzzer feeds: whole things of every kind, and what makes them broken or hostile."""

from __future__ import annotations

import copy
import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.photos import make_photo

MARKER = b"N52.5200E13.4050"
"""A place, planted in a photo; no byte of it may be kept."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF")

# ------------------------------------------------------------------------------------------ bytes

_INTERESTING = (
    b"", b"\0", b"\xff", b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff" * 8, b"\n", b"<b>",
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xd8", b"\xff\xd9", b"IHDR", b"IDAT",
)  # fmt: skip


def mutated(whole: st.SearchStrategy[bytes], most: int = 6) -> st.SearchStrategy[bytes]:
    """Change bytes: overwrite, insert, remove, repeat, cut off; at the start and end oftener."""
    place = st.one_of(st.floats(0, 1), st.floats(0, 0.1), st.floats(0.9, 1))
    piece = st.one_of(st.sampled_from(_INTERESTING), st.binary(max_size=8))
    how = st.sampled_from(("overwrite", "overwrite", "insert", "remove", "repeat", "cut"))
    changes = st.lists(st.tuples(how, place, piece, st.integers(1, 64)), max_size=most)
    return st.builds(_change_bytes, whole, changes)


def _change_bytes(data: bytes, changes: list[tuple[str, float, bytes, int]]) -> bytes:
    for how, place, piece, length in changes:
        at = int(place * len(data))
        rest = {
            "overwrite": piece + data[at + len(piece) :],
            "insert": piece + data[at:],
            "remove": data[at + length :],
            "repeat": data[at : at + length] + data[at:],
            "cut": b"",
        }
        data = data[:at] + rest[how]
    return data


# ------------------------------------------------------------------------------------------- JSON

# "<deep 30>" becomes 30 lists inside one another, which Python could not write itself.
WEIRD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1,
            2,
            2**31,
            2**63,
            10**30,
            10**400,
            -(10**400),
            0.5,
            -0.0,
            float("inf"),
            float("nan"),
            1e308,
            "",
            "x",
            "x" * 5000,
            "\0",
            "../..",
            "/etc/passwd",
            "\ud800",
            "\n",
            "none",
            "all",
            "last:9",
            "last:²",
            "resnet18",
            "vit_b_16",
            "hybrid",
            "finished",
            "failed",
            [],
            {},
            [[]],
            [None],
            {"": None},
            {"x": {"x": {}}},
            ["ant"] * 3,
        ]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=6,
    ),
    st.integers(30, 3000).map(lambda depth: f"<deep {depth}>"),
)


def changed_json(whole: Any) -> st.SearchStrategy[bytes]:
    """Change values deep inside JSON: replace, remove, repeat, add."""
    how = st.sampled_from(("replace", "replace", "replace", "remove", "repeat", "add"))
    changes = st.lists(st.tuples(how, st.integers(0, 500), WEIRD), max_size=3)
    return st.builds(lambda made: _change_json(whole, made), changes)


def _change_json(whole: Any, changes: list[tuple[str, int, Any]]) -> bytes:
    holder = [copy.deepcopy(whole)]
    for how, number, value in changes:
        places = list(_places(holder))
        (parent, key), value = places[number % len(places)], copy.deepcopy(value)
        if how == "remove" and parent is not holder:
            del parent[key]
        elif how == "repeat" and isinstance(parent, list) and parent is not holder:
            parent.insert(key, copy.deepcopy(parent[key]))
        elif how == "add" and isinstance(parent, dict):
            parent[str(value)[:40]] = value
        else:
            parent[key] = value
    text = json.dumps(holder[0])
    while (start := text.find('"<deep ')) >= 0:
        end = text.index('>"', start) + 2
        depth = int(text[start + 7 : end - 2])
        text = text[:start] + "[" * depth + "]" * depth + text[end:]
    return text.encode()


def _places(parent: Any) -> Any:
    for key in parent if isinstance(parent, dict) else range(len(parent)):
        yield parent, key
        if isinstance(parent[key], dict | list):
            yield from _places(parent[key])


# ------------------------------------------------------------------------------------------ names

NAMES = st.one_of(
    st.sampled_from(
        (
            "ant/0.jpg",
            "bee/0.jpg",
            "train/ant/0.jpg",
            "val/bee/1.jpg",
            "Train/x/y/z.png",
            "0.jpg",
            "../x.jpg",
            "a/../b.jpg",
            "/etc/passwd",
            "C:\\x.jpg",
            "\\\\server\\x",
            "./a/b.jpg",
            "a//b.jpg",
            "CON/NUL.jpg",
            "<b>/x.jpg",
            "a\nb/c.jpg",
            "\u202eant/0.jpg",
            ".hidden/a.jpg",
            "__MACOSX/a.jpg",
            "ant/Thumbs.db",
            "e\u0301/1.jpg",
            "\u00e9/1.jpg",
            "ANT/0.jpg",
            "ant/",
            "ant",
            "",
            ".",
            "..",
            "/",
            "a" * 300 + "/b.jpg",
            "a/" * 40 + "b.jpg",
            "ant/.tl_upload.json",
            ".tl_upload.json",
            "files/000000",
            "ant/0.zip",
            "ant/0 (2).jpg",
            "ant/0.JPG",
            "~/x.jpg",
        )
    ),
    st.lists(st.text(max_size=6), min_size=1, max_size=4).map("/".join),
)

# ----------------------------------------------------------------------------------------- photos


@cache
def photo(kind: str, mode: str = "RGB", seed: int = 0) -> bytes:
    """Return a small whole photo of a format."""
    image = make_photo(seed % 2, size=(24, 16), seed=seed)
    stream = io.BytesIO()
    if kind in ("JPEG", "HEIF", "BMP") and mode not in ("RGB", "L"):
        mode = "RGB"
    more = {"progressive": True} if kind == "JPEG" and seed % 2 else {}
    image.convert(mode).save(stream, kind, **more)
    return stream.getvalue()


PHOTOS = st.builds(
    photo,
    st.sampled_from(FORMATS),
    st.sampled_from(("RGB", "L", "RGBA", "P")),
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


_PLANT: dict[str, Callable[[int, int], bytes]] = {
    "JPEG": _planted_in_jpeg,
    "PNG": _planted_in_png,
    "WEBP": _planted_in_webp,
    "GIF": _planted_in_gif,
    "BMP": _planted_in_bmp,
}

PLANTED = st.builds(
    lambda kind, where, how: _PLANT[kind](where, how),
    st.sampled_from(sorted(_PLANT)),
    st.integers(0, 23),
    st.integers(0, 23),
)
"""Photos with a place in one of the places that their format offers."""

# ----------------------------------------------------------------------------------------- zips


def _zip(entries: list[tuple[str, bytes, bool, int]]) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(stream, "w") as archive:
        for name, content, packed, attributes in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = name.replace("\0", "").encode("utf-8", "replace").decode() or "_"
            entry.external_attr = attributes << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, content)
    return stream.getvalue()


_CONTENT = st.one_of(
    PHOTOS,
    mutated(PHOTOS, 2),
    st.binary(max_size=40),
    st.sampled_from(
        (b"", bytes(70_000), _zip([("a", b"", False, 0)]), b"\x1f\x8b", b"Rar!\x1a\x07")
    ),
)
_ENTRIES = st.tuples(
    NAMES, _CONTENT, st.booleans(), st.sampled_from((0, 0, 0o100644, 0o120777, 0o040755, 0o010644))
)

ZIPS = st.one_of(
    mutated(st.lists(_ENTRIES, max_size=6).map(_zip)),
    st.lists(_ENTRIES, max_size=6).map(_zip),
    st.binary(max_size=60),
)
