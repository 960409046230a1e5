"""Folders that say nothing: copies of the set inside itself, wrappers, ``images`` in a class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tl_core.data.layout.values import Seen
from tl_core.data.layout.words import is_in_a_row, is_neutral, plainly, split_of
from tl_core.words import some_of

Folders = tuple[str, ...]
"""The names of the folders around a file, from the top down."""

COPY_RULE = "files of a second copy of the set inside itself"
MOSTLY = 0.8
"""Share of the paths inside a folder that stand beside it too, where it is a second copy."""

FEW, FEW_SHARE = 2, 0.05
"""So many items, or this share of all, may stray beside the folders and change nothing."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A file and the folders that still speak; ``counts`` where it is evidence."""

    path: str
    folders: Folders
    counts: bool

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Copies:
    """Files passed over, folders (as paths) to look through, and a sentence for each."""

    passed: tuple[str, ...]
    folders: frozenset[str]
    notes: tuple[str, ...]


def few(strays: int, of: int) -> bool:
    """Tell whether so many strays among so many items change nothing."""
    return not strays or (2 * strays < of and strays <= max(FEW, FEW_SHARE * of))


def second_copies(files: Sequence[Seen]) -> Copies:
    """Find folders that hold once more what stands beside them: ``chest/chest/train/...``.

    Only what is equal in path and content is passed over; the rest belongs where it would stand
    without the folder.
    """
    within: dict[str, dict[str, str]] = {}
    for file in files:
        folder, _, name = file.path.rpartition("/")
        within.setdefault(folder, {})[name] = file.sha256
    total, met, same = Counter({"": len(files)}), Counter[str](), Counter[str]()
    twins: dict[str, list[str]] = {}
    for whole, names in within.items():
        for folder, without in _without_a_folder(whole):
            total[folder] += len(names)
            if without in within and not f"{without}/".startswith(f"{folder}/"):
                beside = within[without]
                met[folder] += len(names.keys() & beside.keys())
                equal = [name for name in names if names[name] and beside.get(name) == names[name]]
                same[folder] += len(equal)
                for name in equal:
                    twins.setdefault(f"{whole}/{name}", []).append(folder)
    folders = frozenset(f for f in met if _is_copy(f, total, met[f], same[f]))
    passed = tuple(path for path, of in twins.items() if not folders.isdisjoint(of))
    notes = tuple(_copy_text(f, total[f], same[f]) for f in sorted(folders))
    return Copies(passed, folders, notes)


def _copy_text(folder: str, files: int, equal: int) -> str:
    counted = f"{equal:,} of its {files:,} files are equal to those and count once"
    rest = "; what differs is read as if it stood there too" if equal < files else ""
    return f"The folder {folder} holds once more what stands beside it: {counted}{rest}."


def _without_a_folder(whole: str) -> Iterable[tuple[str, str]]:
    """Yield each folder on the way to one, and that one's path without the folder's name."""
    names = whole.split("/") if whole else []
    for i in range(len(names)):
        yield "/".join(names[: i + 1]), "/".join(names[:i] + names[i + 1 :])


def _is_copy(folder: str, total: Counter[str], met: int, same: int) -> bool:
    parent, _, name = folder.rpartition("/")
    beside = total[parent] - total[folder]
    if met < max(2, MOSTLY * min(total[folder], beside)) or plainly(name):
        return False
    alike = _bare(name) == _bare(parent.rpartition("/")[2])
    return alike or (same >= met / 2 and 2 * total[folder] >= beside)


def _bare(name: str) -> str:
    """Return a name without what is added to it where it is taken already."""
    return re.sub(r"(?i)([ _-]*\(\d+\)|[ _-]+(copy|kopie|copie|copia)( ?\d+)?)$", "", name).lower()


