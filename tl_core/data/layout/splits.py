"""At which level of the folders the names of splits stand, and what is left without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tl_core.data.layout.tree import Folders, few, named
from tl_core.data.layout.words import is_in_a_row, plainly, split_of

LEVELS = 3
"""Names of splits are looked for at so many levels below the wrapper."""

MOST_BESIDE = 0.3
"""Share of the items that may lie beside a single split folder: more, and it is a class."""

INSIDE_SHARE, NAMED_SHARE = 0.5, 0.95
"""Share of the items that must lie in split folders inside others, and of those, in folders that
are named as splits."""


@dataclass(frozen=True)
class Splits:
    """Names of splits among the folders.

    Attributes
    ----------
    at
        Their level, or None where there are none.
    of
        From the name of a folder to ``train``, ``val`` or ``test``.
    with_classes_beside
        Whether the folders beside them are classes of the training part.
    """

    at: int | None = None
    of: Mapping[str, str] = field(default_factory=dict)
    with_classes_beside: bool = False

    def peel(self, folders: Folders) -> tuple[str | None, Folders] | None:
        """Return split and remaining folders; None for what lies beside the split folders."""
        if self.at is None:
            return None, folders
        name = folders[self.at] if len(folders) > self.at else ""
        if name in self.of:
            return self.of[name], folders[: self.at] + folders[self.at + 1 :]
        return ("train", folders) if self.with_classes_beside and name else None


@dataclass(frozen=True)
class Tops:
    """The folders at the top: items below each, directly in each, and in its folders."""

    total: Counter[str]
    direct: Counter[str]
    inside: dict[str, Counter[str]]

    @classmethod
    def of(cls, number: Mapping[Folders, int]) -> Tops:
        """Count what lies in folders, given the number of items in each."""
        total, direct = Counter[str](), Counter[str]()
        inside: dict[str, Counter[str]] = {}
        for folders, count in number.items():
            if folders:
                total[folders[0]] += count
                if len(folders) == 1:
                    direct[folders[0]] += count
                else:
                    inside.setdefault(folders[0], Counter())[folders[1]] += count
        return cls(total, direct, inside)

    def holding(self) -> list[str]:
        """Return those that hold folders, and no more than strays besides."""
        return [top for top in self.inside if few(self.direct[top], self.total[top])]


def find_splits(number: Mapping[Folders, int]) -> Splits:
    """Find the level where folders bear names of splits, given the number of items in each."""
    found = _at_the_top(Tops.of(number))
    for level in range(1, LEVELS):
        found = found or _inside(number, level)
    return found or Splits()


def _at_the_top(tops: Tops) -> Splits | None:
    of = {top: split for top in sorted(tops.total) if (split := split_of(top)[0])}
    others = [top for top in tops.total if top not in of]
    holding = [top for top in tops.holding() if top in of]
    kinds = {of[top] for top in holding}
    if not of:
        return None
    if not holding:
        return Splits(0, of) if not others and _speak_alike(of) else None
    inner = Counter(name.lower() for top in holding for name in tops.inside[top])
    classes = [top for top in others if top.lower() in inner]
    if "train" not in of.values() and others and 2 * len(classes) > len(others):
        return Splits(0, of, with_classes_beside=True)
    if kinds == {"test"} and "train" not in of.values() and _alike(tops, others, inner):
        return Splits(0, of | dict.fromkeys(others, "train"))  # as in rps, rps-test-set
    if len(kinds) > 1:
        shared = max(inner.values()) > 1
        sure = shared or _speak_alike(of) or any(plainly(top) for top in holding)
    else:
        beside = sum(tops.total[top] for top in others)
        one_or_few = len(others) < 2 or beside < MOST_BESIDE * tops.total.total()
        named_so = all(map(plainly, holding)) or _speak_alike(of)
        sure = named_so and (not others or ("train" in kinds and one_or_few))
    return Splits(0, of) if sure else None


def _alike(tops: Tops, others: Iterable[str], inner: Mapping[str, int]) -> bool:
    """Tell whether folders, of which there are some, hold mostly folders of certain names."""
    shares = []
    for top in others:
        below = tops.inside.get(top, Counter())
        shares.append(bool(below) and 2 * sum(n.lower() in inner for n in below) >= len(below))
    return bool(shares) and all(shares)


def _speak_alike(of: Mapping[str, str]) -> bool:
    """Tell whether names say nothing but a split, or all the same besides: ``asl_train``."""
    rests = {split_of(name)[1] for name in of}
    return rests == {()} or (len(rests) == 1 and len(set(of.values())) > 1)


def _inside(number: Mapping[Folders, int], level: int) -> Splits | None:
    names: Counter[str] = Counter()
    for folders, count in number.items():
        if len(folders) > level:
            names[folders[level]] += count
    of = {name: split for name in sorted(names) if (split := plainly(name))}
    covered = names.total()
    enough = covered >= INSIDE_SHARE * sum(number.values())
    of_splits = sum(names[name] for name in of) >= NAMED_SHARE * covered
    return Splits(level, of) if enough and of_splits and len(set(of.values())) > 1 else None


def lenient(number: Mapping[Folders, int], found: Splits) -> Splits:
    """Return the splits where something else than folders tells the classes.

    Then most of the top folders need to bear names of splits, not all.
    """
    if found.at is not None:
        return found
    tops = Tops.of(number).total
    of = {top: split for top in sorted(tops) if (split := plainly(top))}
    return Splits(0, of) if "train" in of.values() and 2 * len(of) > len(tops) else found


def rows_at_one(rests: Mapping[Folders, int]) -> bool:
    """Tell whether the second level only counts (``day1``) and holds the folders that matter."""
    inner = {folders[1] for folders in rests if len(folders) > 1}
    below = {folders[2] for folders in rests if len(folders) > 2}
    here = sum(count for folders, count in rests.items() if len(folders) == 2)
    deeper = sum(count for folders, count in rests.items() if len(folders) > 2)
    return (
        bool(below)
        and all(map(is_in_a_row, inner))
        and not all(map(is_in_a_row, below))
        and few(here, here + deeper)
    )


def beside_text(folders: Iterable[str]) -> str:
    """Say of a file that it lies beside split folders."""
    return f"it lies beside the split folders ({named(folders)}) and in none of them."
