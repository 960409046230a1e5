"""Which of the possible readings is taken, and which two are equally likely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tl_core.data.layout.candidates import Candidate, Ground
from tl_core.data.layout.folders import decide, merged_text
from tl_core.data.layout.words import is_doubtful, is_in_a_row
from tl_core.words import some_of

LABELLED_SHARE, LEAST_LABELLED = 0.9, 0.5
"""Share of the training items that a table must label to count as much as folders do, or where no
folder tells a class."""


@dataclass(frozen=True)
class Choice:
    """The reading taken, those that are equally likely (or none), and why."""

    taken: Candidate
    undecided: tuple[str, ...]
    notes: tuple[str, ...]
    candidates: tuple[Candidate, ...]


def choose(ground: Ground, tables: Mapping[str, str], wanted: str) -> Choice:
    """Weigh all readings of a set; with ``wanted`` other than ``auto``, take that one."""
    folders = ground.by_folder()
    names, by_table = ground.by_name(), ground.by_table(tables)
    top = "splits" if "splits" in folders else "classes"
    likely = [folders[top if level == "top" else "inner"] for level in decide(ground.rests)]
    table = _best_table(by_table, likely)
    candidates = (*folders.values(), names, *([table] if table else []))
    if wanted == "auto":
        taken, rival, notes = _by_evidence(ground, likely, names, table)
        undecided = (taken.layout, rival.layout) if rival else ()
    else:
        found = next((one for one in candidates if one.layout == wanted), None)
        taken = found or Candidate(wanted, (), lambda _: _WITHOUT[wanted], ground.splits)
        undecided, notes = (), []
        if not taken.of:
            notes = [f"The reading {wanted!r} gives no class here: {_WITHOUT[wanted]}"]
    if taken.layout in ("splits", "inner"):
        notes = [*merged_text(ground.rests, taken.layout), *notes]
        if taken.layout == "inner":
            below = {rest[1:]: n for rest, n in ground.rests.items() if len(rest) > 2}
            notes += merged_text(below, "top")
    elif taken.layout == "classes":
        notes = [*merged_text(ground.number, taken.layout), *notes]
    return Choice(taken, undecided, tuple(notes), candidates)


_WITHOUT = {
    "splits": "no folders bear names of splits.",
    "classes": "no file lies in a folder.",
    "inner": "no folder lies inside another.",
    "names": "the file names do not tell classes consistently.",
    "csv": "no table beside the files labels them.",
}


def _best_table(tables: list[Candidate], likely: Iterable[Candidate]) -> Candidate | None:
    """Return the table's column that agrees with the folders, or the likeliest."""
    likely = [one for one in likely if one.serves]
    agreeing = (table for table in tables if any(table.agrees_with(one) for one in likely))
    return next(agreeing, tables[0] if tables else None)


def _by_evidence(
    ground: Ground, likely: list[Candidate], names: Candidate, table: Candidate | None
) -> tuple[Candidate, Candidate | None, list[str]]:
    """Return what is taken, what is as likely, and sentences for the report."""
    likely = [one for one in likely if one.serves] or likely[:1]
    taken, rival = likely[0], likely[1] if len(likely) > 1 else None
    trusted = taken.serves and not _hardly_classes(taken)
    if table and ground.labelled(table) < (LABELLED_SHARE if trusted else LEAST_LABELLED):
        table = None
    if not trusted and (table or names.serves):
        by_file, other, notes = _by_files(names, table)
        if other or all(map(is_doubtful, taken.classes)) or by_file.agrees_with(taken):
            return by_file, other, notes
        return by_file, taken if taken.serves else None, notes
    if not table or not table.labels:
        counts = all(map(is_in_a_row, taken.classes)) and not _numbers(taken)
        if counts and names.serves and not names.agrees_with(taken):
            return taken, names, []
        return taken, rival, []
    agreeing = next((one for one in likely if table.agrees_with(one)), None)
    if agreeing:
        return agreeing, None, _differences(agreeing, table)
    return taken, table if table.labels.plain else rival, []


def _by_files(
    names: Candidate, table: Candidate | None
) -> tuple[Candidate, Candidate | None, list[str]]:
    """Choose between file names and a table, where no folder tells a class."""
    if not table:
        return names, None, []
    if not names.serves:
        return table, None, []
    if table.agrees_with(names):
        return table, None, _differences(names, table)
    return table, names, []


def _hardly_classes(candidate: Candidate) -> bool:
    """Tell whether half of the classes bear names that hardly any class has."""
    return 2 * sum(map(is_doubtful, candidate.classes)) >= len(candidate.classes)


def _numbers(candidate: Candidate) -> bool:
    return all(label.isdigit() for label in candidate.classes)


def _differences(taken: Candidate, table: Candidate) -> list[str]:
    if not (differing := taken.differing(table)):
        return []
    files = "1 file" if len(differing) == 1 else f"{len(differing):,} files"
    return [
        f"The table gives {files} another class than the reading that was taken: "
        f"{some_of(sorted(differing), 3)}."
    ]
