"""Chart specs for ``st.echarts_chart``, one for ``st.plotly_chart``, as pure functions of values.

Every function returns a :class:`Chart`: the spec (JSON only; colours of axes and text come from
Streamlit's theme), the text summary for screen readers and a height. ::

    chart = curves(series, "accuracy", total_epochs=12)
    st.echarts_chart(chart.spec, alt=chart.alt, height=chart.height, key="accuracy")

Names given by users go in as plain text only: ECharts escapes them in its own tooltips, what Plotly
gets is escaped, and no template ("{b}") is ever built from them.
"""

from ui.shared.charts.base import Chart, plain, unique
from ui.shared.charts.confusion import (
    MOST_CLASSES,
    confused_pairs,
    confusion_cell,
    confusion_matrix,
    most_confused,
    pair_name,
)
from ui.shared.charts.difference import difference_matrix
from ui.shared.charts.live import CurvePoint, Series, curves
from ui.shared.charts.results import Result, cost_vs_accuracy, interval_bars

__all__ = [
    "MOST_CLASSES",
    "Chart",
    "CurvePoint",
    "Result",
    "Series",
    "confused_pairs",
    "confusion_cell",
    "confusion_matrix",
    "cost_vs_accuracy",
    "curves",
    "difference_matrix",
    "interval_bars",
    "most_confused",
    "pair_name",
    "plain",
    "unique",
]
