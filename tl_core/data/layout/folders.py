"""Which level of the folders the classes are: the top, or the one inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tl_core.data.layout.splits import Tops
from tl_core.data.layout.tree import Folders, named
from tl_core.data.layout.words import is_in_a_row, is_mask, is_neutral
from tl_core.words import some_of

REPEATED_SHARE = 0.8
"""Share of the items that must lie in folders whose names repeat under several top folders."""

IN_A_ROW_SHARE = 0.9
"""Share of the items that must lie in folders that only count, where such names say so."""


def decide(rests: Mapping[Folders, int]) -> tuple[str, ...]:
    """Weigh what the folders say, without those of splits, given the number of items in each.

    Names that repeat under most top folders are classes, and the top folders learners, cameras or
    places; names that only count (``day1``) or say nothing (``images``) are none; names that do
    not repeat may be either.

    Returns
    -------
    tuple of str
        The level of the classes, ``top`` or ``inner``; both, the preferred first, if undecided.
    """
    tops = Tops.of(rests)
    holding = tops.holding()
    in_tops = Counter(name.casefold() for top in holding for name in tops.inside[top])
    inner = Counter[str]()
    for top in holding:
        inner.update(tops.inside[top])
    one_each = all(len(tops.inside[top]) == 1 for top in holding)
    if 2 * len(holding) <= len(tops.total) or len(in_tops) < 2 or one_each:
        return ("top",)
    says_nothing = sum(n for name, n in inner.items() if is_neutral(name) or is_mask(name))
    if 2 * says_nothing >= inner.total():
        return ("top",)
    repeated = sum(n for name, n in inner.items() if in_tops[name.casefold()] > 1)
    in_a_row = sum(n for name, n in inner.items() if is_in_a_row(name))
    counts = in_a_row >= IN_A_ROW_SHARE * inner.total()
    if repeated >= REPEATED_SHARE * tops.total.total():
        return ("top", "inner") if counts else ("inner",)
    return ("top",) if counts else ("inner", "top")


def merged_text(rests: Mapping[Folders, int], level: str) -> list[str]:
    """Say which folders were merged where the classes are those of a level; nothing if none."""
    tops = Tops.of(rests)
    holding = sorted(tops.inside)
    if not holding:
        return []
    if level == "inner":
        return [f"Folders that hold the class folders were merged: {named(holding)}."]
    some = some_of((f"{top} ({named(tops.inside[top])})" for top in holding), 3)
    return [f"Folders inside class folders were merged into their class: {some}."]
