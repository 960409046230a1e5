"""Outcomes of finished runs: accuracy with its interval, alone and against the cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.shared.charts.base import RUN_NAME, Chart, Spec, axis, plain, unique
from ui.shared.theme import Style


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
    """Draw the seconds that each run took against its accuracy with the 95 % interval."""
    names = unique((row.label for row in rows), RUN_NAME)
    lowest = min((row.low for row in rows), default=0.0)
    series: list[Spec] = []
    for name, row in zip(names, rows, strict=True):
        seconds = round(row.seconds, 2)
        ends = [[seconds, _percent(row.low)], [seconds, _percent(row.high)]]
        series.append(_dot(name, row, [seconds, _percent(row.accuracy)], 15))
        series.append(_whiskers(name, row, ends, [13, 3]))
    spec: Spec = {
        "animation": False,
        "legend": {"top": 0, "left": 0, "type": "scroll", "itemWidth": 14},
        "tooltip": {"trigger": "item", "confine": True},
        "grid": {"top": 40, "left": 12, "right": 24, "bottom": 30},
        "xAxis": axis("Seconds", 0, None, nameGap=24, boundaryGap=["0%", "8%"]),
        "yAxis": axis("Accuracy", _floor_ten(lowest), 100, percent=True) | {"name": ""},
        "series": series,
    }
    words = (f"{plain(r.label, RUN_NAME)}: {r.seconds:.0f} s, {r.accuracy:.1%}." for r in rows)
    return Chart(spec, " ".join(["Training time against accuracy.", *words]), 320)


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
