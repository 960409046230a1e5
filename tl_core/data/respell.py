"""The names of an archive, read in another encoding than the likeliest."""

from __future__ import annotations

from dataclasses import replace

from tl_core.data.archives.names import read_names
from tl_core.data.files import Names, clean
from tl_core.data.manifest import Brought


def respell(brought: Brought, encoding: str) -> Brought:
    """Return what was brought under the names that its archive has in an encoding.

    Names that say how they are written stay as they are.

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
    told = {
        old: names.take(clean(new.replace("\\", "/").strip("/")))
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
