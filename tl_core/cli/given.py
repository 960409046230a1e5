"""Which files a command was given: by name, and as folders of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_core.data.files import ignored, list_files

HIDDEN = "hidden or system files"
"""The rule by which files of a folder are passed over."""


@dataclass(frozen=True)
class Given:
    """Files on a command line; each stands in one of the three.

    Attributes
    ----------
    files
        What to look at, in the order in which it was named; those of a folder in sorted order.
    left_out
        ``file`` and ``reason`` of what cannot be looked at.
    passed_over
        From a rule to the number of files that it passed over.
    """

    files: list[Path] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def given_files(names: Sequence[str]) -> Given:
    """Look through the folders among some names. A missing file stays: its reader tells of it."""
    given = Given()
    for name in names:
        if os.path.isdir(name):
            _add_folder(given, Path(name))
        else:
            given.files.append(Path(name))
    return given


def _add_folder(given: Given, folder: Path) -> None:
    listing, hidden = list_files(folder), sum(1 for _ in _hidden(folder))
    given.files.extend(folder / stored for stored in listing.files.values())
    given.left_out.extend(
        {"file": str(folder / path), "reason": reason} for path, reason in listing.skipped.items()
    )
    if hidden:
        given.passed_over[HIDDEN] += hidden
    if not (listing.files or listing.skipped):
        beside = f" but {HIDDEN}" if hidden else ""
        reason = f"the folder holds no files{beside}: name one that holds photos."
        given.left_out.append({"file": str(folder), "reason": reason})


def _hidden(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that its listing does not name."""
    for path in folder.rglob("*"):
        if ignored(path.relative_to(folder).as_posix()) and path.is_file():
            yield path
