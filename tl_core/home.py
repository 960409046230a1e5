"""Where this project keeps what it makes: one folder, ``TL_HOME``."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

ASSETS = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent / "assets"
"""What is bundled: weights, backbone facts, sample sets. The wheel has it inside the package."""


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def home() -> Path:
    """Return ``$TL_HOME`` (default ``~/.tl_lab``), made if it is missing."""
    path = Path(os.environ.get("TL_HOME") or Path.home() / ".tl_lab").expanduser()
    path.mkdir(parents=True, exist_ok=True)
    return path


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
