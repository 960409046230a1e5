"""Each way to read a set, worked out: where every file would go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tl_core.data.layout.file_names import classes_by_name
from tl_core.data.layout.splits import Splits, beside_text, find_splits, lenient, rows_at_one
from tl_core.data.layout.tables import Labels, read_tables
from tl_core.data.layout.tree import Folders, Spot
from tl_core.data.layout.values import Place
from tl_core.words import some_of

NO_FOLDER = "it lies in no class folder."
NO_NAME = "its name tells no class, as those of the others do."
AGREE_SHARE = 0.95
"""Share of the items whose classes must correspond, where two readings agree."""


@dataclass(frozen=True)
class Candidate:
    """A reading of the set.

    Attributes
    ----------
    layout
        Its name.
    items
        The files that are evidence.
    place
        Says of any file where it would go, or why nowhere.
    splits
        Those that it goes by.
    source
        What tells the classes, where folders do not.
    labels
        What the table says, for ``csv``.
    """

    layout: str
    items: Sequence[Spot] = field(repr=False)
    place: Callable[[Spot], Place | str]
    splits: Splits
    source: str = ""
    labels: Labels | None = field(default=None, repr=False)

    @cached_property
    def of(self) -> dict[str, Place]:
        """From the path of each item that has a place to that."""
        found = ((spot.path, self.place(spot)) for spot in self.items)
        return {path: where for path, where in found if isinstance(where, Place)}

    @cached_property
    def sizes(self) -> Counter[str]:
        """Number of items of each class."""
        return Counter(place.label for place in self.of.values())

    @property
    def classes(self) -> list[str]:
        """Names of the classes, sorted."""
        return sorted(self.sizes)

    @property
    def serves(self) -> bool:
        """Whether it gives at least two classes."""
        return len(self.sizes) > 1

    def agrees_with(self, other: Candidate) -> bool:
        """Tell whether another reading tells the same items apart, under whatever names."""
        pairs = self._pairs(other)
        mine, theirs = _best(pairs, 0), _best(pairs, 1)
        alike = sum(n for (a, b), n in pairs.items() if mine[a] == b and theirs[b] == a)
        enough = 2 * pairs.total() >= min(len(self.of), len(other.of)) > 0
        return enough and alike >= AGREE_SHARE * pairs.total()

    def differing(self, other: Candidate) -> list[str]:
        """Return the items that another reading, which agrees, places elsewhere."""
        mine = _best(self._pairs(other), 0)
        return [
            path
            for path, place in self.of.items()
            if path in other.of and mine[place.label] != other.of[path].label
        ]

    def _pairs(self, other: Candidate) -> Counter[tuple[str, str]]:
        """Count the items that have one class here and one there."""
        there = other.of
        return Counter((p.label, there[path].label) for path, p in self.of.items() if path in there)


def _best(pairs: Counter[tuple[str, str]], side: int) -> dict[str, str]:
    """Return the label that meets each label most often; of equals the first in order."""
    best: dict[str, str] = {}
    for pair, _ in sorted(pairs.items(), key=lambda one: (-one[1], one[0])):
        best.setdefault(pair[side], pair[1 - side])
    return best


class Ground:
    """What all readings of a set start from: its files, and the splits among its folders."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        self.spots = spots
        self.evidence = [spot for spot in spots if spot.counts]
        self.number = number = Counter(spot.folders for spot in self.evidence)
        self.splits = find_splits(number)
        self.file_splits = lenient(number, self.splits)
        self.rests = self._rests(number, skip=False)
        self._skip = rows_at_one(self.rests)
        if self._skip:
            self.rests = self._rests(number, skip=True)

    def _rests(self, number: Mapping[Folders, int], skip: bool) -> Counter[Folders]:
        rests: Counter[Folders] = Counter()
        for folders, count in number.items():
            if (peeled := self.splits.peel(folders)) is not None:
                rest = peeled[1]
                rests[rest[:1] + rest[2:] if skip else rest] += count
        return rests

    def by_folder(self) -> dict[str, Candidate]:
        """Return the readings that folders give: splits (if any), classes and inner."""
        readings = {
            "splits": self._folders("splits", self.splits, 0),
            "classes": self._folders("classes", Splits(), 0),
            "inner": self._folders("inner", self.splits, 1),
        }
        if self.splits.at is None:
            del readings["splits"]
        return readings

    def _folders(self, layout: str, splits: Splits, level: int) -> Candidate:
        known: dict[Folders, Place | str] = {}

        def look(folders: Folders) -> Place | str:
            peeled = splits.peel(folders)
            if peeled is None:
                return beside_text(splits.of)
            split, rest = peeled
            if self._skip and level:
                rest = rest[:1] + rest[2:]
            return Place(split, rest[level]) if len(rest) > level else NO_FOLDER

        def place(spot: Spot) -> Place | str:
            if spot.folders not in known:
                known[spot.folders] = look(spot.folders)
            return known[spot.folders]

        return Candidate(layout, self.evidence, place, splits)

    @cached_property
    def training(self) -> list[Spot]:
        """Return the items that must tell a class where folders do not: not those of a test."""
        splits = self.file_splits
        peeled = [(spot, splits.peel(spot.folders)) for spot in self.evidence]
        learning = [spot for spot, found in peeled if found and found[0] in (None, "train")]
        return learning or [spot for spot, found in peeled if found]

    def _by_file(
        self, label: Callable[[Spot], str | None], why: Callable[[Spot], str]
    ) -> Callable[[Spot], Place | str]:
        def place(spot: Spot) -> Place | str:
            peeled = self.file_splits.peel(spot.folders)
            if peeled is None:
                return beside_text(self.file_splits.of)
            found = label(spot)
            return Place(peeled[0], found) if found else why(spot)

        return place

    def by_name(self) -> Candidate:
        """Return the reading by file names."""
        others = [spot.name for spot in self.spots]
        of = classes_by_name([spot.name for spot in self.training], others)
        place = self._by_file(
            lambda spot: of.get(spot.name), lambda spot: NO_NAME if spot.counts else NO_FOLDER
        )
        return Candidate("names", self.evidence, place, self.file_splits, "by file name")

    def by_table(self, tables: Mapping[str, str]) -> list[Candidate]:
        """Return the readings by tables, the likeliest first."""
        training = {spot.path for spot in self.training}
        found = read_tables(tables, [spot.path for spot in self.evidence])
        made = [self._by_labels(labels) for labels in found]
        return [one for one in made if one.serves and not training.isdisjoint(one.of)]

    def _by_labels(self, labels: Labels) -> Candidate:
        names = some_of(sorted({path.rpartition("/")[2] for path in labels.tables}), 2)

        def label(spot: Spot) -> str | None:
            classes = labels.of.get(spot.path, frozenset())
            return next(iter(classes)) if len(classes) == 1 else None

        def why(spot: Spot) -> str:
            classes = labels.of.get(spot.path)
            if not spot.counts:
                return NO_FOLDER
            if not classes:
                return f"no row of {names} gives it a class."
            return f"it has several classes in {names}: {some_of(sorted(classes), 3)}."

        column = f", column {labels.column}" if labels.column else ""
        place, source = self._by_file(label, why), f"from {names}{column}"
        return Candidate("csv", self.evidence, place, self.file_splits, source, labels)

    def labelled(self, candidate: Candidate) -> float:
        """Return the share of the items to train on that a table gives a class, or several."""
        training, told = self.training, candidate.labels.of if candidate.labels else {}
        return sum(bool(told.get(spot.path)) for spot in training) / max(1, len(training))
