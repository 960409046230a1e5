"""What a packed file is, and whether there are items in it.

Zips and tars can be read. Office documents, programs and weights are zips as well, which one tells
by marks that each of them must hold.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tl_core.data.archives.bounded import BoundedReads
from tl_core.modalities import looks_like_an_item

_ONE_PIECE = "unpack it, and bring the folder itself or a zip of it."

UNREAD = {
    "split zip": "it is one part of a split zip: put all parts into one folder, unpack them "
    "together, and bring the folder itself or a zip in one piece.",
    "office document": "it is an office document, not a zip of photos: save the photos in it as "
    "files, one folder for each class.",
    "document": "it is a document, not a zip of photos: save the photos in it as files, one folder "
    "for each class.",
    "program": "it is a program, not a zip of photos.",
    "7z": f"it is a 7z archive, and only zip and tar are read: {_ONE_PIECE}",
    "rar": f"it is a RAR archive, and only zip and tar are read: {_ONE_PIECE}",
    "bz2": f"it is packed with bzip2, and only zip, tar and tar.gz are read: {_ONE_PIECE}",
    "xz": f"it is packed with xz, and only zip, tar and tar.gz are read: {_ONE_PIECE}",
    "zst": f"it is packed with Zstandard, and only zip, tar and tar.gz are read: {_ONE_PIECE}",
    "gz": "it is one file packed with gzip, not a set of photos: bring a folder, zip or tar.gz.",
    "cab": f"it is a CAB archive, and only zip and tar are read: {_ONE_PIECE}",
    "disk image": "it is an image of a disk: open it, and bring the folder in it or a zip of that.",
}
"""What to do with an archive that is not read, by its kind; each follows the name of the upload."""

_STARTS = (
    ("zip", b"PK\x03\x04"),
    ("zip", b"PK\x05\x06"),
    ("split zip", b"PK\x07\x08"),
    ("split zip", b"PK00PK\x03\x04"),
    ("gz", b"\x1f\x8b\x08"),
    ("bz2", b"BZh"),
    ("xz", b"\xfd7zXZ\x00"),
    ("zst", b"\x28\xb5\x2f\xfd"),
    ("7z", b"7z\xbc\xaf\x27\x1c"),
    ("rar", b"Rar!\x1a\x07"),
    ("cab", b"MSCF\x00\x00\x00\x00"),
)

_MARKS = (
    ("office document", re.compile(r"\[Content_Types\]\.xml|Index/Document\.iwa|Index\.zip")),
    ("document", re.compile(r"mimetype|geogebra\.xml|doc\.kml")),
    ("program", re.compile(r"META-INF/MANIFEST\.MF|AndroidManifest\.xml")),
)
"""Names without which a zip is no office document (OOXML, iWork), no ODF, EPUB, OpenRaster,
GeoGebra or KML file, no program for Java or Android."""

_PART = re.compile(r"(?i)\.(z\d\d|zip\.\d{3})$")
_PACKED = re.compile(r"(?i)\.(zip|tar|tgz|tar\.gz|tbz2?|txz|7z|rar)$")
_TAR_INSIDE = re.compile(r"(?i)\.(tar\.\w+|tzst)$")

_END, _END_BYTES = b"PK\x05\x06", 22
"""A zip's end of its table of contents (APPNOTE 4.3.16), which a comment may follow."""

