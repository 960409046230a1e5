"""Which files a command was given: by name, and as folders of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_core.data.files import list_files


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
        From a rule in words to the number of files that fell under it.
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
    brought = list_files(folder)
    given.files.extend(folder / stored for stored in brought.files.values())
    given.left_out.extend(
        {"file": str(folder / path), "reason": reason} for path, reason in brought.left_out.items()
    )
    given.passed_over.update(brought.passed_over)
    if not brought.files and not brought.left_out:
        beside = " but what is passed over" if brought.passed_over else ""
        reason = f"the folder holds nothing{beside}: name one that holds photos."
        given.left_out.append({"file": str(folder), "reason": reason})
