"""Confusion matrices whose cells can be selected."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ui.shared.charts.base import Chart, Spec, unique
from ui.shared.theme import contrast

# Light to deep, for each theme: right answers in blue, mistakes in orange.
_RAMP = {
    (True, False): ((241, 239, 233), (0, 90, 143)),
    (True, True): ((28, 36, 46), (86, 180, 233)),
    (False, False): ((241, 239, 233), (189, 78, 0)),
    (False, True): ((28, 36, 46), (255, 140, 66)),
}
_TEXT = {False: "#1d2733", True: "#e8edf2"}


def confusion_matrix(
    classes: Sequence[str], counts: Sequence[Sequence[int]], *, dark: bool = False
) -> Chart:
    """Draw how often photos of each class (rows) were taken for each class (columns).

    Right answers are blue, mistakes orange; deeper means a larger share of the row. With
    ``on_select="rerun"`` a click selects a cell; :func:`confusion_cell` turns its index back.

    Parameters
    ----------
    classes
        Names in the order of the indices.
    counts
        ``counts[true][predicted]``, a square table of ``len(classes)`` rows.
    dark
        Whether Streamlit's theme is dark (``st.context.theme.type``).
    """
    names = unique(classes)
    cells: list[Spec] = []
    for true, row in enumerate(counts):
        total = max(sum(row), 1)
        for predicted, count in enumerate(row):
            right = true == predicted
            fill, text = blend(count / total, right, dark)
            sentence = f"{names[true]}, taken for {names[predicted]}"
            cells.append(
                {
                    "name": f"{names[true]}, recognised" if right else sentence,
                    "value": [predicted, true, count],
                    "itemStyle": {"color": fill},
                    "label": {"color": text},
                }
            )
    spec = heatmap(names, cells, "%d photos", dark)
    return Chart(spec, _confusion_alt(names, counts), matrix_height(names))


def heatmap(names: Sequence[str], cells: Sequence[Spec], unit: str, dark: bool) -> Spec:
    """Return a square of cells, true classes down and answers across, one of which is selected.

    Parameters
    ----------
    names
        Of the classes: different, short and plain.
    cells
        Each with its ``value``: answer, true class, number; row by row.
    unit
        How the tooltip writes the number (``"%d photos"``).
    """
    category: Spec = {"type": "category", "data": names, "axisTick": {"show": False}}
    label: Spec = {"width": 88, "overflow": "truncate", "interval": 0}
    few = len(names) <= 12
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "valueFormatter": unit},
        "grid": {"top": 12, "left": 12, "right": 16, "bottom": 34},
        "xAxis": category
        | {"name": "Predicted", "nameLocation": "middle", "nameGap": 34 if few else 92}
        | {"axisLabel": label | {"rotate": 0 if len(names) <= 5 else 40}},
        "yAxis": category
        | {"name": "True class", "nameLocation": "middle", "nameGap": 102}
        | {"inverse": True, "axisLabel": label},
        "series": [
            {
                "type": "heatmap",
                "data": list(cells),
                "selectedMode": "single",
                "encode": {"x": 0, "y": 1, "tooltip": [2]},
                "label": {"show": few, "fontSize": 14, "fontWeight": 600},
                "itemStyle": {"borderColor": "#12171d" if dark else "#fcfbf8", "borderWidth": 2},
                "select": {"itemStyle": {"borderColor": _TEXT[dark], "borderWidth": 3}},
            }
        ],
    }


def matrix_height(names: Sequence[str]) -> int:
    """Return a height, in CSS px, at which every row of a matrix can be read."""
    return max(240, 110 + 42 * len(names))


def confusion_cell(index: int, classes: int) -> tuple[int, int]:
    """Return (true class, predicted class) of a selected cell's ``data_indices`` entry."""
    return divmod(index, classes)


def blend(share: float, right: bool, dark: bool) -> tuple[str, str]:
    """Return fill and text colour of a cell, blue for good; the text stands out from the fill."""
    start, end = _RAMP[right, dark]
    mixed = [round(a + (b - a) * math.sqrt(share)) for a, b in zip(start, end, strict=True)]
    fill = "#{:02x}{:02x}{:02x}".format(*mixed)
    return fill, max("#10161c", "#ffffff", key=lambda text: contrast(text, fill))


def _confusion_alt(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    total = sum(map(sum, counts))
    right = sum(row[i] for i, row in enumerate(counts))
    words = [f"Confusion matrix: {right} of {total} photos right."]
    mistakes = [
        (count, names[true], names[predicted])
        for true, row in enumerate(counts)
        for predicted, count in enumerate(row)
        if true != predicted and count
    ]
    mistakes.sort(key=lambda item: -item[0])
    words += [f"{true} taken for {said}: {count}." for count, true, said in mistakes[:5]]
    return " ".join(words)
