"""Confusion matrices whose cells can be selected; of many classes, the pairs confused most."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from ui.shared.charts.base import Chart, Spec, axis, unique
from ui.shared.theme import contrast

Cell = tuple[int, int]
"""True class and answer."""

MOST_CLASSES = 40
"""Of which a matrix is drawn: with more, no cell could be read or hit."""

PAIRS = 20
"""Pairs of classes that are drawn where there are more classes than that."""

_RAMP = {
    False: ("#bd4e00", "#f1efe9", "#005a8f"),
    True: ("#ff8c42", "#1c242e", "#56b4e9"),
}
"""From the worst over nothing to the best, on a light and on a dark theme: orange to blue."""

_TEXT = {False: "#1d2733", True: "#e8edf2"}
_ON_LIGHT, _ON_DEEP = "#10161c", "#ffffff"
_FEW = 12
"""Classes up to which the numbers stand in their cells."""

_NAME = {"name": "name", "type": "ordinal"}

LABEL = "{light|{@light}}{deep|{@deep}}"
"""Writes a cell's number in the colour that can be read on it: of the two texts one is empty."""


def confusion_matrix(
    classes: Sequence[str], counts: Mapping[Cell, int], *, dark: bool = False
) -> Chart:
    """Draw how often photos of each class (rows) were taken for each class (columns).

    Right answers are blue, mistakes orange; deeper means a larger share of the row. With
    ``on_select="rerun"`` a click selects a cell; :func:`confusion_cell` turns its index back.

    Parameters
    ----------
    classes
        Names in the order of the indices, at most :data:`MOST_CLASSES`.
    counts
        How many photos of each true class got each answer; a pair that is missing has none.
    dark
        Whether Streamlit's theme is dark (``st.context.theme.type``).
    """
    names = unique(classes)
    rows = []
    for true in range(len(names)):
        line = [counts.get((true, said), 0) for said in range(len(names))]
        total = max(sum(line), 1)
        rows += [
            cell(names, (true, said), count, shade(count / total, true == said), str(count), dark)
            for said, count in enumerate(line)
        ]
    spec = heatmap(names, rows, "%d photos", dark)
    return Chart(spec, _confusion_alt(names, counts), matrix_height(names))


def shade(share: float, good: bool) -> float:
    """Return how far a cell is from nothing, -1 to 1: small shares can still be told apart."""
    return math.sqrt(share) if good else -math.sqrt(share)


def cell(
    names: Sequence[str], where: Cell, count: int, depth: float, text: str, dark: bool
) -> list[object]:
    """Return one cell of :func:`heatmap`: a plain row, since there may be many of them.

    Parameters
    ----------
    names
        Of the classes.
    where, count
        The cell, and how many photos it says.
    depth
        From :func:`shade`.
    text
        What is written in it where there is room.
    """
    true, said = where
    name = names[true] + (", recognised" if true == said else f", taken for {names[said]}")
    light = tint(depth, dark)[1] == _ON_LIGHT
    texts = (text, "") if light else ("", text)
    return [said, true, count, round(depth, 4), name, *texts]


def tint(depth: float, dark: bool) -> tuple[str, str]:
    """Return fill and text colour of a cell of such a shade; the text stands out from the fill."""
    worst, nothing, best = _RAMP[dark]
    pairs = zip(_rgb(nothing), _rgb(best if depth > 0 else worst), strict=True)
    fill = "#{:02x}{:02x}{:02x}".format(*(round(a + (b - a) * abs(depth)) for a, b in pairs))
    return fill, max(_ON_LIGHT, _ON_DEEP, key=lambda text: contrast(text, fill))


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def heatmap(names: Sequence[str], rows: Sequence[list[object]], unit: str, dark: bool) -> Spec:
    """Return a square of cells, true classes down and answers across, one of which is selected.

    Parameters
    ----------
    names
        Of the classes: different, short and plain.
    rows
        From :func:`cell`, row by row of the matrix.
    unit
        How the tooltip writes the number (``"%d photos"``).
    """
    category: Spec = {"type": "category", "data": names, "axisTick": {"show": False}}
    label: Spec = {"width": 88, "overflow": "truncate", "interval": 0}
    few = len(names) <= _FEW
    font: Spec = {"fontSize": 14, "fontWeight": 600}
    texts = {"light": font | {"color": _ON_LIGHT}, "deep": font | {"color": _ON_DEEP}}
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "valueFormatter": unit},
        "grid": {"top": 12, "left": 12, "right": 16, "bottom": 34},
        "visualMap": {
            "type": "continuous",
            "show": False,
            "dimension": 3,
            "min": -1,
            "max": 1,
            "inRange": {"color": list(_RAMP[dark])},
            "hoverLink": False,
        },
        "xAxis": category
        | {"name": "Predicted", "nameLocation": "middle", "nameGap": 34 if few else 92}
        | {"axisLabel": label | {"rotate": 0 if len(names) <= 5 else 40}},
        "yAxis": category
        | {"name": "True class", "nameLocation": "middle", "nameGap": 102}
        | {"inverse": True, "axisLabel": label},
        "series": [
            {
                "type": "heatmap",
                "data": list(rows),
                "dimensions": ["said", "true", "photos", "shade", _NAME, "light", "deep"],
                "selectedMode": "single",
                "encode": {"x": 0, "y": 1, "tooltip": [2], "itemName": 4},
                "label": {"show": few, "formatter": LABEL, "rich": texts},
                "itemStyle": {"borderColor": "#12171d" if dark else "#fcfbf8", "borderWidth": 2},
                "select": {"itemStyle": {"borderColor": _TEXT[dark], "borderWidth": 3}},
            }
        ],
    }


