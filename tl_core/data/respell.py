"""The names of an archive, read in another encoding than the likeliest."""

from __future__ import annotations

from dataclasses import replace

from tl_core.data.archives.names import read_names
from tl_core.data.files import Names, clean, misplaced
from tl_core.data.manifest import Brought


def respell(brought: Brought, encoding: str) -> Brought:
    """Return what was brought under the names that its archive has in an encoding.

    Names that say how they are written stay as they are, and so do those that would become too long
    or lead nowhere: half of a character may be a backslash.

    Raises
    ------
    DataError
        If the names cannot have been written in it; those that they can are named.
    """
    if not brought.raw_names:
        return brought
    raw = [bytes.fromhex(name) for name in brought.raw_names.values()]
    read = read_names(raw, unix=False, encoding=encoding)
    names = Names()
    for path in (*brought.files, *brought.left_out):
        if path not in brought.raw_names:
            names.take(path)
    told = {
        old: names.take(_fitting(new, old))
        for old, new in zip(brought.raw_names, read.paths, strict=True)
    }
    return replace(
        brought,
        files={told.get(path, path): stored for path, stored in brought.files.items()},
        left_out={told.get(path, path): reason for path, reason in brought.left_out.items()},
        pages={told.get(path, path): stored for path, stored in brought.pages.items()},
        empty_folders=tuple(told.get(path, path) for path in brought.empty_folders),
        encoding=read.encoding,
    )


def _fitting(new: str, old: str) -> str:
    parts = [part for part in new.replace("\\", "/").split("/") if part not in ("", ".")]
    path = clean("/".join(parts))
    return old if not parts or ".." in parts or misplaced(path) else path
