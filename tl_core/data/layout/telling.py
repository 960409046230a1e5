"""The sentences of a reading: what was read, what is odd, and what would mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tl_core.data.layout.candidates import Candidate
from tl_core.data.layout.splits import Splits
from tl_core.data.layout.tables import Labels
from tl_core.data.layout.tree import named
from tl_core.data.layout.values import Other, Place, Suggestion
from tl_core.data.layout.words import (
    is_doubtful,
    is_in_a_row,
    is_mask,
    plainly,
    split_of,
    words_of,
)
from tl_core.words import some_of

NAMED_CLASSES = 5
_PLURALS = ("s", "es", "en", "n")
_ORDER = ("train", "val", "test")


def split_folders(candidate: Candidate) -> dict[str, str]:
    """Return the split folders that hold anything of a reading, training first."""
    used = {place.split for place in candidate.of.values()}
    of = {name: split for name, split in candidate.splits.of.items() if split in used or not used}
    return dict(sorted(of.items(), key=lambda one: (_ORDER.index(one[1]), one[0])))


def reading_text(candidate: Candidate) -> str:
    """Write a reading in a line."""
    return f"Read as: {_parts(candidate)}"


def _parts(candidate: Candidate) -> str:
    splits = split_folders(candidate)
    where = " (inside the class folders)" if candidate.splits.at else ""
    first = f"splits {some_of(splits)}{where}; " if splits else ""
    if not candidate.of:
        return f"{first}no classes"
    plural = "classes" if len(candidate.sizes) != 1 else "class"
    source = f" {candidate.source}:" if candidate.source else ""
    return f"{first}{plural}{source} {some_of(candidate.classes, NAMED_CLASSES)}"


def others(
    taken: Candidate, candidates: Iterable[Candidate], undecided: Sequence[str]
) -> tuple[Other, ...]:
    """Return the readings that were not taken and would tell other classes or splits."""
    found = []
    for one in candidates:
        if one.layout == taken.layout or not one.serves:
            continue
        by_files = one.layout in ("names", "csv")
        tells_more = not one.of.keys() <= taken.of.keys()
        if by_files and one.layout not in undecided and one.agrees_with(taken) and not tells_more:
            continue
        found.append(Other(one.layout, _parts(one)))
    return tuple(found)


def doubts(candidate: Candidate) -> list[Suggestion]:
    """Return what hardly is a class: named as splits, masks or folders of items are."""
    found = []
    for label in filter(is_doubtful, candidate.classes):
        if label.lower() == "__macosx":
            usual = "a folder that macOS adds to zips"
        elif plainly(label):
            usual = "a part of a set"
        else:
            usual = "masks or annotations" if is_mask(label) else "items of any class"
        text = (
            f"A class is called {label}, which usually names {usual}. If it is no class, drop it."
        )
        found.append(Suggestion("drop", text, (label,)))
    return found


def near_misses(candidate: Candidate) -> list[Suggestion]:
    """Return classes whose names differ by case, a plural, or what stands between the words."""
    bare = {label: _bare(label) for label in candidate.classes}
    known = set(bare.values())
    groups: dict[str, list[str]] = {}
    for label, name in bare.items():
        groups.setdefault(_singular(name, known), []).append(label)
    found = []
    for labels in groups.values():
        if len(labels) > 1:
            into = max(labels, key=lambda label: (candidate.sizes[label], label))
            text = (
                f"The names of the classes {some_of(labels)} are almost the same. If they mean the "
                f"same, merge them into {into}."
            )
            found.append(Suggestion("merge", text, tuple(labels), into))
    return found


def _bare(label: str) -> str:
    return "".join(c for c in label.casefold() if c not in " _-.") or label


def _singular(name: str, known: set[str]) -> str:
    for plural in _PLURALS:
        short = name.removesuffix(plural)
        if short != name and len(short) > 2 and short in known:
            return _singular(short, known)
    return name


def unlearnt(candidate: Candidate, known: Iterable[Suggestion]) -> list[Suggestion]:
    """Return classes in ``test`` or ``val`` alone, of which nothing else is suggested yet."""
    splits: dict[str, set[str | None]] = {}
    for place in candidate.of.values():
        splits.setdefault(place.label, set()).add(place.split)
    told = {label for suggestion in known for label in suggestion.classes}
    learnt = {label for label, of in splits.items() if of & {None, "train"}}
    found = []
    for label in sorted(set(splits) - learnt - told) if learnt else ():
        where = " and ".join(str(split) for split in sorted(map(str, splits[label])))
        text = (
            f"The class {label} has files in {where} alone, so no network can learn it. "
            "Drop it, or bring some to learn from."
        )
        found.append(Suggestion("drop", text, (label,)))
    return found


def counting(candidate: Candidate) -> list[str]:
    """Say where the names of all classes only count, or are names of splits with more to them.

    Camera folders and ``Photos from 2024`` count; ``cats_train``, ``cats_test`` cut a class in two.
    """
    if not candidate.serves:
        return []
    if cut := _cut_by_splits(candidate.classes):
        return [
            f"The names of some classes speak of splits ({some_of(cut, 4)}). If they do, put the "
            "folders of each split into a folder of its name, and call those of a class alike."
        ]
    if not all(map(_counts, candidate.classes)) and not _differ_in_numbers(candidate.classes):
        return []
    return [
        f"The names of the classes only count ({some_of(candidate.classes, 3)}). If they are no "
        "classes, put the files of each class into a folder of its own."
    ]


def about_table(labels: Labels) -> Iterable[str]:
    """Say what a person should know about the table that the classes come from."""
    if labels.boxes:
        yield (
            "The table holds boxes, so it was made for detection: a file has a class here only "
            "where all its boxes bear one."
        )
    if labels.rivals:
        yield (
            f"Other columns of the table may tell the classes as well: {some_of(labels.rivals)}. "
            "If one of them does, remove the others."
        )
    if labels.splits:
        yield (
            f"The column {labels.splits} of the table tells splits and is not read: to keep them, "
            "put the files of each split into a folder of its name."
        )
    if labels.astray:
        rows = "1 row" if labels.astray == 1 else f"{labels.astray:,} rows"
        yield f"For {rows} of the table no usable file was found."


def _counts(label: str) -> bool:
    """Tell whether a name is a word with a number (``day1``), not a letter with one (``s1``)."""
    words = words_of(label)
    with_word = any(len(word) > 1 and not word.isdigit() for word in words)
    return is_in_a_row(label) and with_word and any(word.isdigit() for word in words)


def _differ_in_numbers(labels: Iterable[str]) -> bool:
    """Tell whether all names have the same two words or more, and different numbers."""
    words = {tuple(word for word in words_of(label) if not word.isdigit()) for label in labels}
    counted = all(any(word.isdigit() for word in words_of(label)) for label in labels)
    return counted and len(words) == 1 and len(next(iter(words))) > 1


def _cut_by_splits(labels: Iterable[str]) -> list[str]:
    """Return the names that are the same but for a split."""
    rests: dict[tuple[str, ...], dict[str, str]] = {}
    for label in labels:
        split, rest = split_of(label)
        if split and rest:
            rests.setdefault(rest, {})[label] = split
    return [label for of in rests.values() if len(set(of.values())) > 1 for label in of]


def without_class(tops: Iterable[str]) -> list[str]:
    """Say which items get no class, given the folder at the top that each lies in."""
    number = Counter(tops)
    if not number:
        return []
    files = "1 file gets" if number.total() == 1 else f"{number.total():,} files get"
    left = "is left out" if number.total() == 1 else "are left out"
    return [f"{files} no class and {left}: {named(number)}."]


def empty_text(places: Mapping[str, Place | str], candidate: Candidate) -> list[str]:
    """Name the empty folders that would be a class, or a split, if anything lay in them."""
    classes = sorted(
        {
            p.label
            for p in places.values()
            if isinstance(p, Place) and p.label not in candidate.sizes
        }
    )
    if not classes:
        return []
    one = len(classes) == 1
    return [
        f"The class folder{'' if one else 's'} {some_of(classes)} {'is' if one else 'are'} empty "
        f"and give{'s' if one else ''} no class."
    ]


def beside_splits(splits: Splits, beside: Counter[str]) -> list[str]:
    """Say what lies beside split folders, given the number of items in each such folder."""
    if splits.with_classes_beside:
        return [f"The class folders beside {named(splits.of)} are read as the part to train on."]
    if not beside:
        return []
    one = beside.total() == 1
    number = "1 file lies" if one else f"{beside.total():,} files lie"
    left = "is left out" if one else "are left out"
    return [f"{number} beside the split folders and {left}: {named(beside)}."]
