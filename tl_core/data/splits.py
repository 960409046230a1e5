"""Which items train and which validate."""

from __future__ import annotations

import hashlib
from collections import Counter

from tl_core.data.spec import DatasetSpec, Split
from tl_core.errors import ConfigError, DataError


def make_split(
    dataset: DatasetSpec, *, seed: int, val_fraction: float = 0.3, per_class: int | None = None
) -> Split:
    """Split a data set: as its folders say, else stratified at random.

    An automatic split keeps copies on one side, and at least one item of every class on either
    side. Copies are byte-identical, or show the same (:mod:`tl_core.data.copies.twins`); the latter
    only where that leaves a class something for both sides (:func:`parted_classes`). It depends on
    the items' contents and the seed alone. Folders that name a split are respected: ``val`` makes
    an automatic split needless, ``test`` is set aside.

    Parameters
    ----------
    dataset
        What to split.
    seed
        Of the random choice.
    val_fraction
        Share of each class that validates, between 0 and 1, where no ``val`` folder says it.
    per_class
        At most so many training items of each class, chosen by the seed; a smaller number gives
        a part of what a larger one gives. Validation is unaffected.

    Returns
    -------
    Split
        Sorted indices into ``dataset.items``.

    Raises
    ------
    ConfigError
        If ``val_fraction`` or ``per_class`` is out of range.
    DataError
        If a class cannot have different items on both sides.
    """
    if not 0 < val_fraction < 1:
        raise ConfigError(f"val_fraction is {val_fraction}; it has to lie between 0 and 1.")
    if per_class is not None and per_class < 1:
        raise ConfigError(f"per_class is {per_class}; it has to be 1 or more.")
    of_split = {
        split: [i for i, item in enumerate(dataset.items) if item.split == split]
        for split in (None, "train", "val", "test")
    }
    train, val = of_split[None] + of_split["train"], of_split["val"]
    if not val:
        val = _choose_val(dataset, train, seed, val_fraction)
        train = sorted(set(train) - set(val))
    if per_class is not None:
        train = _at_most(dataset, train, seed, per_class)
    return Split(tuple(train), tuple(val), tuple(of_split["test"]), seed)


def _rank(seed: int, *key: str) -> str:
    """Return a random number, as text, that depends on its arguments alone."""
    return hashlib.sha256("/".join([str(seed), *key]).encode()).hexdigest()


def _choose_val(dataset: DatasetSpec, pool: list[int], seed: int, val_fraction: float) -> list[int]:
    copies = _groups(dataset, pool)
    order = sorted(copies, key=lambda key: _rank(seed, key))
    labels = _labels(dataset, copies)
    of_class: dict[int, list[str]] = {label: [] for label in range(len(dataset.classes))}
    for key in order:
        for label in labels[key]:
            of_class[label].append(key)
    val: set[str] = set()
    for label, mine in of_class.items():
        size = sum(len(copies[key]) for key in mine)
        room = min(max(round(val_fraction * size), 1), size - 1)
        # An item that lies in several classes has a wrong label: better not to measure with it.
        for key in mine:
            if labels[key] == {label} and len(copies[key]) <= room:
                val.add(key)
                room -= len(copies[key])
    measured = Counter(label for key in val for label in labels[key])
    learned = Counter(label for key in order if key not in val for label in labels[key])
    for label, mine in of_class.items():
        if not measured[label]:
            spare = _spare(dataset, label, [key for key in mine if key not in val], labels, learned)
            val.add(spare)
            measured.update(labels[spare])
            learned.subtract(labels[spare])
    return sorted(index for key in val for index in copies[key])


def parted_classes(dataset: DatasetSpec) -> tuple[str, ...]:
    """Name the classes whose items that show the same may come to lie on both sides of a split.

    That is where a class has fewer than two groups of its own: kept together, they would leave it
    nothing to learn from, or nothing to validate with. Byte-identical copies stay together there
    too. Without an automatic split there are none.
    """
    if any(item.split == "val" for item in dataset.items):
        return ()
    pool = [i for i, item in enumerate(dataset.items) if item.split in (None, "train")]
    return tuple(dataset.classes[label] for label in sorted(_parted(dataset, pool)))


def _parted(dataset: DatasetSpec, pool: list[int]) -> set[int]:
    groups: dict[str, list[int]] = {}
    for index in pool:
        groups.setdefault(dataset.items[index].shows, []).append(index)
    labels = _labels(dataset, groups)
    own = Counter(label for mine in labels.values() if len(mine) == 1 for label in mine)
    return {
        label
        for key, mine in labels.items()
        if len({dataset.items[i].sha256 for i in groups[key]}) > 1
        for label in mine
        if own[label] < 2
    }


def _groups(dataset: DatasetSpec, pool: list[int]) -> dict[str, list[int]]:
    """Return the items that stay together, by what they share."""
    items = dataset.items
    parted = _parted(dataset, pool)
    split_up = {items[index].shows for index in pool if items[index].label in parted}
    groups: dict[str, list[int]] = {}
    for index in pool:
        item = items[index]
        key = item.sha256 if item.shows in split_up else item.shows
        groups.setdefault(key, []).append(index)
    return groups


def _labels(dataset: DatasetSpec, groups: dict[str, list[int]]) -> dict[str, set[int]]:
    return {key: {dataset.items[i].label for i in same} for key, same in groups.items()}


def _spare(
    dataset: DatasetSpec,
    label: int,
    candidates: list[str],
    labels: dict[str, set[int]],
    learned: Counter[int],
) -> str:
    """Find an item that can validate a class without emptying any class's training side."""
    for sha in candidates:
        if all(learned[other] > 1 for other in labels[sha]):
            return sha
    raise DataError(
        f"The class {dataset.classes[label]!r} has too few {dataset.kind.plural} of its own: it "
        "needs one to learn from and a different one to validate with, neither of them in another "
        "class too."
    )


def _at_most(dataset: DatasetSpec, train: list[int], seed: int, per_class: int) -> list[int]:
    items = dataset.items
    order = sorted(train, key=lambda i: _rank(seed, "per class", items[i].sha256, items[i].path))
    taken: Counter[int] = Counter()
    kept = []
    for index in order:
        if taken[items[index].label] < per_class:
            taken[items[index].label] += 1
            kept.append(index)
    return sorted(kept)
