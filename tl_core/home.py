"""Where this project keeps what it makes: one folder, ``TL_HOME``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
"""What is bundled with the project: weights, backbone facts, sample sets."""


def home() -> Path:
    """Return ``$TL_HOME`` (default ``~/.tl_lab``), made if it is missing."""
    path = Path(os.environ.get("TL_HOME") or Path.home() / ".tl_lab").expanduser()
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees either the old content or the whole new one."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
