"""What pages need of files that lie on this server already: the checking process makes it.

The process of the pages decodes nothing, not even what was checked when it came in: a file may have
been stored by an older version, and a bundled set may have been changed by hand.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from tl_core.cache import digest
from tl_core.data.catalog import locate
from tl_core.data.checked import Opened
from tl_core.data.facts import Unchecked
from tl_core.data.open import reopen_dataset
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.errors import ArchiveError, DataError
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import preview_of
from tl_core.server.upload_spool import UploadSpool, spool_folder

PREVIEW_SECONDS = 20
"""For all previews that a screen needs at once, and for waiting until others have got theirs."""


REFUSED_SECONDS = 60.0
"""For which a set that was refused is refused again without another look: screens are drawn often,
and each look takes a process."""

_refused: OrderedDict[tuple[str, ReadAs], tuple[float, str]] = OrderedDict()
_MOST_REFUSED = 1000


def open_checked(data: str, how: ReadAs = AS_FOUND) -> Opened:
    """Open a data set as :func:`~tl_core.data.open.reopen_dataset` does, and decode nothing here.

    Files that nobody has checked yet, and stored sets that nobody has read so yet, are checked by a
    process of their own first, once for all learners.

    Raises
    ------
    UserError, DataError
        As there, and if the check takes too long.
    """
    found = _known(data, how)
    if found is not None:
        return found
    root = locate(data)
    since, why = _refused.get((str(root), how), (-REFUSED_SECONDS, ""))
    if time.monotonic() - since < REFUSED_SECONDS:
        raise DataError(why)
    try:
        _have_checked(data, root, how)
    except ArchiveError as error:
        _refused[str(root), how] = time.monotonic(), str(error)
        if len(_refused) > _MOST_REFUSED:
            _refused.popitem(last=False)
        raise
    found = _known(data, how)
    if found is None:
        raise DataError("These photos are still being checked. Come back in a few minutes.")
    return found


def _have_checked(data: str, root: Path, how: ReadAs) -> None:
    """Have a set checked by a process, unless somebody else has it done meanwhile."""
    limits = UploadLimits.from_environment()
    with (
        contextlib.suppress(Timeout),
        FileLock(spool_folder() / f"scan-{digest(str(root))}.lock", timeout=limits.seconds),
    ):
        if _known(data, how) is None:
            with UploadSpool(root.name, limits) as spool:
                spool.file.write_text(str(root), encoding="utf-8")
                spool.look("scan", how=how)


def _known(data: str, how: ReadAs) -> Opened | None:
    """Open a data set if every file of it was checked before."""
    try:
        return reopen_dataset(data, how, decode=False)
    except Unchecked:
        return None


def previews(groups: Sequence[Sequence[Path]]) -> list[Path | None]:
    """Return a picture of each file, or a sheet of several; make those that are missing.

    All that are missing are made by one process. None stands for what is gone, cannot be shown, or
    cannot be shown yet.
    """
    places = [_place(files) for files in groups]
    missing = {
        place: files
        for place, files in zip(places, groups, strict=True)
        if place is not None and not place.exists()
    }
    if missing:
        _make(missing)
    return [place if place is not None and _filled(place) else None for place in places]


def _place(files: Sequence[Path]) -> Path | None:
    try:
        return preview_of(files)
    except OSError:  # removed meanwhile
        return None


def _filled(place: Path) -> bool:
    try:
        return place.stat().st_size > 0
    except OSError:
        return False


def _make(missing: dict[Path, Sequence[Path]]) -> None:
    try:
        with FileLock(spool_folder() / "previews.lock", timeout=PREVIEW_SECONDS):
            wanted = [
                ([str(file) for file in files], str(place))
                for place, files in missing.items()
                if not place.exists()  # others may have got it made meanwhile
            ]
            if not wanted:
                return
            limits = replace(UploadLimits.from_environment(), seconds=PREVIEW_SECONDS)
            with UploadSpool("previews", limits) as spool:
                spool.file.write_text(json.dumps(wanted), encoding="utf-8")
                spool.look("previews")
    except (Timeout, ArchiveError):
        pass  # they are asked for again with the next draw
