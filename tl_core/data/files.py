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


def list_files(root: Path) -> Listing:
    """List the files of a folder, or of an upload that was stored under safe names."""
    manifest = root / MANIFEST
    if manifest.is_file():
        return _of_an_upload(root, manifest)
    files: dict[str, str] = {}
    for stored in sorted(_walk(root)):
        files[unused(clean(os.fsencode(stored).decode("utf-8", "replace")), files)] = stored
    return Listing(root, root.resolve().name, files, {})


def _of_an_upload(root: Path, manifest: Path) -> Listing:
    """Read a manifest: a folder that somebody hands over may have one that leads out of it.

    Raises
    ------
    DataError
        If it is damaged, or names a file outside of its folder.
    """
    try:
        found = from_plain(Listing, {"root": root, **_object(read_json(manifest, MOST_LISTED))})
        if stored := next((name for name in found.files.values() if _leads_out(name)), None):
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


def _leads_out(stored: str) -> bool:
    return "\0" in stored or stored.startswith("/") or ".." in stored.split("/")


def unused(path: str, taken: dict[str, str]) -> str:
    """Return ``path``, or where it is taken the first of ``path (2)``, ``path (3)`` that is not."""
    stem, dot, suffix = path.rpartition(".")
    if not dot or "/" in suffix:
        stem, suffix = path, ""
    number, free = 2, path
    while free in taken:
        free, number = f"{stem} ({number}){dot if suffix else ''}{suffix}", number + 1
    return free


def _walk(root: Path) -> Iterator[str]:
    """Yield all files, relative to the root; links are followed, but no folder is read twice."""
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = Path(folder).relative_to(root)
        seen.add(os.path.realpath(folder))
        subfolders[:] = [
            name
            for name in subfolders
            if not ignored(name) and os.path.realpath(os.path.join(folder, name)) not in seen
        ]
        for name in names:
            if not ignored(name) and os.path.isfile(os.path.join(folder, name)):
                yield (here / name).as_posix()


def read_layout(paths: list[str]) -> Layout:
    """Work out splits and classes from the folders.

    The folders at the top are splits where all of them bear names of splits and at least one holds
    folders rather than items; else they are classes. Items may lie deeper inside a class folder.
    """
    prefix = _wrapping(paths)
    inside = [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
    with_splits = _has_split_folders(inside)
    placed: dict[str, tuple[str | None, str]] = {}
    for path in inside:
        *folders, _ = path.split("/")
        split = SPLIT_FOLDERS[folders.pop(0).lower()] if with_splits and folders else None
        if folders:
            placed[path] = (split, folders[0])
    outside = [path for path in paths if path.removeprefix(prefix) not in placed]
    return Layout(prefix, placed, tuple(outside))


def _top_folders(paths: list[str]) -> dict[str, list[str]]:
    tops: dict[str, list[str]] = {}
    for path in paths:
        top, slash, rest = path.partition("/")
        if slash:
            tops.setdefault(top, []).append(rest)
    return tops


def _holds_folders(inside: list[str]) -> bool:
    """Tell whether a folder with these files inside holds folders, and no items directly."""
    direct = [path for path in inside if "/" not in path]
    return len(direct) < len(inside) and not any(looks_like_an_item(path) for path in direct)


def _wrapping(paths: list[str]) -> str:
    """Return the folders that hold nothing but one further folder of the data set."""
    prefix = ""
    while True:
        inside = [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
        tops = _top_folders(inside)
        if len(tops) != 1:
            return prefix
        top, below = next(iter(tops.items()))
        if top.lower() in SPLIT_FOLDERS or not _holds_folders(below):
            return prefix
        prefix += f"{top}/"


def _has_split_folders(paths: list[str]) -> bool:
    tops = _top_folders(paths)
    return all(top.lower() in SPLIT_FOLDERS for top in tops) and any(
        _holds_folders(inside) for inside in tops.values()
    )
