"""The list of files that lies in a set which was brought and stored.

Files are stored under numbers, because a name that somebody sends may be anything: too long,
reserved, different from another only in case. Their real names, and so the classes, are data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.errors import DataError
from tl_core.reading import MB, Unreadable, read_json
from tl_core.words import shown

MANIFEST = ".tl_upload.json"
"""Lies in the folder of a stored set: :class:`Brought`, as JSON."""

MOST_LISTED = 64 * MB
"""Bytes of a list of files, and of what is remembered of them."""

LONGEST_NAME = 255
"""Characters of the name of a set that are shown: as many as a folder's may have."""

FORMER_NAMES = {"skipped": "left_out"}
"""What parts of a list used to be called."""


@dataclass
class Brought:
    """Everything that somebody brought, each file once: stored, left out, or passed over.

    Attributes
    ----------
    name
        Of the set, for people.
    files
        From the real path of a file, with forward slashes, to where it is stored.
    left_out
        From the real path of a file that is not stored to the reason.
    passed_over
        From a rule in words ("thumbnails of a network drive") to how many files fell under it.
    empty_folders
        Folders in which there is nothing.
    pages
        From the real path of an item with several pages to where the second and further ones are
        stored.
    raw_names
        From the real path of a file to its name in the archive, as hexadecimal bytes, where it took
        a guess to read it.
    encoding
        In which those names were read; empty where nothing was guessed.
    encodings
        What the names would be in this and in other encodings, where it stays a guess; the
        likeliest first.
    layout
        How the folders are meant to be read where nobody says otherwise: a name of
        :data:`tl_core.data.layout.LAYOUTS`.
    shrunk
        Items that were made smaller when they were taken in.
    """

    name: str
    files: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    empty_folders: tuple[str, ...] = ()
    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raw_names: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    encodings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layout: str = "auto"
    shrunk: int = 0

    @property
    def number(self) -> int:
        """How many files were brought."""
        return len(self.files) + len(self.left_out) + sum(self.passed_over.values())

    def pass_over(self, rule: str, files: int = 1) -> None:
        """Count files that fall under a rule."""
        self.passed_over[rule] = self.passed_over.get(rule, 0) + files


def write_manifest(folder: Path, brought: Brought) -> None:
    """Write down what a folder holds."""
    (folder / MANIFEST).write_text(json.dumps(to_plain(brought)), encoding="utf-8")


def read_manifest(root: Path) -> Brought | None:
    """Read what :func:`write_manifest` wrote; None where a folder has no list.

    A folder that somebody hands over may have one that leads out of it.

    Raises
    ------
    DataError
        If it is damaged, or names a file outside of its folder.
    """
    manifest = root / MANIFEST
    if not manifest.is_file():
        return None
    try:
        values = read_json(manifest, MOST_LISTED)
        if not isinstance(values, Mapping):
            raise Unreadable(f"must hold a name and files, not {shown(values)}")
        brought = from_plain(Brought, _under_present_names(values))
        stored = [*brought.files.values(), *(s for more in brought.pages.values() for s in more)]
        if astray := next((name for name in stored if leads_out(name)), None):
            raise Unreadable(f"names {shown(astray)}, which is no file of that folder")
        if odd := next((raw for raw in brought.raw_names.values() if not _is_hex(raw)), None):
            raise Unreadable(f"has the bytes {shown(odd)} of a name, which are no such digits")
    except (Unreadable, PlainDataError) as error:
        raise DataError(
            f"The list of files {manifest} {error}. Remove that list, and the folder's own files "
            "are looked at."
        ) from error
    return replace(brought, name=brought.name[:LONGEST_NAME])


def _is_hex(text: str) -> bool:
    return re.fullmatch("([0-9a-f]{2})*", text) is not None


def _under_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    return {FORMER_NAMES.get(key, key): value for key, value in values.items()}


def leads_out(stored: str) -> bool:
    """Tell whether the path of a stored file lies outside of its folder."""
    return "\0" in stored or stored.startswith("/") or ".." in stored.split("/")
