"""Unpacks a zip or tar that nobody vouches for."""

from __future__ import annotations

import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from tl_core.data.archives.bounded import BoundedReads
from tl_core.data.archives.containers import UNREAD, archive_kind
from tl_core.data.archives.names import zip_names
from tl_core.data.archives.tars import unpack_tar
from tl_core.data.layout import Seen, read_layout
from tl_core.data.limits import ArchiveLimits
from tl_core.data.staging import LIMITS, StagingFolder, refusing_full_disk
from tl_core.errors import ArchiveError

_BYTES_PER_ENTRY = 256
"""Of a zip's table of contents, on average; names are rarely longer than that."""

_DAMAGE = (
    OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError,
    ValueError, IndexError, RuntimeError,
)  # fmt: skip
"""What ``zipfile`` and ``tarfile`` raise when they are fed nonsense."""


def extract(
    source: Path | IO[bytes],
    target: Path,
    limits: ArchiveLimits = LIMITS,
    *,
    name: str | None = None,
) -> Path:
    """Unpack a zip, tar or tar.gz of class folders.

    Sizes are counted while unpacking, whatever the headers claim. A file that alone is too large is
    left out and named in the health report; every other fault refuses the archive.

    Parameters
    ----------
    source
        The archive, or a seekable stream of it.
    target
        The folder to make. If it is there already, it is left as it is.
    limits
        How much the archive may hold.
    name
        What to call the data set; the archive's name unless given.

    Returns
    -------
    Path
        ``target``, for ``scan``.

    Raises
    ------
    ArchiveError
        With one sentence, if it is damaged, encrypted, too large or of another kind, holds links,
        special files, other archives or paths that lead out of it. Nothing is left on disk.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return extract(file, target, limits, name=name or source.stem)
    with StagingFolder(target.parent, name or "The zip", limits) as staging:
        unpack(source, staging)
        reading = read_layout([Seen(path) for path in staging.brought.files])
        staging.require_few(len({place.label for place in reading.placed.values()}))
        return staging.commit(target)


def unpack(source: IO[bytes], staging: StagingFolder) -> None:
    """Unpack an archive into a staging folder, and note there how its names were read.

    See :func:`extract`.

    Raises
    ------
    ArchiveError
        If the archive is refused.
    """
    kind = archive_kind(source, staging.name)
    if kind in UNREAD:
        raise staging.refuse(UNREAD[kind])
    try:
        with refusing_full_disk(staging.name):
            if kind in ("tar", "tar.gz"):
                unpack_tar(source, staging, packed=kind == "tar.gz")
            else:
                _unpack_zip(source, staging)
    except ArchiveError:
        raise
    except _DAMAGE as error:
        what = "it is damaged" if kind else "it is damaged or no zip or tar"
        details = "" if isinstance(error, OSError) else f" ({error})"  # seeking outside of the file
        raise staging.refuse(f"{what}{details}: copy or download it again.") from error


def _unpack_zip(source: IO[bytes], staging: StagingFolder) -> None:
    most = max(staging.limits.entries * _BYTES_PER_ENTRY, 2**20)
    reads = BoundedReads(source, staging.refuse("its table of contents is too long."), most)
    with zipfile.ZipFile(reads) as archive:
        entries = archive.infolist()
        names = zip_names(entries)
        paths = staging.admit_names(names)
        for entry, path in zip(entries, paths, strict=True):
            _check(entry, path, staging)
        if sum(entry.file_size for entry in entries) > staging.limits.total_bytes:
            raise staging.too_large()
        for entry, path, full, raw in zip(entries, paths, names.paths, names.raw, strict=True):
            if path and full.endswith(("/", "\\")):
                staging.note_folder(path, raw)
            elif path:
                with archive.open(entry) as stream:
                    staging.store(path, stream, raw)


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