_OPENERS: dict[str, Callable[..., Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}

_MOST_TABLE, _MOST_UNPACKED = 12 * 2**20, 256 * 2**20
"""Bytes of a zip's table of contents, and of a tar.gz: more is not looked through for items."""

MOST_HEADER = 2**13
"""Bytes of one entry's headers in a tar: a path and a few attributes. ``tarfile`` needs time and
memory that grow with the square of it (CVE-2024-6232)."""

_MOST_NAMES = 100_000

_DAMAGE = (
    OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error,
    EOFError, ValueError, IndexError, RuntimeError,
)  # fmt: skip


def archive_kind(source: Path | IO[bytes], name: str = "") -> str | None:
    """Tell what kind of archive a file is, by its content.

    Parameters
    ----------
    source
        The file, or a seekable stream of it; where a stream stands does not change.
    name
        What the file is called, if it is a stream: of a split zip, some parts tell only by it.

    Returns
    -------
    str or None
        ``"zip"``, ``"tar"`` or ``"tar.gz"``, which can be read; a key of ``UNREAD``; None if it is
        no archive.
    """
    with _opened(source) as stream:
        kind = _by_start(stream, name or (source.name if isinstance(source, Path) else ""))
        if kind in ("zip", None) and zipfile.is_zipfile(stream):
            return _kind_of_zip(stream)
        return kind


def holds_items(path: str, stream: IO[bytes]) -> bool | None:
    """Tell whether an archive holds items, by the names in its table of contents.

    Parameters
    ----------
    path
        Of the archive.
    stream
        Its content, seekable.

    Returns
    -------
    bool or None
        True also if it holds archives. False if it is no archive, damaged, or an office document or
        the like, whatever pictures that holds. None if it cannot be looked into.
    """
    with _opened(stream):
        kind = _by_start(stream, path)
        try:
            if kind == "zip":
                kind = _kind_of_zip(stream)
            if kind in ("zip", "tar", "tar.gz"):
                names = _names_in_zip(stream) if kind == "zip" else _names_in_tar(stream, kind)
                return any(looks_like_an_item(name) or _PACKED.search(name) for name in names)
            if kind in ("bz2", "xz", "zst"):
                return None if _tar_below(stream, kind, path) else False
        except _TooMuch:
            return None
        except _DAMAGE:
            return False
    return False if kind in (None, "gz", "office document", "document", "program") else None


def nested_archive(path: str, source: Path | IO[bytes]) -> str | None:
    """Say of a file in a data set that it is an archive of items, which has to be unpacked first.

    Parameters
    ----------
    path
        Of the file, as the person calls it.
    source
        The file where it lies, or a seekable stream of it; where that stands does not change.

    Returns
    -------
    str or None
        The reason to refuse the data set; None where the file may be left out by name instead.
    """
    with _opened(source) as stream:
        found = holds_items(path, stream)
    if found:
        return f"it holds another archive, {path!r}: unpack that first."
    if found is None:
        return (
            f"it holds another archive, {path!r}, which cannot be looked into here: unpack that "
            "first, or leave it out."
        )
    return None


class _TooMuch(Exception):
    """A table of contents is longer than what is looked through."""


@contextmanager
def _opened(source: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a file, or go to the start of a stream and back in the end."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
        return
    before = source.tell()
    source.seek(0)
    try:
        yield source
    finally:
        source.seek(before)


def _by_start(stream: IO[bytes], name: str) -> str | None:
    start = stream.read(tarfile.BLOCKSIZE)
    kind = next((kind for kind, sign in _STARTS if start.startswith(sign)), None)
    if _PART.search(name) and kind in ("zip", None):
        return "split zip"
    if kind == "gz":
        return "tar.gz" if _tar_below(stream, kind, name) else "gz"
    if kind is None and _is_tar(start):
        return "tar"
    if kind is None and stream.seek(0x8001) and stream.read(5) == b"CD001":  # ISO 9660, 6.1
        return "disk image"
    return kind


def _is_tar(start: bytes) -> bool:
    """Tell whether a block is a tar's header, by its checksum."""
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _tar_below(stream: IO[bytes], kind: str, name: str) -> bool:
    """Tell whether what is packed in a stream is a tar."""
    if kind == "zst":
        return _TAR_INSIDE.search(name) is not None
    stream.seek(0)
    unpacked: IO[bytes] = _OPENERS[kind](stream)
    try:
        return _is_tar(unpacked.read(tarfile.BLOCKSIZE))
    except _DAMAGE:
        return False


def _kind_of_zip(stream: IO[bytes]) -> str:
    """Tell an archive from one part of several and from documents."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _END_BYTES - 2**16))
    tail = stream.read()
    at = tail.rfind(_END)
    if at >= 0 and any(disk not in (0, 0xFFFF) for disk in struct.unpack_from("<2H", tail, at + 4)):
        return "split zip"
    try:
        names = set(_names_in_zip(stream))
    except (_TooMuch, *_DAMAGE):
        return "zip"  # whoever unpacks it says what is wrong
    return next((kind for kind, mark in _MARKS if any(map(mark.fullmatch, names))), "zip")


def _names_in_zip(stream: IO[bytes]) -> list[str]:
    stream.seek(0)
    with zipfile.ZipFile(BoundedReads(stream, _TooMuch(), _MOST_TABLE)) as archive:
        return [entry.filename for entry in archive.infolist()]


def _names_in_tar(stream: IO[bytes], kind: str) -> Iterator[str]:
    stream.seek(0)
    plain: IO[bytes] = gzip.GzipFile(fileobj=stream) if kind == "tar.gz" else stream  # type: ignore[assignment]
    deepest = (_MOST_UNPACKED, _TooMuch()) if kind == "tar.gz" else None
    reads = BoundedReads(plain, _TooMuch(), MOST_HEADER, deepest)
    with tarfile.open(fileobj=reads, mode="r:", errors="surrogateescape") as archive:
        for _ in range(_MOST_NAMES):
            reads.budget = MOST_HEADER
            if (member := archive.next()) is None:
                return
            yield member.name
            archive.members.clear()  # type: ignore[attr-defined]  # it keeps all headers it has seen
            archive.pax_headers.clear()  # type: ignore[attr-defined]
    raise _TooMuch
