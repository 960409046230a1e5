"""What the check of a data set found, kept beside it: nobody has to look at its files again.

Files of an upload never change once it is stored. So whoever checked it writes down what came out,
splits and classes included, and every other process reads that alone (:func:`read_checked`).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.data.health import HealthReport
from tl_core.data.manifest import MANIFEST, MOST_LISTED, leads_out
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.spec import SPLITS, DatasetSpec
from tl_core.errors import TLError
from tl_core.home import write_atomically
from tl_core.reading import Unreadable, read_json

KEPT = ".tl_checked.json"
"""Lies beside the manifest, for the reading that nobody chose; those of others beside it."""

MOST_KEPT = 8
"""Chosen readings of one set that are kept; those that were kept first go."""

VERSION = 2
"""Of how folders are read and of what is kept; another one makes the check be done once more."""

Opened = tuple[DatasetSpec, HealthReport]


@dataclass(frozen=True)
class Checked:
    """A stored data set, checked.

    Attributes
    ----------
    version
        :data:`VERSION` of who checked it.
    settings
        Of the decoder that the check used.
    how
        How the set was meant to be read.
    dataset, report
        What it found. The data set's root is where it was checked, which may have moved.
    """

    version: int
    settings: dict[str, Any]
    how: ReadAs
    dataset: DatasetSpec
    report: HealthReport


def _place(root: Path, how: ReadAs) -> Path:
    if how == AS_FOUND:
        return root / KEPT
    return root / f".tl_checked-{how.layout}-{how.pages}-{how.zip_names}.json"


def write_checked(dataset: DatasetSpec, report: HealthReport, how: ReadAs) -> None:
    """Keep what the check of an upload found; of any other folder nothing is kept."""
    if not (dataset.root / MANIFEST).is_file():
        return
    checked = Checked(VERSION, dict(dataset.kind.settings), how, dataset, report)
    with contextlib.suppress(OSError):  # no room on the disk: the next one checks it once more
        write_atomically(_place(dataset.root, how), json.dumps(to_plain(checked)))
        chosen = sorted(dataset.root.glob(".tl_checked-*"), key=lambda file: file.stat().st_mtime)
        for former in chosen[:-MOST_KEPT]:
            former.unlink()


def read_checked(root: Path, how: ReadAs = AS_FOUND) -> Opened | None:
    """Return what is kept of a folder; None if it has to be checked."""
    try:
        values = read_json(_place(root, how), MOST_LISTED)
        if not isinstance(values, dict) or values.get("version") != VERSION:
            return None
        checked = from_plain(Checked, values)
        same = checked.settings == checked.dataset.kind.settings and (root / MANIFEST).is_file()
        if not same or checked.how != how or not _consistent(checked.dataset):
            return None
    except (Unreadable, PlainDataError, TLError):
        return None  # not checked yet, or not one of ours
    return replace(checked.dataset, root=root), checked.report


def _consistent(dataset: DatasetSpec) -> bool:
    """Tell whether all items lie in the folder and have one of its classes."""
    labels = range(len(dataset.classes))
    return bool(dataset.items) and all(
        item.label in labels and item.split in (None, *SPLITS) and not leads_out(item.stored)
        for item in dataset.items
    )


def stamp(root: Path) -> Hashable:
    """Return what changes when a folder does: of an upload the time of its check, else its own."""
    try:
        stat, kept = (root / KEPT).stat(), True
    except OSError:
        stat, kept = root.stat(), False
    return str(root), kept, stat.st_ino, stat.st_mtime_ns


class RecentlyOpened:
    """The data sets that a process opened last, for all who ask it, as long as they stay the same.

    Parameters
    ----------
    most
        Items that all of them may have together; 100,000 take about 40 MB.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._sets: OrderedDict[Hashable, Opened] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Opened | None:
        """Return a data set by its :func:`stamp`; None if it is unknown or has changed."""
        with self._lock:
            if key in self._sets:
                self._sets.move_to_end(key)
            return self._sets.get(key)

    def put(self, key: Hashable, opened: Opened) -> None:
        """Remember a data set, and forget the ones that nobody asked for longest."""
        with self._lock:
            self._sets[key] = opened
            items = sum(len(dataset.items) for dataset, _ in self._sets.values())
            while items > self._most and len(self._sets) > 1:
                _, (dataset, _) = self._sets.popitem(last=False)
                items -= len(dataset.items)
