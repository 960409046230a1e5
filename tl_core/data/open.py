"""Where a data set comes from: a folder, a zip, an upload, or a set that is known by name."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path
from typing import IO

from tl_core.data.archive import extract
from tl_core.data.catalog import known_name, locate
from tl_core.data.checked import RecentlyOpened, stamp
from tl_core.data.files import clean
from tl_core.data.health import HealthReport
from tl_core.data.limits import ArchiveLimits
from tl_core.data.scan import scan
from tl_core.data.spec import DatasetSpec
from tl_core.data.staging import LIMITS
from tl_core.errors import DataError
from tl_core.home import home
from tl_core.steps import Progress


def open_dataset(
    data: str | Path, *, progress: Progress | None = None, look: bool = True
) -> tuple[DatasetSpec, HealthReport]:
    """Open a folder or zip of class folders, or a set of ``tl_core.data.catalog``, and check it.

    A zip is unpacked once; the next time it is found again.

    Parameters
    ----------
    data
        Path of a folder or a zip; where nothing lies there, the name of a bundled set
        (``produce/market``) or of a public one that was downloaded (``flowers102``).
    progress
        Called with the number of files checked and their total.
    look
        Whether items that were never checked may be opened: see :func:`~tl_core.data.scan.scan`.

    Raises
    ------
    UserError
        If nothing of that name exists.
    ArchiveError
        If the zip is refused.
    DataError
        If there is no readable item in any class folder, or a public set is not here.
    """
    path = locate(data)
    if path.is_dir():
        return scan(path, progress=progress, name=known_name(path), look=look)
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path.name} is neither a folder nor a zip of class folders.")
    with path.open("rb") as file:
        return scan(add_archive(file, path.name), progress=progress, look=look)


_recent = RecentlyOpened()


def reopen_dataset(data: str | Path, *, look: bool = True) -> tuple[DatasetSpec, HealthReport]:
    """Open a data set as :func:`open_dataset` does; at once if this process had it open before.

    For a server's pages, which need it again with every click: no file of it is looked at unless
    the folder itself has changed since. A file that somebody replaces deep inside of a folder that
    is no upload goes unnoticed.
    """
    path = locate(data)
    if not path.is_dir():
        return open_dataset(data, look=look)
    found = _recent.get(stamp(path))
    if found is None:
        found = open_dataset(data, look=look)
        _recent.put(stamp(path), found)
    return found


def add_archive(file: IO[bytes], name: str, limits: ArchiveLimits = LIMITS) -> Path:
    """Unpack an uploaded zip into this project's home, once for each name and content.

    Parameters
    ----------
    file
        A seekable stream of the zip.
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
    """Return the name of an upload: its file name without folders and without ``.zip``."""
    last = clean(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"(?i)\.zip$", "", last)[:80].strip() or "data"


def folder_name(name: str, digest: str) -> str:
    """Return the folder of an upload: readable, and decided by its name and its content."""
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    key = hashlib.sha256(f"{name}/{digest}".encode()).hexdigest()[:16]
    return f"{slug}-{key}" if slug else key
