"""What was promised, what was measured, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    bar: str
    measured: str
    held: bool


def table(rows: Iterable[Row]) -> str:
    """Return the rows as Markdown."""
    lines = ["| | bar | measured | |", "| --- | --- | --- | --- |"]
    for row in rows:
        held = "held" if row.held else "**not held**"
        lines.append(f"| {row.what} | {row.bar} | {row.measured} | {held} |")
    return "\n".join(lines)


def percentile(values: list[float], percent: int) -> float:
    """Return the value below which so many percent of the values lie."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if values[1:] else values[0]
