"""What changed from one run to another, as a matrix whose cells can be selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ui.shared.charts.base import Chart, unique
from ui.shared.charts.confusion import Cell, cell, heatmap, matrix_height, most_confused, shade


def difference_matrix(
    classes: Sequence[str], change: Mapping[Cell, int], *, dark: bool = False
) -> Chart:
    """Draw how many more photos of each class (rows) the second run took for each class (columns).

    Blue is a change for the better: more right answers or fewer of a mistake. Orange is one for
    the worse. Deeper means more photos; a cell in which as many came as left says nothing.
    :func:`confusion_cell` turns the index of a selected cell back.

    Parameters
    ----------
    classes
        Names in the order of the indices, at most
        :data:`~ui.shared.charts.confusion.MOST_CLASSES`.
    change
        From :meth:`tl_core.analysis.difference.Difference.cells`.
    dark
        Whether Streamlit's theme is dark (``st.context.theme.type``).
    """
    names = unique(classes)
    largest = max(map(abs, change.values()), default=0) or 1
    rows = []
    for true in range(len(names)):
        for said in range(len(names)):
            count = change.get((true, said), 0)
            depth = shade(abs(count) / largest, (count > 0) == (true == said))
            text = f"{count:+d}" if count else ""
            rows.append(cell(names, (true, said), count, depth, text, dark))
    spec = heatmap(names, rows, "%+d photos", dark)
    return Chart(spec, _alt(names, change), matrix_height(names))


def _alt(names: Sequence[str], change: Mapping[Cell, int]) -> str:
    gained = sum(change.get((i, i), 0) for i in range(len(names)))
    words = [f"Difference matrix: the second run has {gained:+d} photos right."]
    words += [
        f"{names[true]} taken for {names[said]}: {change[true, said]:+d}."
        for true, said in most_confused(change, 5)
    ]
    return " ".join(words)
