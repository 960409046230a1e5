"""How many photos each class has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ui.shared.charts.base import Chart, Spec, axis, plain, unique
from ui.shared.theme import GREY

MOST = 24
"""Classes that are drawn, the largest and smallest of them; a table has all."""

_TITLES = {"all": "Photos", "train": "Train", "val": "Validate", "test": "Test"}
_LOOK: dict[str, Spec] = {
    "all": {"color": GREY},
    "train": {"color": GREY},
    "val": {"color": "#b4bcc5", "decal": {"dashArrayX": [1, 0], "dashArrayY": [2, 5]}},
    "test": {"color": "#5c6772", "decal": {"symbol": "circle", "symbolSize": 0.6}},
}
"""Greys, since colours tell strategies, and as a second sign a pattern for each split."""


def class_balance(classes: Sequence[str], splits: Mapping[str, Mapping[str, int]]) -> Chart:
    """Draw the photos of each class as a bar, its splits one behind the other.

    Parameters
    ----------
    classes
        Class names.
    splits
        Photos for each split and class, as in :class:`tl_core.data.HealthReport`.
    """
    totals = {name: sum(counts[name] for counts in splits.values()) for name in classes}
    shown = _ends(sorted(classes, key=lambda name: -totals[name]))
    names = unique(shown)
    series: list[Spec] = [
        {
            "type": "bar",
            "name": _TITLES[split],
            "stack": "photos",
            "data": [counts[name] for name in shown],
            "itemStyle": _LOOK[split],
            "barMaxWidth": 18,
        }
        for split, counts in splits.items()
    ]
    series[-1]["label"] = {"show": len(splits) == 1, "position": "right"}
    spec: Spec = {
        "animation": False,
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "legend": {"show": len(splits) > 1, "top": 0, "left": 0},
        "grid": {"top": 30 if len(splits) > 1 else 6, "left": 12, "right": 44, "bottom": 30},
        "xAxis": axis("Photos", 0, None, nameGap=24, minInterval=1),
        "yAxis": {
            "type": "category",
            "data": names,
            "inverse": True,
            "axisTick": {"show": False},
            "axisLabel": {"width": 110, "overflow": "truncate", "interval": 0},
        },
        "series": series,
    }
    beside = 90 if len(splits) > 1 else 66  # axis, its name, and the legend
    return Chart(spec, _words(totals, shown), beside + 26 * max(len(shown), 1))


def _ends(ordered: list[str]) -> list[str]:
    """Return the largest and the smallest classes where there are too many to draw."""
    if len(ordered) <= MOST:
        return ordered
    return ordered[: MOST // 2] + ordered[-MOST // 2 :]


def _words(totals: Mapping[str, int], shown: Sequence[str]) -> str:
    if not shown:
        return "There are no photos."
    rest = len(totals) - len(shown)
    more = f" {rest} classes in between are left out." if rest else ""
    return (
        f"Photos a class: {plain(shown[0])} has the most, {totals[shown[0]]}; "
        f"{plain(shown[-1])} the fewest, {totals[shown[-1]]}.{more}"
    )
