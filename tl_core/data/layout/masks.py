"""Files that are masks of others: left out, but never for their folder's name alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tl_core.data.layout.file_names import says_nothing
from tl_core.data.layout.tree import Folders
from tl_core.data.layout.values import Seen
from tl_core.data.layout.words import is_mask, is_neutral, split_of

_SUFFIX = re.compile(
    r"(?i)(?<=[ _.)-])(masks?|maske|segmentation|seg|labels?|labelids|gt|ground_?truth|trimap|"
    r"matte|instanceids|l)(?:[ _-]\d{1,2})?$"
)
"""What is added to the name of an item for the file of its mask: ``benign (1)_mask_1``."""

MOST_OF_A_FOLDER = 0.8
"""Share of a folder's files that must look like masks where neither folder nor name says it."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file has of a mask; ``core`` is the name of the item that it would belong to."""

    path: str
    folder: str
    core: str
    named: bool
    suffixed: bool
    few_values: bool
    parallel: Folders

    @property
    def plain(self) -> bool:
        return not (self.named or self.suffixed or self.few_values)

    @property
    def place(self) -> tuple[Folders, str]:
        """Its folders without those that tell items from masks, and its core."""
        return self.parallel, self.core


def find_masks(files: Sequence[Seen]) -> dict[str, str]:
    """Return the masks among some files and why each is left out.

    A name (of the folder or at the end of the file's own) needs a second witness: the item of the
    same name where an item would stand, or few values. A folder ``masks`` of photos beside one of
    ``faces`` is none, and neither is a folder of drawings with few values.
    """
    folders: dict[str, _Folder] = {}
    looks = [_look(file, folders) for file in files if file.usable]
    items = [look for look in looks if look.plain]
    if len(items) == len(looks):
        return {}
    beside = {(look.folder, look.core): look.path for look in items}
    parallel = {look.place: look.path for look in items}
    anywhere = {look.core: look.path for look in items}
    few_named = sum(look.named and look.few_values for look in looks)
    enough = 2 * len(items) >= few_named
    masks: dict[str, str] = {}
    unnamed: list[tuple[_Look, str]] = []
    for look in looks:
        if look.plain:
            continue
        partner = beside.get((look.folder, look.core)) if look.suffixed else None
        partner = partner or (parallel.get(look.place) if look.named else None)
        if not partner and look.few_values and (look.suffixed or not says_nothing(look.core)):
            partner = anywhere.get(look.core)
            if partner and not (look.named or look.suffixed):
                unnamed.append((look, partner))
                continue
        if partner:
            masks[look.path] = _reason(partner)
        elif look.named and look.few_values and enough:
            masks[look.path] = _NO_PARTNER
    return masks | _whole_folders(looks, unnamed)


def _whole_folders(looks: list[_Look], unnamed: list[tuple[_Look, str]]) -> dict[str, str]:
    """Return those that few values and a partner alone speak for, where most of a folder is so."""
    total = Counter(look.folder for look in looks)
    these = Counter(look.folder for look, _ in unnamed)
    return {
        look.path: _reason(partner)
        for look, partner in unnamed
        if these[look.folder] >= MOST_OF_A_FOLDER * total[look.folder]
    }


_NO_PARTNER = (
    "it has few different values and lies in a folder named for masks, so it labels another file "
    "and is no item itself."
)


def _reason(partner: str) -> str:
    return f"it is the mask or label image of {partner}, and no item itself."


@dataclass(frozen=True)
class _Folder:
    """Whether a folder is named for masks, and its name without what says so."""

    named: bool
    parallel: Folders


def _look(file: Seen, folders: dict[str, _Folder]) -> _Look:
    folder, _, name = file.path.rpartition("/")
    if folder not in folders:
        names = tuple(folder.split("/")) if folder else ()
        folders[folder] = _Folder(any(map(is_mask, names)), _parallel(names))
    of = folders[folder]
    stem = name.rpartition(".")[0] or name
    found = _SUFFIX.search(stem)
    core = stem[: found.start()].rstrip(" _.-") if found else ""
    few_values = file.labels_only
    return _Look(
        file.path, folder, (core or stem).casefold(), of.named, bool(core), few_values, of.parallel
    )


def _parallel(folders: Folders) -> Folders:
    """Return folders without those that tell items from masks: equal for an item and its mask."""
    kept = []
    for name in folders:
        if is_mask(name) or is_neutral(name) or split_of(name)[0]:
            split = split_of(name)[0]
            kept += [split] if split else []
        else:
            kept.append(name)
    return tuple(kept)