def matrix_height(names: Sequence[str]) -> int:
    """Return a height, in CSS px, at which every row of a matrix can be read."""
    return max(240, 110 + 42 * len(names))


def confusion_cell(index: int, classes: int) -> Cell:
    """Return (true class, predicted class) of a selected cell's ``data_indices`` entry."""
    return divmod(index, classes)


def most_confused(counts: Mapping[Cell, int], limit: int = PAIRS) -> list[Cell]:
    """Return the pairs of different classes with the largest numbers, whatever their sign."""
    pairs = ((abs(n), (-true, -said)) for (true, said), n in counts.items() if n and true != said)
    return [(-true, -said) for _, (true, said) in heapq.nlargest(limit, pairs)]


def pair_name(names: Sequence[str], pair: Cell) -> str:
    """Name a pair of classes: "ant → bee"."""
    return f"{names[pair[0]]} → {names[pair[1]]}"


def confused_pairs(
    classes: Sequence[str], counts: Mapping[Cell, int], *, change: bool = False, dark: bool = False
) -> Chart:
    """Draw the pairs of classes that were confused most, a bar each.

    In place of a matrix of more classes than :data:`MOST_CLASSES`. The bars are in the order of
    :func:`most_confused`, which turns the index of a selected one back.

    Parameters
    ----------
    classes
        Names in the order of the indices.
    counts
        As for :func:`confusion_matrix`, or what :func:`difference_matrix` takes.
    change
        Whether ``counts`` says what changed: then a mistake less is blue.
    dark
        Whether Streamlit's theme is dark.
    """
    pairs = most_confused(counts)
    numbers = [counts[pair] for pair in pairs]
    names = unique((pair_name(classes, pair) for pair in pairs), 48)
    worst, _, best = _RAMP[dark]
    bars = [{"value": n, "itemStyle": {"color": worst if n > 0 else best}} for n in numbers]
    unit = "Photos more or fewer" if change else "Photos"
    spec: Spec = {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True},
        "grid": {"top": 6, "left": 12, "right": 44, "bottom": 30},
        "xAxis": axis(unit, min([0, *numbers]), None, nameGap=24, minInterval=1),
        "yAxis": {
            "type": "category",
            "data": names,
            "inverse": True,
            "axisTick": {"show": False},
            "axisLabel": {"width": 190, "overflow": "truncate", "interval": 0},
        },
        "series": [
            {
                "type": "bar",
                "name": unit,
                "data": bars,
                "barMaxWidth": 18,
                "selectedMode": "single",
                "label": {"show": True, "position": "right"},
                "select": {"itemStyle": {"borderColor": _TEXT[dark], "borderWidth": 3}},
            }
        ],
    }
    return Chart(spec, _pairs_alt(names, numbers, counts, change), 56 + 26 * max(len(pairs), 1))


def _pairs_alt(
    names: Sequence[str], numbers: Sequence[int], counts: Mapping[Cell, int], change: bool
) -> str:
    if not names:
        return "No two classes were confused."
    every = sum(true != said and number != 0 for (true, said), number in counts.items())
    sign = "+d" if change else "d"
    told = [f"{name}: {n:{sign}}" for name, n in zip(names[:5], numbers, strict=False)]
    what = "changed" if change else "confused"
    return f"The most {what} pairs, {len(names)} of {every}. {'. '.join(told)}."


def _confusion_alt(names: Sequence[str], counts: Mapping[Cell, int]) -> str:
    total = sum(counts.values())
    right = sum(counts.get((i, i), 0) for i in range(len(names)))
    words = [f"Confusion matrix: {right} of {total} photos right."]
    words += [
        f"{names[true]} taken for {names[said]}: {counts[true, said]}."
        for true, said in most_confused(counts, 5)
    ]
    return " ".join(words)
