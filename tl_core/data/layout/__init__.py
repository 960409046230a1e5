"""The reading of a set: from a list of files to splits and classes, by evidence.

A pure function of paths, a few facts of each file and the text of tables: nothing is opened. What
says nothing is taken away first (second copies, masks, wrappers; :mod:`.tree`, :mod:`.masks`); then
every possible reading is worked out (:mod:`.candidates`) and weighed (:mod:`.choose`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tl_core.data.layout import telling
from tl_core.data.layout.candidates import NO_FOLDER, Candidate, Ground
from tl_core.data.layout.choose import Choice, choose
from tl_core.data.layout.detection import SERVES, detection_labels
from tl_core.data.layout.masks import find_masks
from tl_core.data.layout.tree import (
    COPY_RULE,
    Copies,
    Folders,
    Spot,
    folders_of,
    outline,
    second_copies,
)
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
    return _Result(files, ground, chosen, copies, left_out).reading(found.wrapper)


def _evidence(files: Sequence[Seen], masks: Mapping[str, str]) -> set[str]:
    """Return the paths that speak: usable items, or whatever there is where none is usable."""
    items = {file.path for file in files if file.usable and file.path not in masks}
    return (
        items
        or {file.path for file in files if looks_like_an_item(file.path)}
        or {file.path for file in files}
    )


class _Result:
    """Puts a reading together from what was chosen."""

    def __init__(
        self,
        files: Sequence[Seen],
        ground: Ground,
        chosen: Choice,
        copies: Copies,
        left_out: dict[str, str],
    ) -> None:
        self.files, self.ground, self.chosen, self.copies = files, ground, chosen, copies
        self.left_out, self.placed = left_out, dict[str, Place]()
        self.boxes = None
        if not chosen.taken.of:
            counted = {spot.path for spot in ground.evidence}
            self.boxes = detection_labels(
                counted, (file.path for file in files if file.path not in counted)
            )

    def reading(self, wrapper: Folders) -> Reading:
        taken = self.chosen.taken
        empty = self._place_all(taken)
        merges = telling.near_misses(taken)
        doubts = telling.doubts(taken)
        suggestions = (*merges, *telling.unlearnt(taken, merges), *doubts)
        notes = [*self.copies.notes, *self.chosen.notes, *self._notes(taken)]
        notes += [suggestion.text for suggestion in doubts]
        notes += telling.empty_text(empty, taken)
        return Reading(
            layout=taken.layout,
            text=telling.reading_text(taken),
            wrapper="".join(f"{folder}/" for folder in wrapper),
            placed=self.placed,
            left_out={p: why for p, why in self.left_out.items() if not p.endswith("/")},
            passed_over={COPY_RULE: self.copies.passed} if self.copies.passed else {},
            splits=telling.split_folders(taken),
            others=telling.others(taken, self.chosen.candidates, self.chosen.undecided),
            undecided=self.chosen.undecided,
            notes=tuple(notes),
            suggestions=suggestions,
        )

    def _place_all(self, taken: Candidate) -> dict[str, Place | str]:
        """Give every file a place or a reason; return what empty folders would be."""
        empty: dict[str, Place | str] = {}
        for spot in self.ground.spots:
            if spot.path in self.left_out:
                continue
            where = taken.place(spot)
            if spot.path.endswith("/"):
                empty[spot.path] = where
            elif isinstance(where, str):
                self.left_out[spot.path] = self._reason(spot, where)
            elif spot.counts or where.label in taken.sizes or looks_like_an_item(spot.path):
                self.placed[spot.path] = where
            else:
                self.left_out[spot.path] = NO_FOLDER
        return empty

    def _reason(self, spot: Spot, why: str) -> str:
        if self.boxes and spot.counts:
            return f"it has no class: the labels beside it are boxes for detection ({self.boxes})."
        return why

    def _notes(self, taken: Candidate) -> list[str]:
        beside = Counter(
            spot.folders[0] if spot.folders else spot.name
            for spot in self.ground.evidence
            if taken.splits.peel(spot.folders) is None
        )
        notes = telling.beside_splits(taken.splits, beside)
        if self.boxes:
            notes.append(f"The labels beside the files are for detection ({self.boxes}). {SERVES}")
        elif not taken.of and self.ground.evidence:
            notes.append(
                "No folder, file name or table tells a class. What serves is one folder for each "
                "class."
            )
        if taken.labels and taken.labels.boxes:
            notes.append(
                "The table holds boxes, so it was made for detection: a file has a class here only "
                "where all its boxes bear one."
            )
        return notes
