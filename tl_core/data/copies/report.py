"""What a person should know about items that are the same, and about those that show the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tl_core.data.copies.twins import CROWD
from tl_core.data.spec import DatasetSpec, Item
from tl_core.data.splits import parted_classes
from tl_core.modalities import Modality
from tl_core.words import some_of

Groups = tuple[tuple[str, ...], ...]
"""Paths of items that belong together."""


@dataclass(frozen=True)
class Copies:
    """Byte-identical copies, as groups of paths; plain data, for a report.

    Attributes
    ----------
    within_split
        Copies inside one split: they count more than once.
    across_splits
        Copies in more than one split: the test has seen the answers (a leak).
    across_classes
        Copies in more than one class: at most one of the labels is right.
    """

    within_split: Groups = ()
    across_splits: Groups = ()
    across_classes: Groups = ()


@dataclass(frozen=True)
class NearCopies(Copies):
    """Different files that seem to show the same; the same groups, and what is told beside them.

    A group here has at least two different contents; of equal ones :class:`Copies` tells.

    Attributes
    ----------
    crowd
        Items that look like so many others that no copies are told among them.
    parted
        Classes in which a split at random may part what shows the same: kept together, nothing
        would be left for one of the sides.
    """

    crowd: tuple[str, ...] = ()
    parted: tuple[str, ...] = ()


def copies(spec: DatasetSpec) -> Copies:
    """Sort out the byte-identical items of a data set."""
    return Copies(*_sorted_out(spec, lambda item: item.sha256, lambda group: len(group) > 1))


def near_copies(spec: DatasetSpec, crowd: Sequence[int] = ()) -> NearCopies:
    """Sort out the groups of a data set.

    Parameters
    ----------
    spec
        Its items know their group.
    crowd
        Indices, as of :class:`~tl_core.data.copies.twins.Twins`.
    """

    def differ(group: list[Item]) -> bool:
        return len({item.sha256 for item in group}) > 1

    return NearCopies(
        *_sorted_out(spec, lambda item: item.group, differ),
        tuple(spec.items[index].path for index in crowd),
        parted_classes(spec),
    )


def _sorted_out(
    spec: DatasetSpec, key: Callable[[Item], str], counts: Callable[[list[Item]], bool]
) -> tuple[Groups, Groups, Groups]:
    """Return the groups within a split, across splits and across classes."""
    whole: dict[object, list[Item]] = {}
    within: dict[object, list[Item]] = {}
    for item in spec.items:
        if key(item):
            whole.setdefault(key(item), []).append(item)
            within.setdefault((key(item), item.split), []).append(item)
    groups = [group for group in whole.values() if counts(group)]
    return (
        _paths([group for group in within.values() if counts(group)]),
        _paths([group for group in groups if len({item.split for item in group}) > 1]),
        _paths([group for group in groups if len({item.label for item in group}) > 1]),
    )


def _paths(groups: list[list[Item]]) -> Groups:
    return tuple(tuple(item.path for item in group) for group in groups)


def warn_of_copies(found: Copies, kind: Modality) -> Iterator[str]:
    """Say in sentences which items are the same, the gravest first."""
    if groups := found.across_classes:
        yield (
            f"The same {kind.noun} lies in different classes, so a label is wrong: "
            f"{_example(groups)}."
        )
    if groups := found.across_splits:
        yield (
            f"The same {kind.noun} lies in different splits, so the network is tested on what it "
            f"has learned from: {_example(groups)}."
        )
    if groups := found.within_split:
        yield (
            f"{kind.plural.capitalize()} stored more than once count more than once: "
            f"{_example(groups)}."
        )


def warn_of_near_copies(found: NearCopies, kind: Modality) -> Iterator[str]:
    """Say in sentences which items seem to show the same, the gravest first."""
    noun, plural = kind.noun, kind.plural
    if groups := found.across_classes:
        yield (
            f"Files that seem to show the same {noun} lie in different classes, so a label is "
            f"probably wrong: {_example(groups)}."
        )
    if groups := found.across_splits:
        yield (
            f"Files that seem to show the same {noun} lie in different splits, so the network is "
            f"tested on what it has learned from: {_example(groups)}."
        )
    if groups := found.within_split:
        count = sum(len(group) for group in groups)
        yield (
            f"{kind.count(count)} seem to show the same as another one, in another format, size or "
            f"moment, and count more than once: {_example(groups)}. A split at random keeps them "
            "on one side."
        )
    if names := found.parted:
        yield (
            f"Nearly all {plural} seem to show the same in some classes, so a split at random "
            f"keeps only identical files on one side there: {some_of(names)}."
        )
    if paths := found.crowd:
        yield (
            f"{kind.count(len(paths))} look nearly like more than {CROWD} others each, as frames "
            "of one film do, and are not taken for copies. Where they come from films or series, "
            "sort each series as a whole into a train or a val folder, or what is measured "
            f"flatters: {some_of(paths)}."
        )


def _example(groups: Groups) -> str:
    more = len(groups) - 1
    return some_of(groups[0]) + (f" (and {more} more such group{'s' * (more > 1)})" * (more > 0))
