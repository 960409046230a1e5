"""What changed from one run to another, as a matrix whose cells can be selected."""

from __future__ import annotations

from collections.abc import Sequence

from ui.shared.charts.base import Chart, Spec, unique
from ui.shared.charts.confusion import blend, heatmap, matrix_height


def difference_matrix(
    classes: Sequence[str], change: Sequence[Sequence[int]], *, dark: bool = False
) -> Chart:
    """Draw how many more photos of each class (rows) the second run took for each class (columns).

    Blue is a change for the better: more right answers or fewer of a mistake. Orange is one for
    the worse. Deeper means more photos; a cell in which as many came as left says nothing.
    :func:`confusion_cell` turns the index of a selected cell back.

    Parameters
    ----------
    classes
        Names in the order of the indices.
    change
        From :meth:`tl_core.analysis.difference.Difference.matrix`.
    dark
        Whether Streamlit's theme is dark (``st.context.theme.type``).
    """
    names = unique(classes)
    largest = max((abs(count) for row in change for count in row), default=0) or 1
    cells: list[Spec] = []
    for true, row in enumerate(change):
        for said, count in enumerate(row):
            better = (count > 0) == (true == said)
            fill, text = blend(abs(count) / largest, better, dark)
            words = f"{names[true]}, " + ("recognised" if true == said else f"as {names[said]}")
            label = {"color": text, "formatter": f"{count:+d}" if count else " "}
            cells.append(
                {"name": words, "value": [said, true, count], "label": label}
                | {"itemStyle": {"color": fill}}
            )
    spec = heatmap(names, cells, "%+d photos", dark)
    return Chart(spec, _alt(names, change), matrix_height(names))


def _alt(names: Sequence[str], change: Sequence[Sequence[int]]) -> str:
    gained = sum(row[i] for i, row in enumerate(change))
    moved = [
        (count, names[true], names[said])
        for true, row in enumerate(change)
        for said, count in enumerate(row)
        if true != said and count
    ]
    moved.sort(key=lambda item: -abs(item[0]))
    words = [f"Difference matrix: the second run has {gained:+d} photos right."]
    words += [f"{true} taken for {said}: {count:+d}." for count, true, said in moved[:5]]
    return " ".join(words)
