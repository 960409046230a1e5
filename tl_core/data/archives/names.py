"""Names in archives: one reading for the archive as a whole, and who chose it.

A zip says of each name whether it is UTF-8. Where it does not, the name is in whatever encoding the
machine had on which the zip was made, so all such names of a zip are read in one encoding.
"""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from tl_core.data.archives.name_evidence import weigh
from tl_core.errors import DataError
from tl_core.words import shown

AUTO = "auto"

ENCODINGS: dict[str, str] = {
    "utf-8": "Unicode (UTF-8)",
    "cp437": "English and Western European (DOS, cp437)",
    "cp850": "Western European (DOS, cp850)",
    "cp1252": "Western European (Windows, cp1252)",
    "cp852": "Central European (DOS, cp852)",
    "cp1250": "Central European (Windows, cp1250)",
    "cp866": "Cyrillic (DOS, cp866)",
    "cp1251": "Cyrillic (Windows, cp1251)",
    "cp737": "Greek (DOS, cp737)",
    "cp1253": "Greek (Windows, cp1253)",
    "cp857": "Turkish (DOS, cp857)",
    "cp1254": "Turkish (Windows, cp1254)",
    "cp932": "Japanese (Shift-JIS, cp932)",
    "gbk": "Chinese, simplified (GBK)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (cp949)",
}
"""In which names can be read, with titles for people."""

_ALIASES = {
    "shift_jis": "cp932",
    "gb2312": "gbk",
    "gb18030": "gbk",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "cp950": "big5",
}
"""What else somebody may ask for, as Python calls it: Windows' form holds all of it."""

_CODECS = {"big5": "cp950"}
"""Python's codec of an encoding, where it bears another name."""

_LONG = ("cp932", "gbk", "big5", "cp949")
"""Encodings with two bytes for a character."""

_MARGIN = 2.0
"""By which the best reading must lead not to be a guess, in natural logarithms."""

MOST_CANDIDATES, MOST_NAMES = 5, 12
"""Readings that are offered, and names that are shown of each."""

_MOST_WEIGHED = 500
"""Parts of paths on which the decision rests, folders first; more tell nothing new."""

_UTF8_FLAG, _UNICODE_PATH = 0x800, 0x7075
_UNIX = (3, 19)
"""What a zip's entries call Unix and macOS, where they were made (APPNOTE 4.4.2)."""


@dataclass(frozen=True)
class ZipNames:
    """The names in an archive, and how they were read.

    Attributes
    ----------
    paths
        Of each entry, in order: safe to show, and different wherever the bytes are.
    encoding
        One of ``ENCODINGS``, for the names that do not say theirs.
    sure
        False where another reading is nearly as likely.
    candidates
        From encoding to names of folders (of files, where folders tell nothing) as they would read
        in it, best first; only readings that differ, and none where nothing was to be decided.
    raw
        Of each entry, in order, the bytes of its name; None where it says how it reads.
    """

    paths: tuple[str, ...]
    encoding: str = "utf-8"
    sure: bool = True
    candidates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raw: tuple[bytes | None, ...] = ()


def zip_names(entries: Sequence[zipfile.ZipInfo], encoding: str = AUTO) -> ZipNames:
    """Read the names of all entries of a zip.

    A name is UTF-8 where its flag says so (APPNOTE 4.4.4, bit 11), or what its Unicode path field
    says (APPNOTE 4.6.9); all others are read together.

    Raises
    ------
    DataError
        See :func:`read_names`.
    """
    names = [_raw(entry) if (told := _told(entry)) is None else told for entry in entries]
    unix = sum(entry.create_system in _UNIX for entry in entries) * 2 > len(entries)
    return read_names(names, unix=unix, encoding=encoding)


def read_names(names: Sequence[str | bytes], *, unix: bool, encoding: str = AUTO) -> ZipNames:
    """Read names of which some are bytes that do not say how.

    Parameters
    ----------
    names
        Of each entry, in order; all bytes among them are read in one encoding.
    unix
        Whether the archive was made on Unix or macOS rather than on Windows.
    encoding
        One of ``ENCODINGS``, or what else it is called; ``"auto"`` finds the likeliest.

    Raises
    ------
    DataError
        If the encoding is none of ``ENCODINGS``, or cannot be what the names were written in.
    """
    found = _decide([name for name in names if isinstance(name, bytes)], unix, encoding)
    read = iter(found.paths)
    paths = (next(read) if isinstance(name, bytes) else visible(name) for name in names)
    raw = (name if isinstance(name, bytes) else None for name in names)
    return replace(found, paths=tuple(paths), raw=tuple(raw))


