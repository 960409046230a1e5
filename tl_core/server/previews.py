"""Where the pictures lie that stand for items on the screen. The checking process makes them.

The preview of an upload's file lies in the upload, and goes with it. Those of bundled and public
sets lie in ``TL_HOME/cache/previews``, for all learners.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tl_core.cache import digest
from tl_core.data.manifest import MANIFEST
from tl_core.home import home


def previews_folder() -> Path:
    """Return the folder of previews that belong to no upload."""
    return home().resolve() / "cache" / "previews"


def preview_of(files: Sequence[Path]) -> Path:
    """Return where the preview of a file lies, or the sheet of several, once it is made.

    A file that changes gets another one.

    Raises
    ------
    OSError
        If a file is gone.
    """
    if len(files) == 1 and (files[0].parent.parent / MANIFEST).is_file():
        return upload_preview(files[0])
    facts = [(str(file), *_version(file)) for file in files]
    return previews_folder() / f"{digest(facts)}.jpg"


def upload_preview(file: Path) -> Path:
    """Return where the preview of a file of an upload lies, beside the folder of its files."""
    size, changed = _version(file)
    return file.parent.parent / "previews" / f"{file.name}-{size:x}-{changed:x}.jpg"


def picture_of(item: Path) -> Path:
    """Return where the picture lies that shows a single item, beside it."""
    return item.with_name(f"{item.stem}.picture")


def _version(file: Path) -> tuple[int, int]:
    facts = os.stat(file)
    return facts.st_size, facts.st_mtime_ns
