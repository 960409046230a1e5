"""What a person should know about a data set before training on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from tl_core.codec import to_plain
from tl_core.data.files import Layout
from tl_core.data.spec import SPLITS, DatasetSpec, Item
from tl_core.errors import DataError
from tl_core.modalities import Measures, Modality
from tl_core.words import some_of

FEW = 10
"""Fewer training items than this in a class are named in a warning."""

NAMED = 5
"""Classes with too few items that are named, each in a sentence of its own."""

IMBALANCE = 3
"""Largest by smallest class, from which on there is a warning."""


@dataclass(frozen=True)
class FileFacts:
    """What decoding one file showed.

    Attributes
    ----------
    size, mtime_ns
        Of the file in bytes and nanoseconds: where they are as before, so is the rest.
    sha256
        Hexadecimal digest of the file's bytes; empty for an unreadable file.
    numbers, kinds, traits, signature, labels_only, parts
        As in :class:`~tl_core.modalities.base.Measures`.
    reason
        Why it is unreadable; None for a good item.
    """

    size: int
    mtime_ns: int
    sha256: str = ""
    numbers: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    traits: dict[str, float] = field(default_factory=dict)
    signature: str = ""
    labels_only: bool = False
    parts: int = 1

    @classmethod
    def of(cls, measures: Measures, size: int, mtime_ns: int, sha256: str) -> FileFacts:
        """Return the facts of a good item."""
        return cls(size, mtime_ns, sha256, **to_plain(measures))

    @property
    def measures(self) -> Measures:
        """What the file says of its item."""
        return Measures(
            self.numbers, self.kinds, self.traits, self.signature, self.labels_only, self.parts
        )


@dataclass(frozen=True)
class Duplicates:
    """Byte-identical copies, as groups of paths.

    Attributes
    ----------
    within_split
        Copies inside one split: they count twice.
    across_splits
        Copies in more than one split: the test has seen the answers (a leak).
    across_classes
        Copies in more than one class: at most one of the labels is right.
    """

    within_split: tuple[tuple[str, ...], ...]
    across_splits: tuple[tuple[str, ...], ...]
    across_classes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class HealthReport:
    """The health of a data set; plain data, for a page or for JSON.

    Attributes
    ----------
    name, modality
        Of the data set.
    classes
        Sorted; the union over all splits.
    splits
        Number of readable items for each split and class; the only split is ``all`` where the
        folders name none.
    spreads
        Smallest, median and largest of each number that the modality measures.
    kinds
        For each kind that it measures (``formats``) how many items there are of which, the
        commonest first.
    unreadable
        Files that are left out, and why.
    shrunk
        Items that were made smaller when they were taken in; sizes are those after it.
    duplicates
        Byte-identical copies.
    warnings
        Sentences for a person; training is possible all the same.
    problems
        Sentences for a person; training is not possible before they are solved.
    """

    name: str
    modality: str
    classes: tuple[str, ...]
    splits: dict[str, dict[str, int]]
    spreads: dict[str, dict[str, float]]
    kinds: dict[str, dict[str, int]]
    unreadable: dict[str, str]
    shrunk: int
    duplicates: Duplicates
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data, as ``inspect --json`` prints it."""
        values = asdict(self)
        values |= values.pop("spreads") | values.pop("kinds")
        values["unreadable"] = [
            {"file": path, "reason": reason} for path, reason in self.unreadable.items()
        ]
        return values


def require_usable(report: HealthReport) -> None:
    """Check that a data set can be trained on.

    Raises
    ------
    DataError
        With what was found and what is needed, if there are fewer than two classes or a class has
        fewer than two different items to learn from.
    """
    if report.problems:
        raise DataError(" ".join(report.problems))


