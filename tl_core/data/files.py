"""Which files a data set has, and what their folders say about them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_core.codec import PlainDataError, from_plain
from tl_core.errors import DataError
from tl_core.modalities import looks_like_an_item
from tl_core.reading import MB, Unreadable, read_json
from tl_core.words import shown

MANIFEST = ".tl_upload.json"
"""Lies in the folder of an upload:
``{"name", "files": {path: stored}, "skipped": {path: why}, "shrunk": number}``.

Files of an upload are stored under numbers, because a name in an archive may be anything: too long,
reserved, different from another only in case. Their real names, and so the classes, are data.
"""

MOST_LISTED = 64 * MB
"""Bytes of a list of files, and of what is remembered of them."""

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
"""Folder names, in lower case, that say which split the class folders below belong to."""

MOST_FOLDERS, LONGEST_PATH = 16, 1000
"""Folders around a file, and characters of its path with them: more is no set that anyone made."""

_NEVER_ITEMS = {"__macosx", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Listing:
    """All files below a folder.

    Attributes
    ----------
    root, name
        Of the data set.
    files
        From the real path, relative to the root, to where the file lies, relative to the root.
    skipped
        From the real path of a file that was not stored to the reason.
    shrunk
        Number of items that were made smaller when they were taken in.
    """

    root: Path
    name: str
    files: dict[str, str]
    skipped: dict[str, str]
    shrunk: int = 0


@dataclass(frozen=True)
class Layout:
    """What the folders say.

    Attributes
    ----------
    prefix
        The wrapping folders that were looked through, with a slash at the end, or nothing.
    placed
        From the real path, without the prefix, to split (None without split folders) and class.
    outside
        Real paths, with the prefix, of files that lie in no class folder.
    """

    prefix: str
    placed: dict[str, tuple[str | None, str]]
    outside: tuple[str, ...]


def clean(path: str) -> str:
    """Return a path that is safe to show: composed Unicode, no control characters."""
    composed = unicodedata.normalize("NFC", path)
    return "".join("_" if unicodedata.category(c) in ("Cc", "Cs") else c for c in composed)


def ignored(path: str) -> bool:
    """Tell whether a file is hidden, or left behind by an operating system."""
    return any(
        part.startswith(".") or part.lower() in _NEVER_ITEMS for part in path.split("/") if part
    )


def misplaced(path: str) -> str | None:
    """Say of a path that it is too long or lies too deep, and what to do; None if it is neither."""
    if len(path) > LONGEST_PATH:
        return (
            f"has {len(path):,} characters, and at most {LONGEST_PATH:,} can be taken in: give "
            "folders and files shorter names."
        )
    if (depth := path.count("/")) > MOST_FOLDERS:
        return (
            f"lies {depth:,} folders deep, and at most {MOST_FOLDERS} can be taken in: move the "
            "class folders further up."
        )
    return None


class Names:
    """Gives each file of a set a path of its own, in the time that reading the paths takes."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def take(self, path: str) -> str:
        """Return ``path``, or the first of ``path (2)``, ``path (3)`` that is not taken yet."""
        stem, dot, suffix = path.rpartition(".")
        if not dot or "/" in suffix:
            stem, suffix = path, ""
        number, free = self._last.get(path, 1), path
        while free in self._taken:
            number += 1
            free = f"{stem} ({number}){dot if suffix else ''}{suffix}"
        self._last[path] = number
        self._taken.add(free)
        return free


def list_files(root: Path) -> Listing:
    """List the files of a folder, or of an upload that was stored under safe names."""
    manifest = root / MANIFEST
    if manifest.is_file():
        return _of_an_upload(root, manifest)
    files: dict[str, str] = {}
    skipped: dict[str, str] = {}
    names = Names()
    for stored in sorted(_walk(root)):
        path = names.take(clean(os.fsencode(stored).decode("utf-8", "replace")))
        if reason := misplaced(path):
            skipped[path] = f"its path {reason}"
        else:
            files[path] = stored
    return Listing(root, root.resolve().name, files, skipped)


