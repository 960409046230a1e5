"""Keep of an upload what training needs: readable items in class folders, no larger than useful.

Runs in the process of :mod:`tl_core.server.upload_worker`, which may be killed at any time.
"""

from __future__ import annotations

from tl_core.data.scan import nothing_found
from tl_core.data.staging import StagingFolder
from tl_core.errors import DataError
from tl_core.modalities import Modality, modality_of
from tl_core.server.limits import UploadLimits
from tl_core.steps import Progress


def keep_items(
    staging: StagingFolder, limits: UploadLimits, progress: Progress | None = None
) -> Modality:
    """Check every item of a staging folder; leave out what is none, shrink what is too large.

    Returns
    -------
    Modality
        The kind of data that they are.

    Raises
    ------
    ArchiveError
        If there are too many items or classes.
    DataError
        If not one item in a class folder can be used.
    """
    layout = staging.layout()
    for path in layout.outside:
        if path in staging.files:
            staging.skip(path, "it lies in no class folder.")
    paths = list(staging.files)
    kind = modality_of(paths)
    if len(paths) > limits.items:
        raise staging.refuse(
            f"it holds {len(paths):,} {kind.plural}, and at most {limits.items:,} can be taken in "
            "at once. Leave some out of each class."
        )
    # One after the other: several large ones at once would not fit into this process's memory.
    for done, path in enumerate(paths, 1):
        reason = _keep(staging, path, kind, limits.item_work[kind.name])
        if reason is not None:
            staging.skip(path, reason)
        if progress:
            progress(done, len(paths), f"{kind.plural} checked")
    if not staging.files:
        named = {path.removeprefix(layout.prefix): why for path, why in staging.skipped.items()}
        inside = {path: why for path, why in named.items() if path in layout.placed}
        raise nothing_found(staging.name, kind, layout, inside)
    return kind


def _keep(staging: StagingFolder, path: str, kind: Modality, most: float) -> str | None:
    """Bring one item into its final form; return why it cannot be used, if so."""
    file = staging.folder / staging.files[path]
    try:
        rewritten = kind.shrink(file.read_bytes(), most)
    except DataError as error:
        return str(error)
    except MemoryError:
        return f"the {kind.noun} is too large for this server: make it smaller."
    if rewritten is not None:
        file.write_bytes(rewritten.content)
        staging.shrunk += rewritten.smaller
    return None
