"""What a person should know about items that show the same though their files differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tl_core.data.spec import DatasetSpec, Item
from tl_core.data.splits import parted_classes
from tl_core.data.twins import CROWD
from tl_core.modalities import Modality
from tl_core.words import some_of


@dataclass(frozen=True)
class NearCopies:
    """Different files that seem to show the same, as groups of paths; plain data, for a report.

    A group here has at least two different contents; of equal ones
    :class:`~tl_core.data.health.Duplicates` tells.

    Attributes
    ----------
    within_split
        Groups inside one split: they count more than once, and a split at random keeps each on one
        side.
    across_splits
        Groups in more than one split: the test has seen the answers (a leak).
    across_classes
        Groups in more than one class: a label is probably wrong.
    crowd
        Items that look like so many others that no copies are told among them.
    parted
        Classes in which a split at random may part what shows the same: kept together, nothing
        would be left for one of the sides.
    """

    within_split: tuple[tuple[str, ...], ...] = ()
    across_splits: tuple[tuple[str, ...], ...] = ()
    across_classes: tuple[tuple[str, ...], ...] = ()
    crowd: tuple[str, ...] = ()
    parted: tuple[str, ...] = ()


def near_copies(spec: DatasetSpec, crowd: Sequence[int] = ()) -> NearCopies:
    """Sort out the groups of a data set.

    Parameters
    ----------
    spec
        Its items know their group.
    crowd
        Indices, as of :class:`~tl_core.data.twins.Twins`.
    """
    groups = _groups(spec.items, lambda item: item.group)
    return NearCopies(
        _paths(_groups(spec.items, lambda item: (item.group, item.split))),
        _paths(group for group in groups if len({item.split for item in group}) > 1),
        _paths(group for group in groups if len({item.label for item in group}) > 1),
        tuple(spec.items[index].path for index in crowd),
        parted_classes(spec),
    )


def warn_of_near_copies(found: NearCopies, kind: Modality) -> Iterator[str]:
    """Say in sentences what was found, the gravest first.

    Parameters
    ----------
    found
        Of one data set.
    kind
        What its items are.
    """
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


def _groups(items: Iterable[Item], key: Callable[[Item], object]) -> list[list[Item]]:
    """Return the groups in which contents differ."""
    groups: dict[object, list[Item]] = {}
    for item in items:
        if item.group:
            groups.setdefault(key(item), []).append(item)
    return [group for group in groups.values() if len({item.sha256 for item in group}) > 1]


def _paths(groups: Iterable[list[Item]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(item.path for item in group) for group in groups)


def _example(groups: tuple[tuple[str, ...], ...]) -> str:
    more = len(groups) - 1
    return some_of(groups[0]) + (f" (and {more} more such group{'s' * (more > 1)})" * (more > 0))
