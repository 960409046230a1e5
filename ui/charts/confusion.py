"""Confusion matrices whose cells can be selected."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ui.charts.base import Chart, Spec, unique
from ui.theme import contrast

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
            fill, text = _cell_colors(count / total, right, dark)
            sentence = f"{names[true]}, taken for {names[predicted]}"
            cells.append(
                {
                    "name": f"{names[true]}, recognised" if right else sentence,
                    "value": [predicted, true, count],
                    "itemStyle": {"color": fill},
                    "label": {"color": text},
                }
            )
    category: Spec = {"type": "category", "data": names, "axisTick": {"show": False}}
    label: Spec = {"width": 88, "overflow": "truncate", "interval": 0}
    few = len(names) <= 12
    spec: Spec = {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "valueFormatter": "%d photos"},
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
                "data": cells,
                "selectedMode": "single",
                "encode": {"x": 0, "y": 1, "tooltip": [2]},
                "label": {"show": few, "fontSize": 14, "fontWeight": 600},
                "itemStyle": {"borderColor": "#12171d" if dark else "#fcfbf8", "borderWidth": 2},
                "select": {"itemStyle": {"borderColor": _TEXT[dark], "borderWidth": 3}},
            }
        ],
    }
    return Chart(spec, _confusion_alt(names, counts), max(240, 110 + 42 * len(names)))


def confusion_cell(index: int, classes: int) -> tuple[int, int]:
    """Return (true class, predicted class) of a selected cell's ``data_indices`` entry."""
    return divmod(index, classes)


def _cell_colors(share: float, right: bool, dark: bool) -> tuple[str, str]:
    """Return fill and text colour of a cell; the text is the one that stands out more."""
    start, end = _RAMP[right, dark]
    rgb = [round(a + (b - a) * math.sqrt(share)) for a, b in zip(start, end, strict=True)]
    fill = "#{:02x}{:02x}{:02x}".format(*rgb)
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
