"""Which files were brought: every one is listed, left out by name, or passed over and counted."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tl_core.data.archives.names import visible
from tl_core.data.manifest import Brought, read_manifest
from tl_core.data.passing import passing_rule

MOST_FOLDERS, LONGEST_PATH = 16, 1000
"""Folders around a file, and characters of its path with them: more is no set that anyone made."""

_READ_TWICE = "links to folders that are listed already"
_AWAY = 0x1000 | 0x400000
"""Windows' marks of a file whose content lies elsewhere: OFFLINE and RECALL_ON_DATA_ACCESS."""


def clean(path: str) -> str:
    """Return a path that is safe to show: composed Unicode, and signs for what cannot be seen."""
    return visible(unicodedata.normalize("NFC", path))


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


def list_files(root: Path) -> Brought:
    """List the files of a folder, or of a set that was stored under numbers, sorted by their names.

    Raises
    ------
    DataError
        If the list of a stored set is damaged.
    """
    brought = read_manifest(root) or _Walk(root).brought()
    return replace(
        brought,
        files=dict(sorted(brought.files.items())),
        left_out=dict(sorted(brought.left_out.items())),
        passed_over=dict(sorted(brought.passed_over.items())),
    )


def topmost_empty(folders: Iterable[str], files: Iterable[str]) -> tuple[str, ...]:
    """Return the folders without any file below them, and of nested ones the outermost."""
    files = set(files)  # one is a folder that cannot be read, for example: nobody knows of it
    filled = files | {above for path in files for above in _above(path)}
    known = {above for folder in folders for above in (folder, *_above(folder))}
    empty = known - filled
    return tuple(sorted(f for f in empty if f.rpartition("/")[0] not in empty))


def _above(path: str) -> Iterator[str]:
    """Yield the folders around a path, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


@dataclass
class _Walk:
    """Goes through a folder; links are followed, but no folder is read twice."""

    root: Path
    _found: Brought = field(init=False)
    _names: Names = field(default_factory=Names)
    _folders: list[str] = field(default_factory=list)

    def brought(self) -> Brought:
        self._found = Brought(self.root.resolve().name)
        for stored, reason in sorted(self._entries()):
            path = self._names.take(_real(stored))
            reason = reason or (f"its path {why}" if (why := misplaced(path)) else "")
            if reason:
                self._found.left_out[path] = reason
            else:
                self._found.files[path] = stored
        listed = [*self._found.files, *self._found.left_out]
        self._found.empty_folders = topmost_empty(map(_real, self._folders), listed)
        return self._found

    def _entries(self) -> Iterator[tuple[str, str]]:
        """Yield all entries, relative to the root, and why one cannot be a file of the set."""
        failed: list[OSError] = []
        seen = {os.path.realpath(self.root)}
        for folder, subfolders, names in os.walk(
            self.root, followlinks=True, onerror=failed.append
        ):
            here = Path(folder).relative_to(self.root)
            entered = [name for name in sorted(subfolders) if self._enter(here / name, seen)]
            if len(here.parts) > MOST_FOLDERS:  # what lies deeper stands for all below it
                yield from (((here / name).as_posix(), "") for name in entered)
                entered = []
            subfolders[:] = entered
            self._folders += [(here / name).as_posix() for name in entered]
            for name in names:
                path = (here / name).as_posix()
                if rule := passing_rule(path):
                    self._found.pass_over(rule)
                else:
                    yield path, _absent(self.root / path)
        for error in failed:
            path = Path(error.filename).relative_to(self.root).as_posix()
            yield path, f"the folder cannot be read: {error.strerror}."

    def _enter(self, folder: Path, seen: set[str]) -> bool:
        """Tell whether a folder is to be read; what falls under a rule is counted."""
        if rule := passing_rule(folder.as_posix()):
            for inner, _, names in os.walk(self.root / folder):
                for name in names:
                    path = Path(inner, name).relative_to(self.root).as_posix()
                    self._found.pass_over(passing_rule(path) or rule)
            return False
        real = os.path.realpath(self.root / folder)
        if real in seen or ((self.root / folder).is_symlink() and self._lists(real)):
            self._found.pass_over(_READ_TWICE)
            return False
        seen.add(real)
        return True

    def _lists(self, real: str) -> bool:
        """Tell whether a folder is met without any link: then it counts where it really lies."""
        root = f"{os.path.realpath(self.root)}/"
        return real.startswith(root) and not passing_rule(real.removeprefix(root))


def _real(stored: str) -> str:
    """Return the path of a file as people call it."""
    return clean(os.fsencode(stored).decode("utf-8", "surrogateescape"))


def _absent(file: Path) -> str:
    """Say why there is nothing to read in an entry of a folder; nothing if there is."""
    try:
        found = file.stat()
    except OSError as error:
        if file.is_symlink():
            return "is a link to a file that is not there: bring the file itself."
        return f"the file cannot be read: {error.strerror}."
    if not stat.S_ISREG(found.st_mode):
        return "is no ordinary file."
    if getattr(found, "st_file_attributes", 0) & _AWAY:
        return (
            "is only a placeholder, its content lies in a cloud drive: let the drive keep it on "
            "this device, then bring it again."
        )
    return ""