@dataclass(frozen=True)
class Outline:
    """Folders that are looked through: the wrapper, and single ones inside it."""

    wrapper: Folders
    gone: frozenset[Folders]

    def inside(self, folders: Folders) -> Folders | None:
        """Return the folders that speak; None for what lies beside the wrapper."""
        depth = len(self.wrapper)
        if folders[:depth] != self.wrapper:
            return None
        return _without(folders[depth:], self.gone)


def folders_of(path: str, copies: frozenset[str]) -> Folders:
    """Return the folders around a file, without those of copies."""
    names = tuple(path.split("/")[:-1])
    if not copies:
        return names
    return tuple(n for i, n in enumerate(names) if "/".join(names[: i + 1]) not in copies)


def outline(number: Mapping[Folders, int]) -> Outline:
    """Find the folders to look through, given the number of items in each folder."""
    wrapper: Folders = ()
    while (top := _wrapping(number)) is not None:
        wrapper += (top,)
        number = {folders[1:]: n for folders, n in number.items() if folders[:1] == (top,)}
    return Outline(wrapper, _single(number))


def _wrapping(number: Mapping[Folders, int]) -> str | None:
    """Return the top folder if it holds all but a few strays, and is neither split nor class.

    Where strays lie in folders, too, its name has to say nothing, and it holds several folders.
    """
    tops = Counter[str]()
    for folders, count in number.items():
        tops[folders[0] if folders else ""] += count
    every = tops.total()
    top, inside = max(tops.items(), key=lambda one: (bool(one[0]), one[1]), default=("", 0))
    others = len(tops) - 1 - ("" in tops)
    if not top or not few(every - inside, every) or (others and not is_neutral(top)):
        return None
    direct = number.get((top,), 0)
    below = {folders[1] for folders in number if len(folders) > 1 and folders[0] == top}
    if others and not (len(below) > 1 and few(direct, inside)):
        return None
    if plainly(top) == "train" and not (len(below) > 1 and all(map(plainly, below))):
        return None
    deep = len(below) > 1 or any(len(folders) > 2 for folders in number)
    holds_folders = bool(below) and few(direct, inside) and (deep or not direct)
    return top if holds_folders or is_neutral(top) else None


def _single(number: Mapping[Folders, int]) -> frozenset[Folders]:
    """Find folders that stand alone in their folder and say nothing.

    These bear a neutral name (``cat/images``) or that of the folder around them, or hold all the
    folders of a split (``train/chest_xray/...``) or of one that is built as others are
    (``Anna/DCIM/...``, ``Ben/DCIM/...``).
    """
    children: dict[Folders, set[str]] = {}
    total: Counter[Folders] = Counter()
    for folders, count in number.items():
        for depth in range(len(folders)):
            children.setdefault(folders[:depth], set()).add(folders[depth])
            total[folders[: depth + 1]] += count
    gone: set[Folders] = set()
    alike: dict[tuple[int, str], list[Folders]] = {}
    for parent, names in children.items():
        if len(names) == 1 and parent:
            (child,) = names
            whole = (*parent, child)
            says_nothing = is_neutral(child) or child.lower() == parent[-1].lower()
            holds_classes = len(children.get(whole, ())) > 1 and few(
                number.get(whole, 0), total[whole]
            )
            if says_nothing or (split_of(parent[-1])[0] and holds_classes):
                gone.add(whole)
            alike.setdefault((len(whole), child), []).append(whole)
    for wholes in alike.values():
        inside = [children.get(whole, set()) for whole in wholes]
        tell = all(len(names) > 1 for names in inside)
        if len(wholes) > 1 and tell and not all(map(is_in_a_row, set().union(*inside))):
            gone.update(wholes)
    return frozenset(gone)


def _without(folders: Folders, gone: frozenset[Folders]) -> Folders:
    if not gone:
        return folders
    return tuple(name for i, name in enumerate(folders) if folders[: i + 1] not in gone)


def named(folders: Iterable[str], most: int = 3) -> str:
    """Name a few folders, and count the rest."""
    return some_of(sorted(folders), most)
