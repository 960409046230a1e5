"""Unpacks a zip that nobody vouches for."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from tl_core.data.limits import ArchiveLimits
from tl_core.data.staging import LIMITS, StagingFolder, refusing_full_disk
from tl_core.errors import ArchiveError

_BYTES_PER_ENTRY = 256
"""Of a zip's table of contents, on average; names are rarely longer than that."""

_DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError,
    ValueError, IndexError, RuntimeError,
)  # fmt: skip
"""What ``zipfile`` raises when it is fed nonsense."""


def extract(
    source: Path | IO[bytes],
    target: Path,
    limits: ArchiveLimits = LIMITS,
    *,
    name: str | None = None,
) -> Path:
    """Unpack a zip of class folders.

    Sizes are counted while unpacking, whatever the headers claim. A file that alone is too large is
    left out and named in the health report; every other fault refuses the zip.

    Parameters
    ----------
    source
        The zip, or a seekable stream of it.
    target
        The folder to make. If it is there already, it is left as it is.
    limits
        How much the zip may hold.
    name
        What to call the data set; the zip's name unless given.

    Returns
    -------
    Path
        ``target``, for ``scan``.

    Raises
    ------
    ArchiveError
        With one sentence, if the zip is damaged, encrypted or too large, holds links, special
        files, other archives or paths that lead out of it. Nothing is left on disk.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return extract(file, target, limits, name=name or source.stem)
    with StagingFolder(target.parent, name or "The zip", limits) as staging:
        unpack(source, staging)
        staging.layout()  # refuses too many classes
        return staging.commit(target)


def unpack(source: IO[bytes], staging: StagingFolder) -> None:
    """Unpack a zip into a staging folder; see :func:`extract`.

    Raises
    ------
    ArchiveError
        If the zip is refused.
    """
    try:
        bounded = _BoundedReads(source, staging.limits.entries * _BYTES_PER_ENTRY, staging)
        with refusing_full_disk(staging.name), zipfile.ZipFile(bounded) as archive:
            _unpack(archive, staging)
    except _DAMAGE as error:
        raise staging.refuse(f"it is damaged or no zip ({error}).") from error


class _BoundedReads(io.RawIOBase):
    """A stream that refuses to be read in huge pieces.

    ``zipfile`` reads a zip's whole table of contents at once and makes an object of each entry; so
    this bounds them before there is anything to count.
    """

    def __init__(self, stream: IO[bytes], most: int, staging: StagingFolder) -> None:
        self._stream = stream
        self._most = max(most, 2**20)
        self._intake = staging

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise self._intake.refuse("its table of contents is too long.")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


def _unpack(archive: zipfile.ZipFile, staging: StagingFolder) -> None:
    entries = archive.infolist()
    paths = [staging.admit(entry.filename) for entry in entries]
    for entry, path in zip(entries, paths, strict=True):
        _check(entry, path, staging)
    if sum(entry.file_size for entry in entries) > staging.limits.total_bytes:
        raise staging.too_large()
    for entry, path in zip(entries, paths, strict=True):
        if path and not entry.is_dir():
            with archive.open(entry) as stream:
                staging.store(path, stream)


def _check(entry: zipfile.ZipInfo, path: str, staging: StagingFolder) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "a special file"
        raise staging.refuse(f"{path!r} in it is {what}.")
    if entry.flag_bits & 0x1:
        raise staging.refuse("it is encrypted: make one without a password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise staging.refuse("it is packed in an unusual way: make an ordinary zip.")


__all__ = ["ArchiveError", "ArchiveLimits", "extract"]
