"""Keep of an upload what training needs: readable items, no larger than useful.

Runs in the process of :mod:`tl_core.server.upload_worker`, which may be killed at any time. What is
a class is no matter here: that is read from what is kept, and may be read otherwise later.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from tl_core.data.facts import no_item
from tl_core.data.foreign import START, foreign
from tl_core.data.pages import MOST, further_pages
from tl_core.data.staging import StagingFolder
from tl_core.data.tables import is_table
from tl_core.errors import DataError
from tl_core.modalities import Kept, Modality, modality_of
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import upload_preview
from tl_core.steps import Progress


def keep_items(
    staging: StagingFolder, limits: UploadLimits, progress: Progress | None = None
) -> Modality:
    """Check every file of a staging folder; leave out what is no item, shrink what is too large.

    Tables stay as they are: they may hold labels.

    Returns
    -------
    Modality
        The kind of data that the items are.

    Raises
    ------
    ArchiveError
        If there are too many items.
    """
    kind = modality_of(list(staging.brought.files))
    paths = _candidates(staging, kind)
    if len(paths) > limits.items:
        raise staging.refuse(
            f"it holds {len(paths):,} {kind.plural}, and at most {limits.items:,} can be taken in "
            "at once. Leave some out of each class."
        )
    keeper = _Keeper(staging, kind, limits, limits.items - len(paths))
    # One after the other: several large ones at once would not fit into this process's memory.
    for done, path in enumerate(paths, 1):
        if reason := keeper.keep(path):
            staging.leave_out(path, reason)
        if progress:
            progress(done, len(paths), f"{kind.plural} checked")
    return kind


def _candidates(staging: StagingFolder, kind: Modality) -> list[str]:
    """Leave out what cannot be an item, and return the files that may be one."""
    paths = []
    for path, stored in list(staging.brought.files.items()):
        file = staging.folder / stored
        with file.open("rb") as stream:
            reason = no_item(kind, path, stream.read(START), file.stat().st_size)
        if reason is None:
            paths.append(path)
        elif not is_table(path):
            staging.leave_out(path, reason)
    return paths


class _Keeper:
    """Brings items into their final form; ``room`` further pages may be kept."""

    def __init__(
        self, staging: StagingFolder, kind: Modality, limits: UploadLimits, room: int
    ) -> None:
        self._staging, self._kind, self._room = staging, kind, room
        self._most = limits.item_work[kind.name]

    def keep(self, path: str) -> str | None:
        """Keep one item and its pages; return why it cannot be used, if so."""
        file = self._staging.folder / self._staging.brought.files[path]
        data = file.read_bytes()
        try:
            kept = self._shrink(data, file)
            self._staging.brought.shrunk += kept.content is not None and kept.smaller
            if kept.parts > 1:
                self._keep_pages(path, data)
        except DataError as error:
            return foreign(path, data[:START], len(data)) or str(error)
        except MemoryError:
            return f"the {self._kind.noun} is too large for this server: make it smaller."
        return None

    def _keep_pages(self, path: str, data: bytes) -> None:
        """Keep the further pages of a file, as far as there is room for them."""
        pages = self._staging.brought.pages
        pages[path] = ()
        with contextlib.suppress(DataError):  # behind a damaged page there is none
            for page in further_pages(self._kind, data, min(self._room, MOST)):
                stored = self._staging.place()
                self._shrink(page, self._staging.folder / stored, new=True)
                pages[path] += (stored,)
                self._room -= 1

    def _shrink(self, data: bytes, file: Path, *, new: bool = False) -> Kept:
        """Write what is kept of an item, and its preview; a new one is not in its file yet."""
        kept = self._kind.shrink(data, self._most)
        if new or kept.content is not None:
            file.write_bytes(data if kept.content is None else kept.content)
        preview = upload_preview(file)
        preview.parent.mkdir(exist_ok=True)
        preview.write_bytes(kept.preview)
        return kept
