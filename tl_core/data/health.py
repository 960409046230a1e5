"""What a person should know about a data set before training on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tl_core.data.files import Layout
from tl_core.data.spec import SPLITS, DatasetSpec, Photo
from tl_core.errors import DataError

FEW = 10
"""Fewer training photos than this in a class are named in a warning."""

IMBALANCE = 3
"""Largest by smallest class, from which on there is a warning."""

SMALL = 32
"""Pictures whose shorter side has fewer pixels than this are named in a warning."""


@dataclass(frozen=True)
class FileFacts:
    """What decoding one file showed.

    Attributes
    ----------
    size, mtime_ns
        Of the file in bytes and nanoseconds: where they are as before, so is the rest.
    sha256
        Hexadecimal digest of the file's bytes; empty for an unreadable file.
    format, mode
        ``JPEG``, ``RGB``; as stored in the file.
    width, height
        In pixels, upright.
    reason
        Why it is unreadable; None for a good picture.
    """

    size: int
    mtime_ns: int
    sha256: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    reason: str | None = None


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
    name
        Of the data set.
    classes
        Sorted; the union over all splits.
    splits
        Number of readable pictures for each split and class; the only split is ``all`` where the
        folders name none.
    width, height
        Smallest, median and largest, in pixels, upright.
    formats, modes
        Number of pictures of each file format and colour mode, the commonest first.
    unreadable
        Files that are left out, and why.
    shrunk
        Photos that were made smaller when they were taken in; sizes are those after it.
    duplicates
        Byte-identical copies.
    warnings
        Sentences for a person; training is possible all the same.
    problems
        Sentences for a person; training is not possible before they are solved.
    """

    name: str
    classes: tuple[str, ...]
    splits: dict[str, dict[str, int]]
    width: dict[str, int]
    height: dict[str, int]
    formats: dict[str, int]
    modes: dict[str, int]
    unreadable: dict[str, str]
    shrunk: int
    duplicates: Duplicates
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data, as ``inspect --json`` prints it."""
        values = asdict(self)
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
        fewer than two different pictures to learn from.
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
    good = [facts[photo.path] for photo in spec.photos]
    splits = _count(spec)
    duplicates = _duplicates(spec)
    return HealthReport(
        name=spec.name,
        classes=spec.classes,
        splits=splits,
        width=_spread([fact.width for fact in good]),
        height=_spread([fact.height for fact in good]),
        formats=dict(Counter(fact.format for fact in good).most_common()),
        modes=dict(Counter(fact.mode for fact in good).most_common()),
        unreadable=unreadable,
        shrunk=shrunk,
        duplicates=duplicates,
        warnings=tuple(
            [
                *_warn_of_files(layout, unreadable, spec),
                *_warn_of_copies(duplicates),
                *_warn_of_classes(spec.classes, splits),
                *_warn_of_odd_ones(spec, facts),
            ]
        ),
        problems=tuple(_problems(spec, splits)),
    )


def _count(spec: DatasetSpec) -> dict[str, dict[str, int]]:
    counts = Counter((photo.split, photo.label) for photo in spec.photos)
    present = [split for split in (None, *SPLITS) if any(p.split == split for p in spec.photos)]
    return {
        split or "all": {name: counts[split, i] for i, name in enumerate(spec.classes)}
        for split in present
    }


def _spread(values: list[int]) -> dict[str, int]:
    return {"min": min(values), "median": round(median(values)), "max": max(values)}


def _duplicates(spec: DatasetSpec) -> Duplicates:
    groups = _group(spec.photos, lambda photo: photo.sha256)
    return Duplicates(
        _paths(_group(spec.photos, lambda photo: (photo.sha256, photo.split))),
        _paths(group for group in groups if len({photo.split for photo in group}) > 1),
        _paths(group for group in groups if len({photo.label for photo in group}) > 1),
    )


def _group(photos: Iterable[Photo], key: Callable[[Photo], object]) -> list[list[Photo]]:
    groups: dict[object, list[Photo]] = {}
    for photo in photos:
        groups.setdefault(key(photo), []).append(photo)
    return list(groups.values())


def _paths(groups: Iterable[list[Photo]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(photo.path for photo in group) for group in groups if len(group) > 1)


def _warn_of_files(layout: Layout, unreadable: dict[str, str], spec: DatasetSpec) -> Iterable[str]:
    if unreadable:
        yield f"Files left out because they cannot be used: {_name(list(unreadable))}."
    if layout.outside:
        yield f"Files left out because they lie in no class folder: {_name(layout.outside)}."
    folders = {name for _, name in layout.placed.values()}
    if empty := sorted(folders - set(spec.classes)):
        yield f"Folders left out because they hold no readable picture: {_name(empty)}."


def _warn_of_copies(duplicates: Duplicates) -> Iterable[str]:
    if groups := duplicates.across_classes:
        yield (
            f"The same picture lies in different classes, so a label is wrong: {_name(groups[0])}"
            f"{_more(groups)}."
        )
    if groups := duplicates.across_splits:
        yield (
            "The same picture lies in different splits, so the network is tested on what it has "
            f"learned from: {_name(groups[0])}{_more(groups)}."
        )
    if groups := duplicates.within_split:
        yield f"Pictures stored more than once count more than once: {_name(groups[0])}" + (
            f"{_more(groups)}."
        )


def _warn_of_classes(classes: tuple[str, ...], splits: dict[str, dict[str, int]]) -> Iterable[str]:
    learned = splits.get("train") or splits.get("all") or {}
    few = [name for name, count in learned.items() if count < FEW]
    if few:
        yield f"Classes with fewer than {FEW} pictures to learn from: {_name(few)}."
    counts = [count for count in learned.values() if count]
    if counts and max(counts) >= IMBALANCE * min(counts):
        yield (
            f"The largest class has {max(counts)} pictures, the smallest {min(counts)}: accuracy "
            "alone flatters a network that prefers the large one."
        )
    for split in ("val", "test"):
        if missing := [name for name, count in splits.get(split, {}).items() if not count]:
            yield f"Classes without a picture in {split}: {_name(missing)}."
    folded = Counter(name.casefold() for name in classes)
    if alike := [name for name in classes if folded[name.casefold()] > 1]:
        yield f"Classes whose names differ only in capital letters: {_name(alike)}."


def _warn_of_odd_ones(spec: DatasetSpec, facts: dict[str, FileFacts]) -> Iterable[str]:
    """Point at pictures unlike all others: often placeholders, icons or screenshots."""
    paths = [photo.path for photo in spec.photos]
    formats = Counter(facts[path].format for path in paths)
    usual = formats.most_common(1)[0][0]
    rare = {kind for kind, count in formats.items() if count <= len(paths) / 100}
    if odd := [f"{path} ({facts[path].format})" for path in paths if facts[path].format in rare]:
        yield (
            f"Look at these, since nearly all others are {usual} files; an odd one is often a "
            f"placeholder or an icon: {_name(odd)}."
        )
    small = [path for path in paths if min(facts[path].width, facts[path].height) < SMALL]
    if small:
        yield f"Pictures with fewer than {SMALL} pixels on a side: {_name(small)}."


def _problems(spec: DatasetSpec, splits: dict[str, dict[str, int]]) -> Iterable[str]:
    if "all" not in splits and "train" not in splits:
        yield f"There are {' and '.join(splits)} folders, but no train folder with photos."
        return
    if len(spec.classes) < 2:
        yield (
            f"Only one class was found, {spec.classes[0]!r}: at least two are needed, each in a "
            "folder of its own."
        )
    learned = [photo for photo in spec.photos if photo.split in (None, "train")]
    # With a val folder one picture is enough to learn from; else one more has to validate.
    needed = 1 if "val" in splits else 2
    for label, name in enumerate(spec.classes):
        found = len({photo.sha256 for photo in learned if photo.label == label})
        if found < needed:
            yield (
                f"The class {name!r} has {found} different picture{'s' * (found != 1)} to learn "
                f"from; at least {needed} are needed."
            )


def _name(paths: Iterable[str], most: int = 5) -> str:
    """Name the first few, and say how many more there are."""
    paths = list(paths)
    return ", ".join(paths[:most]) + (f" and {len(paths) - most} more" if len(paths) > most else "")


def _more(groups: tuple[tuple[str, ...], ...]) -> str:
    return f" (and {len(groups) - 1} more such groups)" if len(groups) > 1 else ""
