"""The reading of a set: from a list of files to splits and classes, by evidence.

A pure function of paths, a few facts of each file and the text of tables: nothing is opened. What
says nothing is taken away first (second copies, masks, wrappers; :mod:`.tree`, :mod:`.masks`); then
every possible reading is worked out (:mod:`.candidates`) and weighed (:mod:`.choose`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tl_core.data.layout.candidates import Ground
from tl_core.data.layout.choose import choose
from tl_core.data.layout.masks import find_masks
from tl_core.data.layout.result import Result
from tl_core.data.layout.tree import Spot, folders_of, outline, second_copies
from tl_core.data.layout.values import LAYOUTS, Other, Place, Reading, Seen, Suggestion
from tl_core.errors import ConfigError
from tl_core.modalities import looks_like_an_item

__all__ = ["LAYOUTS", "Other", "Place", "Reading", "Seen", "Suggestion", "read_layout"]


def read_layout(
    files: Sequence[Seen],
    *,
    choice: str = "auto",
    tables: Mapping[str, str] = MappingProxyType({}),
    empty_folders: Sequence[str] = (),
) -> Reading:
    """Read splits and classes from a list of files, in the time that reading the paths takes.

    Parameters
    ----------
    files
        All files of the set, in any order.
    choice
        The reading to take, of ``LAYOUTS``.
    tables
        From the path of a CSV or TSV file to its text.
    empty_folders
        Paths of folders that hold nothing.

    Returns
    -------
    Reading
        ``placed``, ``left_out`` and ``passed_over`` together hold every file once.

    Raises
    ------
    ConfigError
        If there is no reading of that name.
    """
    if choice not in LAYOUTS:
        raise ConfigError(f"The layout is {choice!r}; it has to be one of {', '.join(LAYOUTS)}.")
    files = sorted(files, key=lambda file: file.path)
    copies = second_copies(files)
    passed = set(copies.passed)
    files = [file for file in files if file.path not in passed]
    masks = find_masks(files)
    hollow = [f"{folder.rstrip('/')}/" for folder in sorted(empty_folders)]
    evidence = _evidence(files, masks)
    paths = [*(file.path for file in files), *hollow]
    folders = {path: folders_of(path, copies.folders) for path in paths}
    found = outline(Counter(folders[path] for path in evidence))
    left_out, spots = dict(masks), []
    for path in paths:
        inside = found.inside(folders[path])
        if inside is not None:
            spots.append(Spot(path, inside, path in evidence))
        else:
            left_out.setdefault(
                path, f"it lies beside the folder {found.wrapper[0]}, which holds the set."
            )
    ground = Ground(spots)
    chosen = choose(ground, tables, choice)
    return Result(files, ground, chosen, masks, left_out).reading(found.wrapper, copies)


def _evidence(files: Sequence[Seen], masks: Mapping[str, str]) -> set[str]:
    """Return the paths that speak: usable items, or whatever there is where none is usable."""
    items = {file.path for file in files if file.usable and file.path not in masks}
    return (
        items
        or {file.path for file in files if looks_like_an_item(file.path)}
        or {file.path for file in files}
    )
