"""Unpacks a tar or tar.gz that nobody vouches for."""

from __future__ import annotations

import gzip
import tarfile
from typing import IO

from tl_core.data.archives.bounded import BoundedReads
from tl_core.data.archives.containers import MOST_HEADER
from tl_core.data.archives.names import read_names
from tl_core.data.staging import StagingFolder

_PIECE = 2**21
"""Bytes of a file that are read at once."""

_CODEC, _ERRORS = "utf-8", "surrogateescape"
"""How ``tarfile`` is told to read names, so that their bytes are found again."""


def unpack_tar(source: IO[bytes], staging: StagingFolder, *, packed: bool) -> None:
    """Unpack a tar into a staging folder, under the same limits as a zip.

    All headers are read first, because names are read together, and then the files.

    Parameters
    ----------
    source
        Seekable stream of it.
    staging
        Where to unpack it.
    packed
        Whether it is packed with gzip.

    Raises
    ------
    ArchiveError
        If it is refused.
    """
    source.seek(0)
    plain: IO[bytes] = gzip.GzipFile(fileobj=source) if packed else source  # type: ignore[assignment]
    limits = staging.limits
    deepest = limits.total_bytes + limits.entries * MOST_HEADER
    too_long = staging.refuse("a header in it is too long: make it with an ordinary tar.")
    reads = BoundedReads(plain, too_long, _PIECE, (deepest, staging.too_large()))
    with _opened(reads) as archive:
        members, names = _headers(archive, reads, limits.entries)
        _require_end(archive, reads, staging)
        read = read_names(names, unix=True)
        paths = staging.admit_names(read)
        for member, path in zip(members, paths, strict=True):
            _check(member, path, staging)
        for member, path, raw in zip(members, paths, read.raw, strict=True):
            if path and member.isdir():
                staging.note_folder(path, raw)
            elif path and (stream := archive.extractfile(member)) is not None:
                staging.store(path, stream, raw)


def _opened(reads: BoundedReads) -> tarfile.TarFile:
    reads.budget = MOST_HEADER
    return tarfile.open(fileobj=reads, mode="r:", encoding=_CODEC, errors=_ERRORS)


def _headers(
    archive: tarfile.TarFile, reads: BoundedReads, most: int
) -> tuple[list[tarfile.TarInfo], list[str | bytes]]:
    """Read headers and names, at most one more than so many; pax headers hold names as text."""
    members: list[tarfile.TarInfo] = []
    names: list[str | bytes] = []
    while len(members) <= most and (member := archive.next()) is not None:
        raw = member.name.encode(_CODEC, _ERRORS)
        told = "path" in member.pax_headers and raw.decode(_CODEC, "ignore") == member.name
        members.append(member)
        names.append(member.name if told else raw)
        member.pax_headers = {}  # they may be large
        archive.pax_headers.clear()  # type: ignore[attr-defined]
        reads.budget = MOST_HEADER
    reads.budget = None
    return members, names


def _require_end(archive: tarfile.TarFile, reads: BoundedReads, staging: StagingFolder) -> None:
    """Refuse a tar that does not end in zeros: at a damaged header ``tarfile`` stops and is silent.

    A tar ends with two blocks of zeros (POSIX pax, "ustar Interchange Format").
    """
    if len(archive.getmembers()) > staging.limits.entries:
        return  # it is refused for that, and was not read to its end
    zeros = 0
    reads.seek(archive.offset)
    while block := reads.read(_PIECE):
        if block.strip(b"\0"):
            raise staging.refuse("it is damaged: a header in it cannot be read.")
        zeros += len(block)
    if zeros < tarfile.BLOCKSIZE:
        raise staging.refuse("it is damaged: its end is missing. Copy or download it again.")


def _check(member: tarfile.TarInfo, path: str, staging: StagingFolder) -> None:
    if member.issym() or member.islnk():
        raise staging.refuse(f"{path!r} in it is a link.")
    if member.issparse():
        raise staging.refuse(f"{path!r} in it is stored with holes: make it with an ordinary tar.")
    if not (member.isreg() or member.isdir()):
        raise staging.refuse(f"{path!r} in it is a special file.")
