"""The same picture in a file that holds nothing but what its pixels need.

This is an allow-list: what is not known to be needed goes, and a file that is built in any unusual
way has no bare form, so that it is written anew from its pixels. Cameras and programs write place,
time and names into a dozen places of each format, and new ones appear every year.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

from PIL import Image

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"

_SPARE_BYTES = 3
"""At the end of a JPEG's pixels that may be unneeded: some encoders fill up whole words."""


def bare(data: bytes) -> bytes | None:
    """Return a file with the same coded pixels and nothing beside them.

    Parameters
    ----------
    data
        A file that can be decoded and whose picture is stored upright.

    Returns
    -------
    bytes or None
        Equal to ``data`` where that holds nothing else already. None where only writing it anew is
        safe: other formats than JPEG and PNG, progressive JPEGs (whatever the number of their
        scans), palettes, transparency, and all that is odd.
    """
    try:
        if data.startswith(_JPEG):
            return _bare_jpeg(data)
        if data.startswith(_PNG):
            return _bare_png(data)
    except Exception:  # _Odd, or one of the many kinds that parsers and codecs raise
        return None
    return None


class _Odd(Exception):
    """A file is built in a way that this module does not vouch for."""


def _require(fact: bool) -> None:
    if not fact:
        raise _Odd


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


# ------------------------------------------------------------------------------------------- JPEG

_END = b"\xff\xd9"
_FRAME, _CODES, _SCAN, _STEPS = 0xC0, 0xC4, 0xDA, 0xDB
"""Markers of a baseline frame, Huffman codes, a scan, and quantisation steps."""
_JFIF, _ADOBE = 0xE0, 0xEE
"""Markers of the two application segments that say what the colours mean."""
_UNNEEDED = {*range(0xE0, 0xF0), 0xFE}
"""Markers of application segments and comments."""
_DC_SYMBOLS = frozenset(range(12))
_AC_SYMBOLS = frozenset(
    [0x00, 0xF0, *(16 * run + bits for run in range(16) for bits in range(1, 11))]
)

Segments = list[tuple[int, bytes]]
"""Markers and contents."""


def _bare_jpeg(data: bytes) -> bytes:
    """Keep a baseline JPEG of one scan: each of several could hide something at its end."""
    kept: Segments = []
    position = len(_JPEG)
    while not kept or kept[-1][0] != _SCAN:
        marker, size = data[position + 1], _number(data[position + 2 : position + 4])
        content = data[position + 4 : position + 2 + size]
        _require(data[position] == 0xFF and size >= 2 and len(content) == size - 2)
        if _is_needed(marker, content):
            kept.append((marker, content))
        position += 2 + size
    _check_segments(kept)
    end = re.compile(rb"\xff[^\x00]").search(data, position)
    if end is None or end.group() != _END:
        raise _Odd
    # Behind the end a second picture may follow, a film, or anything else.
    pixels = data[position : end.end()]
    found = b"".join([_JPEG, *(_segment(*one) for one in kept), pixels])
    _require(not _complete_without(found, len(_END) + _SPARE_BYTES))
    return found


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _is_needed(marker: int, content: bytes) -> bool:
    if marker == _JFIF and content.startswith(b"JFIF\0"):
        _require(len(content) == 14 and content.endswith(b"\0\0"))  # no picture of its own in it
        return True
    if marker == _ADOBE and content.startswith(b"Adobe"):
        _require(len(content) == 12)
        return True
    _require(marker in {_FRAME, _CODES, _SCAN, _STEPS, *_UNNEEDED})
    return marker not in _UNNEEDED


