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

    An automatic split keeps byte-identical copies on one side, and at least one item of every
    class on either side. It depends on the items' contents and the seed alone. Folders that name
    a split are respected: ``val`` makes an automatic split needless, ``test`` is set aside.

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
    items = dataset.items
    copies: dict[str, list[int]] = {}
    for index in pool:
        copies.setdefault(items[index].sha256, []).append(index)
    order = sorted(copies, key=lambda sha256: _rank(seed, sha256))
    labels = {sha: {items[i].label for i in same} for sha, same in copies.items()}
    of_class: dict[int, list[str]] = {label: [] for label in range(len(dataset.classes))}
    for sha in order:
        for label in labels[sha]:
            of_class[label].append(sha)
    val: set[str] = set()
    for label, mine in of_class.items():
        size = sum(len(copies[sha]) for sha in mine)
        room = min(max(round(val_fraction * size), 1), size - 1)
        # An item that lies in several classes has a wrong label: better not to measure with it.
        for sha in mine:
            if labels[sha] == {label} and len(copies[sha]) <= room:
                val.add(sha)
                room -= len(copies[sha])
    measured = Counter(label for sha in val for label in labels[sha])
    learned = Counter(label for sha in order if sha not in val for label in labels[sha])
    for label, mine in of_class.items():
        if not measured[label]:
            spare = _spare(dataset, label, [sha for sha in mine if sha not in val], labels, learned)
            val.add(spare)
            measured.update(labels[spare])
            learned.subtract(labels[spare])
    return sorted(index for sha in val for index in copies[sha])


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
