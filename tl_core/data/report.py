"""Puts together what a person should know about a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from tl_core.data.copies.report import (
    NearCopies,
    copies,
    near_copies,
    warn_of_copies,
    warn_of_near_copies,
)
from tl_core.data.facts import FileFacts
from tl_core.data.health import HealthReport, HowRead
from tl_core.data.layout import Reading
from tl_core.data.manifest import Brought
from tl_core.data.spec import SPLITS, DatasetSpec
from tl_core.modalities import Measures, Modality
from tl_core.words import some_of

FEW = 10
"""Fewer training items than this in a class are named in a warning."""

NAMED = 5
"""Classes with too few items that are named, each in a sentence of its own."""

IMBALANCE = 3
"""Largest by smallest class, from which on there is a warning."""


@dataclass(frozen=True)
class Found:
    """What the check of a set came to, before it is told.

    Attributes
    ----------
    brought
        Every file.
    facts
        What each stored file is, by its real path.
    reading
        What became of each.
    further_pages
        Real paths of items that are second and further pages.
    """

    brought: Brought
    facts: Mapping[str, FileFacts]
    reading: Reading
    further_pages: tuple[str, ...] = ()

    @property
    def unusable(self) -> dict[str, str]:
        """Files that are no readable item, and why; a table that labels the others serves."""
        return self._shown(self._reasons)

    @property
    def _reasons(self) -> dict[str, str]:
        reasons = {
            path: fact.reason
            for path, fact in self.facts.items()
            if fact.reason and path not in self.reading.tables
        }
        return self.brought.left_out | reasons

    @property
    def outside(self) -> dict[str, str]:
        """What the reading leaves out though it can be read, and why."""
        unusable = self._reasons
        return self._shown(
            {path: reason for path, reason in self.reading.left_out.items() if path not in unusable}
        )

    def shown(self, path: str) -> str:
        """Return a real path without the folders that were looked through."""
        return path.removeprefix(self.reading.wrapper)

    def _shown(self, reasons: Mapping[str, str]) -> dict[str, str]:
        over = {path for paths in self.reading.passed_over.values() for path in paths}
        return {self.shown(path): why for path, why in sorted(reasons.items()) if path not in over}


def report(spec: DatasetSpec, found: Found, crowd: Sequence[int] = ()) -> HealthReport:
    """Put together the health report of a checked set.

    Parameters
    ----------
    spec
        The set.
    found
        What its check came to.
    crowd
        Items that look like too many others: see :class:`~tl_core.data.copies.twins.Twins`.
    """
    reading, brought = found.reading, found.brought
    how = HowRead(
        reading.layout,
        reading.text,
        reading.wrapper,
        dict(reading.splits),
        reading.others,
        reading.undecided,
        brought.encoding,
        brought.encodings,
    )
    measures = _measures(spec, found)
    splits = _count(spec)
    duplicates = copies(spec)
    near = _near_copies(spec, found, crowd)
    paged = _paged(measures, found)
    over = {rule: len(paths) for rule, paths in reading.passed_over.items()}
    return HealthReport(
        name=spec.name,
        modality=spec.modality,
        layout=how,
        brought=brought.number - len(found.further_pages),
        further_pages=len(found.further_pages),
        classes=spec.classes,
        splits=splits,
        **_spreads(list(measures.values())),
        left_out=found.unusable | found.outside,
        passed_over=dict(Counter(brought.passed_over) + Counter(over)),
        shrunk=brought.shrunk,
        paged=paged,
        duplicates=duplicates,
        near_copies=near,
        suggestions=reading.suggestions,
        warnings=tuple(
            [
                *reading.notes,
                *_warn_of_files(found, spec),
                *_tell_of_pages(paged, found, spec.kind),
                *warn_of_copies(duplicates, spec.kind),
                *warn_of_near_copies(near, spec.kind),
                *_warn_of_classes(spec, splits),
                *spec.kind.oddities(measures),
            ]
        ),
        problems=(*([how.question] if how.undecided else ()), *_problems(spec, splits)),
    )


def _paged(measures: Mapping[str, Measures], found: Found) -> tuple[str, ...]:
    """Return the items that are the first of several pages, in a file or stored apart."""
    stored = {found.shown(path) for path, more in found.brought.pages.items() if more}
    return tuple(path for path, one in measures.items() if one.parts > 1 or path in stored)


def _tell_of_pages(paged: Sequence[str], found: Found, kind: Modality) -> Iterable[str]:
    if paged:
        used = f"each is one of the {kind.plural}" if found.further_pages else "the first is used"
        rest = f" and {len(paged) - 1:,} more have" if len(paged) > 1 else " has"
        yield f"{paged[0]}{rest} several pages; {used}."


def _near_copies(spec: DatasetSpec, found: Found, crowd: Sequence[int]) -> NearCopies:
    """Sort out what shows the same; pages of one file belong together and are no copies."""
    pages = {found.shown(path) for path in found.further_pages}
    firsts = replace(spec, items=tuple(item for item in spec.items if item.path not in pages))
    alike = [spec.items[index].path for index in crowd]
    return near_copies(firsts, [firsts.positions[path] for path in alike if path not in pages])


def _measures(spec: DatasetSpec, found: Found) -> dict[str, Measures]:
    by_path = {found.shown(path): fact.measures for path, fact in found.facts.items()}
    return {item.path: known for item in spec.items if (known := by_path[item.path]) is not None}


def _count(spec: DatasetSpec) -> dict[str, dict[str, int]]:
    counts = Counter((item.split, item.label) for item in spec.items)
    present = [split for split in (None, *SPLITS) if any(p.split == split for p in spec.items)]
    return {
        split or "all": {name: counts[split, i] for i, name in enumerate(spec.classes)}
        for split in present
    }


def _spreads(measures: list[Measures]) -> dict[str, Any]:
    first = measures[0]
    return {
        "spreads": {
            name: _spread([one.numbers[name] for one in measures]) for name in first.numbers
        },
        "kinds": {
            f"{name}s": dict(Counter(one.kinds[name] for one in measures).most_common())
            for name in first.kinds
        },
    }


def _spread(values: list[float]) -> dict[str, float]:
    middle = median(values)
    whole = all(float(value).is_integer() for value in values)
    return {"min": min(values), "median": round(middle) if whole else middle, "max": max(values)}


def _warn_of_files(found: Found, spec: DatasetSpec) -> Iterable[str]:
    if unusable := found.unusable:
        yield f"Files left out because they cannot be used: {some_of(list(unusable))}."
    folders = {place.label for place in found.reading.placed.values()}
    if empty := sorted(folders - set(spec.classes)):
        yield f"Folders left out because they hold no readable {spec.kind.noun}: {some_of(empty)}."


def _warn_of_classes(spec: DatasetSpec, splits: dict[str, dict[str, int]]) -> Iterable[str]:
    plural = spec.kind.plural
    learned = splits.get("train") or splits.get("all") or {}
    few = [name for name, count in learned.items() if 0 < count < FEW]
    if few:
        yield f"Classes with fewer than {FEW} {plural} to learn from: {some_of(few)}."
    counts = [count for count in learned.values() if count]
    if counts and max(counts) >= IMBALANCE * min(counts):
        yield (
            f"The largest class has {max(counts)} {plural}, the smallest {min(counts)}: accuracy "
            "alone flatters a network that prefers the large one."
        )
    for split in ("val", "test"):
        if missing := [name for name, count in splits.get(split, {}).items() if not count]:
            yield f"Classes without a {spec.kind.noun} in {split}: {some_of(missing)}."


def _problems(spec: DatasetSpec, splits: dict[str, dict[str, int]]) -> Iterable[str]:
    if "all" not in splits and "train" not in splits:
        yield (
            f"There are {' and '.join(splits)} folders, but no train folder with "
            f"{spec.kind.plural}."
        )
        return
    if len(spec.classes) < 2:
        yield (
            f"Only one class was found, {spec.classes[0]!r}: at least two are needed, each in a "
            "folder of its own."
        )
    different: dict[str, set[str]] = {name: set() for name in spec.classes}
    for item in spec.items:
        if item.split in (None, "train"):
            different[spec.classes[item.label]].add(item.sha256)
    # With a val folder one item is enough to learn from; else one more has to validate.
    needed = 1 if "val" in splits else 2
    few = {name: len(found) for name, found in different.items() if len(found) < needed}
    for name in list(few)[:NAMED]:
        has = f"1 different {spec.kind.noun}" if few[name] else f"no {spec.kind.noun}"
        least = f"{needed} are" if needed > 1 else "1 is"
        yield f"The class {name!r} has {has} to learn from; at least {least} needed."
    if len(few) > NAMED:
        more = len(few) - NAMED
        which = "1 more class has" if more == 1 else f"{more:,} more classes have"
        yield f"{which} too few {spec.kind.plural} as well."
