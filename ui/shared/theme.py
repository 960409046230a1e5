"""The visual language in numbers; ``assets/STYLE.md`` says it in words.

A run looks the same on every screen. Its colour tells the strategy, its marker repeats that for
eyes that see colours differently, and its dash tells apart several runs of one strategy.
The series colours are those of Okabe and Ito, "Color Universal Design" (2008), chosen to stay
apart under the common kinds of colour blindness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREY = "#7d8792"
"""Not of Okabe and Ito: for what belongs to no strategy, such as reference lines."""

Dash = str | tuple[int, ...]
"""An ECharts line type: ``solid``, ``dashed``, ``dotted`` or lengths in CSS px, on and off."""

REPEAT_DASHES: tuple[Dash, ...] = ("solid", (9, 4), (9, 3, 2, 3), (3, 3))
"""Dashes of the first, second, ... run of the same strategy."""

TRAIN_DASH: Dash = (2, 3)
"""Training curves are dotted and thin on every chart; validation curves are thick."""


@dataclass(frozen=True)
class Style:
    """How a run is drawn.

    Attributes
    ----------
    color
        Hexadecimal, as in CSS.
    symbol
        Marker, by its name in ECharts.
    dash
        Line type of the validation curve.
    """

    color: str
    symbol: str
    dash: Dash = "solid"


STRATEGY_STYLE: dict[str, Style] = {
    "feature_extraction": Style(BLUE, "circle"),
    "fine_tune": Style(VERMILLION, "triangle"),
    "hybrid": Style(GREEN, "diamond"),
    "from_scratch": Style(PURPLE, "rect"),
    "gradual_unfreeze": Style(ORANGE, "arrow"),
    "tutorial": Style(SKY, "pin"),
}


def strategy_style(strategy: str, repeat: int = 0) -> Style:
    """Return the style of the ``repeat``-th run of a strategy, counted from 0.

    A strategy that is not in the table is drawn in grey, so that a plug-in needs no entry here.
    """
    style = STRATEGY_STYLE.get(strategy, Style(GREY, "roundRect"))
    return replace(style, dash=REPEAT_DASHES[repeat % len(REPEAT_DASHES)])


def luminance(color: str) -> float:
    """Return the relative luminance of a hexadecimal CSS colour, from 0 (black) to 1 (white).

    As WCAG 2.2 defines it: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
    """
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours after WCAG 2.2, from 1 (none) to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def styles_for(strategies: Iterable[str]) -> list[Style]:
    """Return a style for each of several runs shown together, given their strategies in order."""
    seen: Counter[str] = Counter()
    styles = []
    for strategy in strategies:
        styles.append(strategy_style(strategy, seen[strategy]))
        seen[strategy] += 1
    return styles
