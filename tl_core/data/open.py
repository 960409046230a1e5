"""Where a data set comes from: a folder, an archive, an upload, or a set known by name."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import IO

from tl_core.data.archives.containers import archive_kind
from tl_core.data.archives.unpack import extract
from tl_core.data.catalog import known_name, locate
from tl_core.data.checked import Opened, RecentlyOpened, stamp
from tl_core.data.files import clean
from tl_core.data.limits import ArchiveLimits
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.scan import scan
from tl_core.data.staging import LIMITS
from tl_core.errors import DataError
from tl_core.home import home
from tl_core.steps import Progress


def open_dataset(
    data: str | Path,
    how: ReadAs = AS_FOUND,
    *,
    progress: Progress | None = None,
    decode: bool = True,
) -> Opened:
    """Open a folder or an archive of items, or a set of ``tl_core.data.catalog``, and check it.

    An archive is unpacked once; the next time it is found again.

    Parameters
    ----------
    data
        Path of a folder, a zip or a tar; where nothing lies there, the name of a bundled set
        (``produce/market``) or of a public one that was downloaded (``flowers102``).
    how
        How to read splits and classes out of it, where the evidence shall not decide.
    progress
        Called with the number of files looked at and their total.
    decode
        See :func:`~tl_core.data.scan.scan`.

    Raises
    ------
    UserError
        If nothing of that name exists, or there is no such way to read it.
    ArchiveError
        If the archive is refused.
    DataError
        If there is no readable item of any class, or a public set is not here.
    """
    how.check()
    path = locate(data)
    if path.is_dir():
        return scan(path, how, progress=progress, name=known_name(path), decode=decode)
    if archive_kind(path) is None:
        raise DataError(f"{path.name} is neither a folder nor a zip or tar of class folders.")
    with path.open("rb") as file:
        return scan(add_archive(file, path.name), how, progress=progress, decode=decode)


_recent = RecentlyOpened()


def reopen_dataset(data: str | Path, how: ReadAs = AS_FOUND, *, decode: bool = True) -> Opened:
    """Open a data set as :func:`open_dataset` does; at once if this process had it open before.

    For a server's pages, which need it again with every click: no file of it is looked at unless
    the folder itself has changed since. A file that somebody replaces deep inside of a folder that
    is no upload goes unnoticed.
    """
    path = locate(data)
    if not path.is_dir():
        return open_dataset(data, how, decode=decode)
    found = _recent.get((stamp(path), how))
    if found is None:
        found = open_dataset(data, how, decode=decode)
        _recent.put((stamp(path), how), found)
    return found


def add_archive(file: IO[bytes], name: str, limits: ArchiveLimits = LIMITS) -> Path:
    """Unpack an uploaded archive into this project's home, once for each name and content.

    Parameters
    ----------
    file
        A seekable stream of the archive.
    name
        Its file name, as the sender calls it; only shown.
    limits
        How much it may hold.

    Returns
    -------
    Path
        A folder for ``open_dataset``.

    Raises
    ------
    ArchiveError
        If it is refused; nothing is left on disk.
    """
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    name = title_of(name)
    target = home() / "data" / folder_name(name, digest)
    return target if target.is_dir() else extract(file, target, limits, name=name)


def title_of(name: str) -> str:
    """Return the name of an upload: its file name without folders and without ``.zip`` or so."""
    last = clean(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"(?i)\.(zip|tar|tar\.gz|tgz)$", "", last)[:80].strip() or "data"


def folder_name(name: str, digest: str) -> str:
    """Return the folder of an upload: readable, and decided by its name and its content."""
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    key = hashlib.sha256(f"{name}/{digest}".encode()).hexdigest()[:16]
    return f"{slug}-{key}" if slug else key