def _decide(raw: Sequence[bytes], unix: bool, encoding: str) -> ZipNames:
    possible = [name for name in ENCODINGS if _can_be(name, raw)]
    chosen = _asked_for(encoding, possible) if encoding != AUTO else ""
    parts, folders = _telling_parts(raw)
    readings = {name: tuple(_decoded(part, name) for part in parts) for name in possible}
    if not parts:
        return ZipNames(tuple(visible(_decoded(name, chosen or "utf-8")) for name in raw))
    weights = weigh(parts, readings, unix=unix)
    ranked = _different(sorted(weights, key=lambda name: -weights[name]), readings)
    lead = weights[ranked[0]] - max((weights[name] for name in ranked[1:]), default=-inf)
    best = chosen or ranked[0]
    offered = ranked[:MOST_CANDIDATES]
    if readings[best] not in (readings[name] for name in offered):
        offered = [*offered[:-1], best]
    return ZipNames(
        tuple(visible(_decoded(name, best)) for name in raw),
        best,
        bool(chosen) or lead >= _MARGIN,
        {name: tuple(map(visible, readings[name][: min(folders, MOST_NAMES)])) for name in offered},
    )


def visible(text: str) -> str:
    """Replace what cannot be seen, or turns the text around it, by a sign of its own each."""
    return _UNSEEN.sub(lambda found: _sign(ord(found.group())), text)


_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Controls, spaces without width, marks of direction around other text, halves of characters."""


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u2426{code:x}\u2426"


def _raw(entry: zipfile.ZipInfo) -> bytes:
    """Return a name's bytes: ``zipfile`` reads whatever has no flag as cp437, which has all 256."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437")


def _told(entry: zipfile.ZipInfo) -> str | None:
    """Return the name of an entry that says how it reads."""
    if entry.flag_bits & _UTF8_FLAG:
        return entry.orig_filename
    rest = entry.extra
    while len(rest) >= 4:
        kind, size = struct.unpack_from("<HH", rest)
        content, rest = rest[4 : 4 + size], rest[4 + size :]
        if kind == _UNICODE_PATH and content[:5] == _unicode_path_start(_raw(entry)):
            try:
                return content[5:].decode("utf-8") or None
            except UnicodeDecodeError:
                return None
    return None


def _unicode_path_start(raw: bytes) -> bytes:
    """Return version and checksum; a program that renamed the entry has left another checksum."""
    return struct.pack("<BL", 1, zlib.crc32(raw))


def _decoded(raw: bytes, encoding: str) -> str:
    return raw.decode(_CODECS.get(encoding, encoding))


def _can_be(encoding: str, raw: Sequence[bytes]) -> bool:
    """Tell whether an encoding can read all names, and keeps them apart.

    The East Asian ones of Windows have a few characters under two codes.
    """
    try:
        _decoded(b"\n".join(raw), encoding)
    except UnicodeDecodeError:
        return False
    if encoding not in _LONG:
        return True
    odd = {name for name in raw if not name.isascii()}
    return len({_decoded(name, encoding) for name in odd}) == len(odd)


def _asked_for(encoding: str, possible: Sequence[str]) -> str:
    """Return the encoding that somebody asks for, by its name here."""
    try:
        known = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        known = encoding
    known = _ALIASES.get(known, known)
    if known not in ENCODINGS:
        raise DataError(
            f"Names cannot be read as {shown(encoding)}, only as auto or {', '.join(ENCODINGS)}."
        )
    if known not in possible:
        raise DataError(
            f"The names in it are not written in {known}: choose auto or {', '.join(possible)}."
        )
    return known


def _telling_parts(raw: Sequence[bytes]) -> tuple[list[bytes], int]:
    """Return the parts of paths that tell encodings apart, each once, and how many to show.

    Folders come first, and are shown unless only files tell. A slash is never half of a character
    in these encodings; a backslash may be.
    """
    folders: dict[bytes, None] = {}
    files: dict[bytes, None] = {}
    for path in raw:
        if not path.isascii():
            *above, last = path.split(b"/")
            folders.update((part, None) for part in above if not part.isascii())
            if not last.isascii():
                files[last] = None
    parts = [*folders, *files][:_MOST_WEIGHED]
    return parts, len(folders) or len(parts)


def _different(ranked: Sequence[str], readings: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Leave out encodings in which all names read as in a likelier one."""
    first: dict[tuple[str, ...], str] = {}
    for name in ranked:
        first.setdefault(readings[name], name)
    return list(first.values())
