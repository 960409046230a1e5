"""Which level of the folders the classes are: the top, or the one inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tl_core.data.layout.splits import Tops
from tl_core.data.layout.tree import Folders, named
from tl_core.data.layout.words import is_in_a_row, is_mask, is_neutral

REPEATED_SHARE = 0.8
"""Share of the items that must lie in folders whose names repeat under several top folders."""

IN_A_ROW_SHARE = 0.9
"""Share of the items that must lie in folders that only count, where such names say so."""


@dataclass(frozen=True)
class Decision:
    """The level of the classes, ``top`` or ``inner``; both, the preferred first, if undecided."""

    levels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def decide(rests: Mapping[Folders, int]) -> Decision:
    """Weigh what the folders say, without those of splits, given the items in each.

    Names that repeat under most top folders are classes, and the top folders learners, cameras or
    places; names that only count (``day1``) or say nothing (``images``) are none; names that do
    not repeat may be either.
    """
    tops = Tops.of(rests)
    holding, number = tops.holding(), tops.total.total()
    if not tops.inside:
        return Decision(("top",))
    in_tops = Counter(name.casefold() for top in holding for name in tops.inside[top])
    inner = Counter[str]()
    for top in holding:
        inner.update(tops.inside[top])
    merged = (_merged_inside(tops),)
    one_each = all(len(tops.inside[top]) == 1 for top in holding)
    if 2 * len(holding) <= len(tops.total) or len(in_tops) < 2 or one_each:
        return Decision(("top",), merged)
    says_nothing = sum(n for name, n in inner.items() if is_neutral(name) or is_mask(name))
    if 2 * says_nothing >= inner.total():
        return Decision(("top",), merged)
    repeated = sum(n for name, n in inner.items() if in_tops[name.casefold()] > 1)
    in_a_row = sum(n for name, n in inner.items() if is_in_a_row(name))
    counts = in_a_row >= IN_A_ROW_SHARE * inner.total()
    if repeated >= REPEATED_SHARE * number:
        if counts:
            return Decision(("top", "inner"), merged)
        return Decision(("inner",), (_merged_tops(tops),))
    return Decision(("top",), merged) if counts else Decision(("inner", "top"))


def _merged_tops(tops: Tops) -> str:
    return (
        f"The same folders lie in each of {named(tops.inside)}: these were merged, and the folders "
        "inside them are the classes."
    )


def _merged_inside(tops: Tops) -> str:
    holding = sorted(tops.inside)
    some = [f"{top} ({named(tops.inside[top])})" for top in holding[:3]]
    more = f" and {len(holding) - 3} more" if len(holding) > 3 else ""
    return f"Folders inside class folders were merged into their class: {', '.join(some)}{more}."
