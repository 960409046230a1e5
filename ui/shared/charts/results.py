"""Outcomes of finished runs: accuracy with its interval, alone and against the cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ui.shared.charts.base import RUN_NAME, Chart, Spec, axis, plain, unique
from ui.shared.theme import Style

_PLOTLY_SYMBOL = {
    "circle": "circle",
    "triangle": "triangle-up",
    "diamond": "diamond",
    "rect": "square",
    "arrow": "star-triangle-up",
    "pin": "triangle-down",
    "roundRect": "hexagon",
}
"""The marker of a :class:`ui.theme.Style` in Plotly."""

_POINTED_AT = (
    "%{fullData.name}<br>%{x} s, %{y:.1f} %<br>"
    "95 % interval: %{customdata[0]:.1f} to %{customdata[1]:.1f} %<extra></extra>"
)


@dataclass(frozen=True)
class Result:
    """The outcome of one run: accuracy with its 95 % interval, as fractions, and seconds."""

    label: str
    style: Style
    accuracy: float
    low: float
    high: float
    seconds: float = 0.0


def interval_bars(rows: Sequence[Result]) -> Chart:
    """Draw the accuracy of each run as a dot with its 95 % interval as whiskers."""
    names = unique((row.label for row in rows), RUN_NAME)
    ticks = [f"{n}\n{r.accuracy:.1%}" for n, r in zip(names, rows, strict=True)]
    lowest = min((row.low for row in rows), default=0.0)
    series: list[Spec] = []
    for y, (name, row) in enumerate(zip(names, rows, strict=True)):
        ends = [[_percent(row.low), y], [_percent(row.high), y]]
        series.append(_dot(name, row, [_percent(row.accuracy), y], 14))
        series.append(_whiskers(name, row, ends, [3, 13]))
    spec: Spec = {
        "animation": False,
        "grid": {"top": 16, "left": 12, "right": 28, "bottom": 30},
        "xAxis": axis("Accuracy", _floor_ten(lowest), 100, percent=True, nameGap=24),
        "yAxis": {
            "type": "category",
            "data": ticks,
            "inverse": True,
            "axisTick": {"show": False},
            "axisLabel": {"width": 130, "overflow": "break", "lineHeight": 17},
        },
        "series": series,
    }
    alt = "Accuracy with its 95 % interval. " + " ".join(map(_result_words, rows))
    return Chart(spec, alt.strip(), 90 + 52 * max(len(rows), 1))


def cost_vs_accuracy(rows: Sequence[Result]) -> Chart:
    """Draw the seconds that each run took against its accuracy with the 95 % interval.

    A Plotly figure: what has finished is explored, by pointing, zooming and hiding runs.
    """
    names = unique((row.label for row in rows), RUN_NAME)
    lowest = min((row.low for row in rows), default=0.0)
    spec: Spec = {
        "data": [_point(name, row) for name, row in zip(names, rows, strict=True)],
        "layout": {
            "dragmode": False,  # else a finger that scrolls the page would zoom
            "margin": {"t": 36, "l": 8, "r": 16, "b": 8},
            "showlegend": True,
            # Below, since Plotly's buttons are above.
            "legend": {
                "orientation": "h",
                "xref": "container",
                "x": 0,
                "yref": "container",
                "y": 0,
                "yanchor": "bottom",
            },
            "xaxis": {
                "title": {"text": "Seconds"},
                "rangemode": "tozero",
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": "Accuracy"},
                "range": [_floor_ten(lowest), 100],
                "ticksuffix": " %",
                "automargin": True,
            },
        },
    }
    words = (f"{plain(r.label, RUN_NAME)}: {r.seconds:.0f} s, {r.accuracy:.1%}." for r in rows)
    return Chart(spec, " ".join(["Training time against accuracy.", *words]), 360)


def _point(name: str, row: Result) -> Spec:
    accuracy, low, high = map(_percent, (row.accuracy, row.low, row.high))
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(name, quote=False),  # Plotly reads names as markup
        "x": [round(row.seconds, 2)],
        "y": [accuracy],
        "customdata": [[low, high]],
        "hovertemplate": _POINTED_AT,
        "marker": {
            "symbol": _PLOTLY_SYMBOL[row.style.symbol],
            "size": 13,
            "color": row.style.color,
            "opacity": 1,
        },
        "error_y": {
            "type": "data",
            "array": [round(high - accuracy, 2)],
            "arrayminus": [round(accuracy - low, 2)],
            "color": row.style.color,
            "thickness": 2.5,
            "width": 6,
        },
    }


def _whiskers(name: str, row: Result, ends: list[list[float]], cap: list[int]) -> Spec:
    return {
        "type": "line",
        "name": name,
        "data": ends,
        "symbol": "rect",
        "symbolSize": cap,
        "color": row.style.color,
        "lineStyle": {"width": 2.5, "type": "solid"},
        "silent": True,
        "tooltip": {"show": False},
    }


def _dot(name: str, row: Result, at: list[float], size: int) -> Spec:
    return {
        "type": "scatter",
        "name": name,
        "data": [at],
        "symbol": row.style.symbol,
        "symbolSize": size,
        "color": row.style.color,
        "itemStyle": {"opacity": 1},
        "z": 4,
    }


def _percent(fraction: float) -> float:
    return round(100 * fraction, 2)


def _floor_ten(fraction: float) -> int:
    """Return the ten below, in percent, with room for a whisker's cap."""
    return max(0, math.floor((100 * fraction - 3) / 10) * 10)


def _result_words(row: Result) -> str:
    name = plain(row.label, RUN_NAME)
    return f"{name}: {row.accuracy:.1%}, between {row.low:.1%} and {row.high:.1%}."