def report(
    spec: DatasetSpec,
    layout: Layout,
    facts: dict[str, FileFacts],
    unreadable: dict[str, str],
    shrunk: int = 0,
) -> HealthReport:
    """Put together the health report of a checked folder."""
    good = [facts[item.path] for item in spec.items]
    splits = _count(spec)
    duplicates = _duplicates(spec)
    return HealthReport(
        name=spec.name,
        modality=spec.modality,
        classes=spec.classes,
        splits=splits,
        spreads={name: _spread([fact.numbers[name] for fact in good]) for name in good[0].numbers},
        kinds={
            f"{name}s": dict(Counter(fact.kinds[name] for fact in good).most_common())
            for name in good[0].kinds
        },
        unreadable=unreadable,
        shrunk=shrunk,
        duplicates=duplicates,
        warnings=tuple(
            [
                *_warn_of_files(layout, unreadable, spec),
                *_warn_of_copies(duplicates, spec.kind),
                *_warn_of_classes(spec, splits),
                *spec.kind.oddities({i.path: facts[i.path].measures for i in spec.items}),
            ]
        ),
        problems=tuple(_problems(spec, splits)),
    )


def _count(spec: DatasetSpec) -> dict[str, dict[str, int]]:
    counts = Counter((item.split, item.label) for item in spec.items)
    present = [split for split in (None, *SPLITS) if any(p.split == split for p in spec.items)]
    return {
        split or "all": {name: counts[split, i] for i, name in enumerate(spec.classes)}
        for split in present
    }


def _spread(values: list[float]) -> dict[str, float]:
    middle = median(values)
    whole = all(float(value).is_integer() for value in values)
    return {"min": min(values), "median": round(middle) if whole else middle, "max": max(values)}


def _duplicates(spec: DatasetSpec) -> Duplicates:
    groups = _group(spec.items, lambda item: item.sha256)
    return Duplicates(
        _paths(_group(spec.items, lambda item: (item.sha256, item.split))),
        _paths(group for group in groups if len({item.split for item in group}) > 1),
        _paths(group for group in groups if len({item.label for item in group}) > 1),
    )


def _group(items: Iterable[Item], key: Callable[[Item], object]) -> list[list[Item]]:
    groups: dict[object, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def _paths(groups: Iterable[list[Item]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(item.path for item in group) for group in groups if len(group) > 1)


def _warn_of_files(layout: Layout, unreadable: dict[str, str], spec: DatasetSpec) -> Iterable[str]:
    if unreadable:
        yield f"Files left out because they cannot be used: {some_of(list(unreadable))}."
    if layout.outside:
        yield f"Files left out because they lie in no class folder: {some_of(layout.outside)}."
    folders = {name for _, name in layout.placed.values()}
    if empty := sorted(folders - set(spec.classes)):
        yield f"Folders left out because they hold no readable {spec.kind.noun}: {some_of(empty)}."


def _warn_of_copies(duplicates: Duplicates, kind: Modality) -> Iterable[str]:
    if groups := duplicates.across_classes:
        yield (
            f"The same {kind.noun} lies in different classes, so a label is wrong: "
            f"{some_of(groups[0])}"
            f"{_more(groups)}."
        )
    if groups := duplicates.across_splits:
        yield (
            f"The same {kind.noun} lies in different splits, so the network is tested on what it "
            f"has learned from: {some_of(groups[0])}{_more(groups)}."
        )
    if groups := duplicates.within_split:
        yield (
            f"{kind.plural.capitalize()} stored more than once count more than once: "
            f"{some_of(groups[0])}{_more(groups)}."
        )


def _warn_of_classes(spec: DatasetSpec, splits: dict[str, dict[str, int]]) -> Iterable[str]:
    classes, plural = spec.classes, spec.kind.plural
    learned = splits.get("train") or splits.get("all") or {}
    few = [name for name, count in learned.items() if count < FEW]
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
    folded = Counter(name.casefold() for name in classes)
    if alike := [name for name in classes if folded[name.casefold()] > 1]:
        yield f"Classes whose names differ only in capital letters: {some_of(alike)}."


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
        yield (
            f"The class {name!r} has {few[name]} different "
            f"{spec.kind.noun if few[name] == 1 else spec.kind.plural} to learn from; at least "
            f"{needed} are needed."
        )
    if len(few) > NAMED:
        yield f"{len(few) - NAMED:,} more classes have too few {spec.kind.plural} as well."


def _more(groups: tuple[tuple[str, ...], ...]) -> str:
    return f" (and {len(groups) - 1} more such groups)" if len(groups) > 1 else ""
