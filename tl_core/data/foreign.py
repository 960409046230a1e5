"""What files really are that are no items, and what to do about them.

The first kind of the table is taken whose content fits, and where content tells nothing, the one
whose names fit. What can be read as an item is never called foreign, whatever its name; the one
exception are the raw files of cameras, which hold a small preview that could be read.
"""

from __future__ import annotations

import codecs
import os
import re
import struct
from pathlib import Path

from tl_core.data.foreign_kinds import KINDS, Kind
from tl_core.data.passing import ICLOUD_NAME, passing_rule
from tl_core.reading import Unreadable, opened

EMPTY = "is empty (0 bytes): it was not copied or downloaded. Bring it again."
ZEROS = (
    "has nothing but zeros where a photo begins: copying or downloading it was broken off. Bring "
    "it again."
)
RAW = "is a raw file of a camera: develop it, or bring the JPEG that the camera wrote beside it."
ICLOUD = (
    "is only a placeholder of iCloud for {name!r}, which was never downloaded: in Finder choose "
    "Download Now on it, and bring the folder again."
)
TEXT = "is a text, not a photo: its download may have failed. Bring the photo itself."

READABLE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|II[*+]\0|MM\0[*+]|"
    rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0|P[1-7FfyY]\s+(#[^\r\n]*[\r\n]\s*)*[\dW]|"
    rb"\0...ftyp(hei[csmx]|hev[cmsx]|mif[12]|msf1|avi[fos])",
    re.DOTALL,
)
"""How files begin that can be read as items, of every kind of data."""

_RAW_NAME = re.compile(
    r".*\.(3fr|arw|bay|cr2|cr3|crw|dcr|dng|erf|fff|gpr|iiq|k25|kdc|mef|mos|mrw|nef|nrw|orf|pef|"
    r"ptx|raf|raw|rw2|rwl|sr2|srf|srw|x3f)"
)
_RAW_START = re.compile(
    rb"II\*\0....CR|\0...ftypcrx|FUJIFILMCCD-RAW|IIU\0|IIR[OS]|MMOR|FOVb|\0MRM|"
    rb"II\x1a\0\0\0HEAPCCDR",
    re.DOTALL,
)
"""CR2, CR3, RAF, RW2, ORF, X3F, MRW and CRW; the others are TIFFs: see :func:`_is_raw_tiff`."""

START = 4096
"""Bytes at the beginning of a file by which it is judged."""

_LONG = 4
"""What TIFF calls a number of 32 bits."""

_BY_SUFFIX = {suffix: kind for kind in reversed(KINDS) for suffix in kind.suffixes}


def foreign(path: str, start: bytes, size: int) -> str | None:
    """Say what a file really is that is no item.

    Parameters
    ----------
    path
        Of the file, with forward slashes.
    start
        Its first :data:`START` bytes.
    size
        Of the whole file, in bytes.

    Returns
    -------
    str or None
        The reason and its remedy, to follow the path; None if nothing is known against it: it can
        be read, or is damaged.
    """
    name = path.rpartition("/")[2]
    if placeholder := ICLOUD_NAME.fullmatch(name):
        return ICLOUD.format(name=placeholder[1])
    if not size:
        return EMPTY
    by_name, raw_name = _by_name(name.lower()), _RAW_NAME.fullmatch(name.lower()) is not None
    if not start.strip(b"\0"):
        return by_name.reason if by_name else ZEROS
    if _RAW_START.match(start) or _is_raw_tiff(start, raw_name):
        return RAW
    if READABLE.match(start):
        return None
    found = next((kind for kind in KINDS if kind.start and kind.start.match(start)), None)
    if found is None or found.wrapper:
        found = by_name or found
    if found is not None:
        return found.reason
    if raw_name:
        return RAW
    return TEXT if _is_text(start) else None


def foreign_file(file: Path) -> str | None:
    """Say of a file on this machine what :func:`foreign` says; None also if it cannot be read."""
    try:
        with opened(file) as stream:
            return foreign(file.as_posix(), stream.read(START), os.fstat(stream.fileno()).st_size)
    except Unreadable:
        return None


def _by_name(name: str) -> Kind | None:
    """Find the kind of a name in lower case: by its last two suffixes, its last, or as a whole."""
    parts = name.split(".")
    return _BY_SUFFIX.get(".".join(parts[-2:])) or _BY_SUFFIX.get(parts[-1])


def _is_raw_tiff(start: bytes, raw_name: bool) -> bool:
    """Tell whether a TIFF is a camera's raw file.

    A DNG says its version (DNG 1.7, tag 50706). In the others of that build the first directory
    bears the camera's name (TIFF 6.0, tag 271) and describes a mere preview (tag 254 is 1); where
    the sensor's values lie, says tag 330.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(start[:4])
    if order is None or raw_name:
        return order is not None
    tags: dict[int, int] = {}
    try:
        (at,) = struct.unpack_from(f"{order}L", start, 4)
        (count,) = struct.unpack_from(f"{order}H", start, at)
        for number in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHL4s", start, at + 2 + 12 * number)
            tags[tag] = struct.unpack(f"{order}L", value)[0] if kind == _LONG else 0
    except struct.error:
        pass  # the directory goes on behind the start
    return 50706 in tags or (tags.get(254) == 1 and 271 in tags and 330 in tags)


def _is_text(start: bytes) -> bool:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # it may end inside of one
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c.isspace() for c in text)


__all__ = ["READABLE", "foreign", "passing_rule"]