def _check_segments(kept: Segments) -> None:
    """Require that every table is used, once, and that the scan holds the whole picture."""
    markers = [marker for marker, _ in kept]
    _require(markers.count(_FRAME) == 1)
    _require(markers.count(_JFIF) <= 1 and markers.count(_ADOBE) <= 1)
    frame, scan = kept[markers.index(_FRAME)][1], kept[-1][1]
    count = frame[5]
    _require(frame[0] == 8 and len(frame) == 6 + 3 * count)
    _require(scan[0] == count and len(scan) == 4 + 2 * count and scan.endswith(b"\0\x3f\0"))
    _require(frame[6::3] == scan[1:-3:2])
    used = scan[2:-3:2]
    codes = [name for marker, content in kept if marker == _CODES for name in _code_names(content)]
    steps = [name for marker, content in kept if marker == _STEPS for name in _step_names(content)]
    _require(
        sorted(codes) == sorted({both >> 4 for both in used} | {16 + both % 16 for both in used})
    )
    _require(sorted(steps) == sorted(set(frame[8::3])))


def _code_names(content: bytes) -> Iterator[int]:
    """Yield the names of Huffman codes; words of no meaning in them would be text."""
    position = 0
    while position < len(content):
        name, count = content[position], sum(content[position + 1 : position + 17])
        symbols = content[position + 17 : position + 17 + count]
        allowed = _AC_SYMBOLS if name >> 4 else _DC_SYMBOLS
        _require(len(symbols) == count == len(set(symbols)) and allowed.issuperset(symbols))
        position += 17 + count
        yield name


def _step_names(content: bytes) -> Iterator[int]:
    _require(len(content) % 65 == 0)
    yield from content[::65]


class _InTwoParts(io.BytesIO):
    """A file that gives its last bytes only to who has read all others, and notes it."""

    def __init__(self, data: bytes, last: int) -> None:
        super().__init__(data)
        self._cut = len(data) - last
        self.all_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        left = self._cut - self.tell()
        if left > 0:
            return super().read(left if size is None or size < 0 else min(size, left))
        self.all_read = True
        return super().read(size)


def _complete_without(data: bytes, last: int) -> bool:
    """Tell whether a JPEG's picture is complete before its last bytes are read."""
    file = _InTwoParts(data, last)
    picture = Image.open(file, formats=("JPEG",))
    picture.draft(None, (1, 1))  # all codes are read, and little is computed from them
    picture.load()  # reads on only while pixels are missing
    return not file.all_read


# -------------------------------------------------------------------------------------------- PNG

_BYTES = {(8, 0): 1, (8, 2): 3, (16, 0): 2}
"""Of a pixel, by bits a channel and colour type: what is kept is grey, RGB and deep grey."""
_NOT_KEPT = {b"acTL", b"tRNS"}
"""Chunks that change what is seen: films, and what lies below transparent pixels."""


def _bare_png(data: bytes) -> bytes:
    """Keep an opaque PNG of 8 bits a channel, or of 16 in grey; any other is written anew."""
    kept: list[bytes] = []
    pixels: list[bytes] = []
    position, kind = len(_PNG), b""
    while kind != b"IEND":
        size, kind = _number(data[position : position + 4]), data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + size]
        chunk = data[position : position + 12 + size]
        _require(len(chunk) == 12 + size and kind not in _NOT_KEPT)
        _require(bool(kept) or kind == b"IHDR")
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            _require(zlib.crc32(kind + content) == _number(chunk[-4:]))
            kept.append(chunk)
        else:
            _require(kind[:1].islower() or kind == b"PLTE")  # RGB needs no palette
        if kind == b"IDAT":
            pixels.append(content)
        position += len(chunk)
    header = kept[0][8:-4]
    _require(len(header) == 13 and len(kept) == len(pixels) + 2 and len(kept[-1]) == 12)
    depth, colour, *methods = header[8:]
    _require((depth, colour) in _BYTES and not any(methods))
    width, height = _number(header[:4]), _number(header[4:8])
    _check_pixels(pixels, height * (1 + width * _BYTES[depth, colour]))
    return b"".join([_PNG, *kept])


def _check_pixels(pieces: list[bytes], size: int) -> None:
    """Require that what is compressed is exactly the pixels."""
    stream = zlib.decompressobj()
    for piece in pieces:
        while piece and not stream.eof:
            size -= len(stream.decompress(piece, 2**18))
            _require(size >= 0)
            piece = stream.unconsumed_tail
        _require(not piece and not stream.unused_data)
    _require(stream.eof and size == 0)
