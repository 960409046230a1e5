"""Where this project keeps what it makes: one folder, ``TL_HOME``, for its own account alone.

Nobody else on the machine gets past that folder, whatever the files in it are. The processes of a
server take their rights away from others nevertheless (:func:`keep_private`), so that a file is
still private where it is copied or moved to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

ASSETS = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent / "assets"
"""What is bundled: weights, backbone facts, sample sets. The wheel has it inside the package."""


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PRIVATE_UMASK = stat.S_IRWXG | stat.S_IRWXO
"""Others' rights, which whatever a server makes goes without."""


def home() -> Path:
    """Return ``$TL_HOME`` (default ``~/.tl_lab``), made if it is missing and closed to others."""
    path = Path(os.environ.get("TL_HOME") or Path.home() / ".tl_lab").expanduser()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if close_to_others(path):  # an older version has left it open: what lies in it, too
        for entry in path.iterdir():
            if not entry.is_symlink():  # it leads elsewhere
                close_to_others(entry)
    return path


def keep_private() -> None:
    """Make whatever this process writes from now on readable for its own account alone."""
    os.umask(PRIVATE_UMASK)


def private_file(path: Path) -> Path:
    """Make an empty file that others may not read, unless it is there; close it to them then."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Never opened where it is there: closing a file drops every lock that this process has on it,
    # SQLite's too, and the database is damaged (https://www.sqlite.org/howtocorrupt.html, 2.2).
    with contextlib.suppress(OSError):  # it is there, or whoever opens it says what is wrong
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    close_to_others(path)
    return path


def log_file(name: str) -> Path:
    """Return the file of a log, ready for lines to be appended."""
    return private_file(home() / "logs" / name)


def close_to_others(path: Path) -> bool:
    """Take others' rights to a file or folder of this account away; tell whether they had any.

    A folder that everybody shares by intention, such as ``/tmp``, stays as it is. Windows keeps its
    rights elsewhere, and what lies in a user's profile is closed to others there.
    """
    if os.name == "nt":
        return False
    with contextlib.suppress(OSError):  # there is none, or its disk knows no rights
        found = path.stat()
        own = found.st_uid == os.geteuid()
        if own and found.st_mode & PRIVATE_UMASK and not found.st_mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(found.st_mode) & ~PRIVATE_UMASK)
            return True
    return False


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees either the old content or the whole new one."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def disk_full(error: Exception) -> bool:
    """Tell whether a file could not be written because there is no room for it."""
    return isinstance(error, OSError) and error.errno in _DISK_FULL


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a temporary file beside ``path`` that takes its place once it is written.

    If anything goes wrong meanwhile, ``path`` stays as it was. A process that is killed leaves the
    temporary file, whose name begins with a dot and the name of ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
