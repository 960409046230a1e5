"""Curves of loss and accuracy over the epochs, of runs that may still be going on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.shared.charts.base import RUN_NAME, Chart, Spec, axis, line_type, plain, unique
from ui.shared.theme import TRAIN_DASH, Style

MAX_POINTS = 300
"""Points drawn a line; more would cost time in the browser and show nothing more."""


@dataclass(frozen=True)
class CurvePoint:
    """What was measured at the end of an epoch; ``train`` or ``val`` may be missing."""

    epoch: float
    train: float | None
    val: float | None


@dataclass(frozen=True)
class Series:
    """The history of one run in one metric.

    Attributes
    ----------
    label
        Name of the run for people.
    style
        From :func:`ui.shared.theme.styles_for`.
    points
        In the order of epochs. Accuracies are fractions from 0 to 1.
    phases
        Epoch after which a new phase began, and its name; the first phase is not listed.
    best_epoch
        Epoch whose weights are kept; None while that is open.
    """

    label: str
    style: Style
    points: Sequence[CurvePoint]
    phases: Sequence[tuple[float, str]] = ()
    best_epoch: int | None = None


def thin(points: Sequence[CurvePoint], limit: int = MAX_POINTS) -> list[CurvePoint]:
    """Return at most ``limit`` points at even distances, the first and the last among them."""
    if len(points) <= limit:
        return list(points)
    step = (len(points) - 1) / (limit - 1)
    return [points[round(i * step)] for i in range(limit)]


def curves(
    series: Sequence[Series],
    metric: str,
    *,
    total_epochs: int,
    window: tuple[float, float] | None = None,
) -> Chart:
    """Draw the curves of several runs over the epochs, aligned.

    Validation is thick with markers, training thin and dotted; a ring marks the epoch whose
    weights are kept and a vertical line the start of a new phase. The axes are fixed by the
    number of epochs and by the metric, so that nothing jumps while a run is live.

    Parameters
    ----------
    series
        One entry a run; may be empty.
    metric
        ``accuracy`` (drawn from 0 to 100 %) or ``loss``.
    total_epochs
        Length of the epoch axis.
    window
        First and last epoch to show, from a control beside the chart, which then is the only way to
        zoom: Streamlit draws a changed spec from scratch, so a zoom by wheel would end with the
        next epoch. None shows all epochs and lets the wheel zoom.
    """
    percent = metric == "accuracy"
    factor, unit = (100.0, "%.1f %%") if percent else (1.0, "%.3f")
    top = 100.0 if percent else _ceiling(series)
    lines: list[Spec] = []
    for name, one in zip(unique((s.label for s in series), RUN_NAME), series, strict=True):
        lines += _curve(name, one, factor, unit)
    spec: Spec = {
        "animation": False,
        "legend": {"top": 0, "left": 0, "type": "scroll"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "line"}, "confine": True},
        "grid": {"top": 50, "left": 12, "right": 20, "bottom": 30},
        "dataZoom": [] if window else [{"type": "inside", "filterMode": "none"}],
        "xAxis": _epoch_axis(*(window or (0, max(total_epochs, 1)))),
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": top,
            "axisLabel": {"formatter": "{value} %"} if percent else {},
        },
        "series": lines,
    }
    return Chart(spec, _curves_alt(series, metric, total_epochs), 300)


def _epoch_axis(first: float, last: float) -> Spec:
    pointer = {"label": {"formatter": "Epoch {value}", "precision": 0}}
    return axis("Epoch", first, last, minInterval=1, nameGap=24, axisPointer=pointer)


def _curve(name: str, one: Series, factor: float, unit: str) -> list[Spec]:
    """Return the validation line and the training line of a run, which share a legend entry."""
    points = [p for p in one.points if _drawable(p)]
    # The validation line carries both values, so that one line of the tooltip tells them apart.
    rows = [[p.epoch, _scaled(p.val, factor), _scaled(p.train, factor)] for p in thin(points)]
    shared: Spec = {
        "type": "line",
        "name": name,
        "data": rows,
        "dimensions": ["epoch", "validation", "training"],
        "color": one.style.color,
        "connectNulls": True,
    }
    validation: Spec = shared | {
        "encode": {"x": 0, "y": 1, "tooltip": [1, 2]},
        "symbol": one.style.symbol,
        "symbolSize": 7,
        "showSymbol": len(rows) <= 40,
        "lineStyle": {"width": 2.5, "type": line_type(one.style.dash)},
        "tooltip": {"valueFormatter": unit},
        "z": 3,
    }
    best = [p for p in points if p.epoch == one.best_epoch and p.val is not None]
    if best:
        ring = {"color": "transparent", "borderColor": one.style.color, "borderWidth": 2}
        validation["markPoint"] = {
            "symbol": "circle",
            "symbolSize": 17,
            "silent": True,
            "label": {"show": False},
            "itemStyle": ring,
            "data": [{"coord": [best[0].epoch, _scaled(best[0].val, factor)]}],
        }
    if one.phases:
        validation["markLine"] = {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"color": one.style.color, "type": "dashed", "width": 1},
            "data": [_phase_line(at, phase, one.style.color) for at, phase in one.phases],
        }
    training: Spec = shared | {
        "encode": {"x": 0, "y": 2},
        "showSymbol": False,
        "lineStyle": {"width": 1.3, "type": line_type(TRAIN_DASH), "opacity": 0.85},
        "tooltip": {"show": False},
        "z": 2,
    }
    return [validation, training]


def _phase_line(at: float, phase: str, color: str) -> Spec:
    # A label's formatter is a template: braces in a name must not be read as one.
    text = plain(phase).translate({ord("{"): "(", ord("}"): ")"})
    label = {"formatter": text, "position": "end", "color": color, "fontSize": 11}
    return {"xAxis": at, "label": label}


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value * factor, 5)


def _drawable(point: CurvePoint) -> bool:
    return any(v is not None and math.isfinite(v) for v in (point.train, point.val))


def _ceiling(series: Sequence[Series]) -> float:
    """Return the top of a loss axis: the next of 1, 1.5, 2, 3, 5, 7 times a power of ten.

    It depends on the largest loss so far, which can only grow, so the axis moves rarely and
    never back.
    """
    values = [v for s in series for p in s.points for v in (p.train, p.val) if v is not None]
    largest = max((v for v in values if math.isfinite(v)), default=1.0)
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((m * power for m in (1, 1.5, 2, 3, 5, 7) if m * power >= largest), 10 * power)


def _curves_alt(series: Sequence[Series], metric: str, total_epochs: int) -> str:
    words = [f"{metric.capitalize()} over {total_epochs} epochs."]
    for one in series:
        measured = [p for p in one.points if p.val is not None]
        if not measured:
            words.append(f"{plain(one.label, RUN_NAME)}: nothing measured yet.")
            continue
        last = measured[-1]
        text = f"{plain(one.label, RUN_NAME)}: validation {_value(last.val, metric)} "
        text += f"at epoch {last.epoch:g}"
        if last.train is not None:
            text += f", training {_value(last.train, metric)}"
        if one.best_epoch is not None:
            text += f", best epoch {one.best_epoch}"
        words.append(text + ".")
        words += [f"{plain(name)} from epoch {at:g}." for at, name in one.phases]
    return " ".join(words)


def _value(value: float | None, metric: str) -> str:
    if value is None:
        return "unknown"
    return f"{value:.1%}" if metric == "accuracy" else f"{value:.3f}"
