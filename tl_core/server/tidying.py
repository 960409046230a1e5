"""Removes files and folders that have served their time."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from tl_core.data.incoming import incoming_folder


def older(folder: Path, than: float, pattern: str = "*") -> list[Path]:
    """Return what lies in a folder and was last changed before a time (seconds of the epoch)."""
    found = []
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):  # somebody else was quicker
            if path.stat().st_mtime < than:
                found.append(path)
    return found


def discard(path: Path) -> None:
    """Remove a file or a folder; a folder first disappears as a whole, so none is seen in part."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    aside = Path(tempfile.mkdtemp(dir=incoming_folder()))
    with contextlib.suppress(OSError):  # already gone, or held open on Windows: tidied later
        path.rename(aside / "gone")
    shutil.rmtree(aside, ignore_errors=True)
