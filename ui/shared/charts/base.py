"""What all charts share: the result type, safe labels and axes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart that is ready to be shown.

    Attributes
    ----------
    spec
        ECharts option, or the Plotly figure where a chart's function says so; JSON-compatible.
    alt
        What the chart shows, in words.
    height
        Height in the page, in CSS px.
    """

    spec: Spec
    alt: str
    height: int


RUN_NAME = 48
"""Characters of a run's name at most: those of its strategy and its network."""


def plain(text: str, limit: int = 28) -> str:
    """Return a name given by a user as one short line without control characters."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or not _is_control(c))
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _is_control(char: str) -> bool:
    # Cf holds the marks that turn the direction of text around, which could disguise a name.
    return unicodedata.category(char) in {"Cc", "Cf", "Cs"}


def unique(labels: Iterable[str], limit: int = 28) -> list[str]:
    """Return short plain labels; equal ones are numbered, since ECharts tells series by name."""
    taken: dict[str, int] = {}
    for label in (plain(text, limit) for text in labels):
        name, count = label, taken.get(label, 1)
        while name in taken:
            count += 1
            name = f"{label} ({count})"
        taken[label] = count
        taken.setdefault(name, 1)
    return list(taken)


def axis(name: str, low: float, high: float | None, *, percent: bool = False, **more: Any) -> Spec:
    """Return a value axis from ``low`` to ``high``; with None it ends where the data do."""
    spec: Spec = {"type": "value", "name": name, "nameLocation": "middle", "min": low} | more
    if high is not None:
        spec["max"] = high
    if percent:
        spec["axisLabel"] = {"formatter": "{value} %"}
    return spec


def line_type(dash: str | tuple[int, ...]) -> str | list[int]:
    """Return a :data:`ui.shared.theme.Dash` as ECharts takes it."""
    return dash if isinstance(dash, str) else list(dash)