def _of_an_upload(root: Path, manifest: Path) -> Listing:
    """Read a manifest: a folder that somebody hands over may have one that leads out of it.

    Raises
    ------
    DataError
        If it is damaged, or names a file outside of its folder.
    """
    try:
        found = from_plain(Listing, {"root": root, **_object(read_json(manifest, MOST_LISTED))})
        if stored := next((name for name in found.files.values() if leads_out(name)), None):
            raise Unreadable(f"names {shown(stored)}, which is no file of that folder")
    except (Unreadable, PlainDataError) as error:
        raise DataError(
            f"The list of files {manifest} {error}. Remove that list, and the folder's own files "
            "are looked at."
        ) from error
    return found


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict) or "root" in found:
        raise Unreadable(f"must hold name, files and skipped, not {shown(found)}")
    return found


def leads_out(stored: str) -> bool:
    """Tell whether the path of a stored file lies outside of its folder."""
    return "\0" in stored or stored.startswith("/") or ".." in stored.split("/")


def _walk(root: Path) -> Iterator[str]:
    """Yield all files, relative to the root; links are followed, but no folder is read twice.

    What lies deeper than anything may is not read: its folder stands for it.
    """
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = Path(folder).relative_to(root)
        seen.add(os.path.realpath(folder))
        subfolders[:] = [
            name
            for name in subfolders
            if not ignored(name) and os.path.realpath(os.path.join(folder, name)) not in seen
        ]
        if len(here.parts) > MOST_FOLDERS:
            yield from ((here / name).as_posix() for name in subfolders)
            subfolders.clear()
        for name in names:
            if not ignored(name) and os.path.isfile(os.path.join(folder, name)):
                yield (here / name).as_posix()


def read_layout(paths: list[str]) -> Layout:
    """Work out splits and classes from the folders, in the time that reading the paths takes.

    The folders at the top are splits where all of them bear names of splits and at least one holds
    folders rather than items; else they are classes. Items may lie deeper inside a class folder.
    """
    parts = [path.split("/") for path in paths]
    depth, inside = _unwrap(parts)
    with_splits = _has_split_folders(inside, depth)
    placed: dict[str, tuple[str | None, str]] = {}
    for path in inside:
        first = depth + with_splits
        if len(path) > first + 1:
            split = SPLIT_FOLDERS[path[depth].lower()] if with_splits else None
            placed["/".join(path[depth:])] = (split, path[first])
    prefix = "".join(f"{part}/" for part in inside[0][:depth]) if inside else ""
    outside = [path for path in paths if path.removeprefix(prefix) not in placed]
    return Layout(prefix, placed, tuple(outside))


Parts = list[list[str]]
"""Paths, each as the names of its folders and its own."""


def _unwrap(paths: Parts) -> tuple[int, Parts]:
    """Look through folders that hold nothing but one further folder of the data set.

    Returns
    -------
    int
        How many there are.
    list
        The paths that lie inside all of them.
    """
    depth = 0
    while True:
        below = _below(paths, depth)
        tops = {path[depth] for path in below}
        if len(tops) != 1 or tops.pop().lower() in SPLIT_FOLDERS:
            return depth, paths
        if not _holds_folders(below, depth + 1):
            return depth, paths
        depth, paths = depth + 1, below


def _below(paths: Parts, depth: int) -> Parts:
    """Return the paths that lie in some folder at a depth, not directly there."""
    return [path for path in paths if len(path) > depth + 1]


def _holds_folders(inside: Parts, depth: int) -> bool:
    """Tell whether a folder with these paths inside holds folders, and no items directly."""
    direct = [path for path in inside if len(path) == depth + 1]
    return len(direct) < len(inside) and not any(looks_like_an_item(path[-1]) for path in direct)


def _has_split_folders(paths: Parts, depth: int) -> bool:
    tops: dict[str, Parts] = {}
    for path in _below(paths, depth):
        tops.setdefault(path[depth], []).append(path)
    return all(top.lower() in SPLIT_FOLDERS for top in tops) and any(
        _holds_folders(inside, depth + 1) for inside in tops.values()
    )
