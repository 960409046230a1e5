"""How each class may look: ripeness and sort, so that no class is known by its colour alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.render.noise import Rng
from tools.render.skin import Colour, Look

_GREEN_TIP = ((0.42, 0.50, 0.14), 0.10)
_DARK_END = ((0.20, 0.14, 0.08), 0.030)
_RUSSET = ((0.45, 0.33, 0.14), 0.10)
_YELLOW_BROWN = (0.80, 0.72, 0.42)


def _apple(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {
        "specks": 170,
        "speck": 0.055,
        "roughness": 0.3,
        "gloss": 0.45,
        "streaks": 0.2,
    }
    values |= {"stem_tint": _RUSSET, "end_tint": ((0.25, 0.18, 0.09), 0.035)}
    return Look(colour, base, second, **(values | more))


def _citrus(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {"pores": 0.02, "roughness": 0.42, "gloss": 0.3, "blend": "patches"}
    return Look(colour, base, second, **(values | more))


def _pear(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {
        "specks": 420,
        "speck": 0.05,
        "speck_colour": (0.38, 0.33, 0.12),
        "roughness": 0.48,
    }
    values |= {"gloss": 0.12, "rust": 0.25, "end_tint": _DARK_END}
    return Look(colour, base, second, **(values | more))


def _banana(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {
        "roughness": 0.5,
        "gloss": 0.08,
        "blend": "stem",
        "share": 0.25,
        "streaks": 0.15,
    }
    values |= {"stem_tint": _GREEN_TIP, "end_tint": ((0.13, 0.10, 0.06), 0.035)}
    return Look(colour, base, second, **(values | more))


def _waxy(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {"roughness": 0.2, "gloss": 0.9, "blend": "patches", "share": 0.3}
    return Look(colour, base, second, **(values | more))


def _tomato(colour: str, base: Colour, second: Colour, **more: Any) -> Look:
    values: dict[str, Any] = {"roughness": 0.22, "gloss": 0.7, "blend": "stem", "share": 0.3}
    values |= {"end_tint": ((0.50, 0.33, 0.16), 0.012)}
    return Look(colour, base, second, **(values | more))


LOOKS: dict[str, tuple[Look, ...]] = {
    "apple": (
        _apple("red", (0.60, 0.06, 0.07), (0.42, 0.02, 0.05), streaks=0.35),
        _apple("red", (0.86, 0.68, 0.26), (0.70, 0.10, 0.08), share=0.75, streaks=0.5),
        _apple("yellow", (0.88, 0.76, 0.30), (0.84, 0.42, 0.20), share=0.25),
        _apple("green", (0.50, 0.66, 0.16), (0.62, 0.72, 0.24), streaks=0.1),
        _apple("green", (0.58, 0.68, 0.20), (0.72, 0.26, 0.14), share=0.35, streaks=0.4),
        _apple("orange", (0.88, 0.62, 0.22), (0.84, 0.32, 0.10), share=0.6, streaks=0.45),
    ),
    "orange": (
        _citrus("orange", (0.93, 0.47, 0.05), (0.95, 0.56, 0.08)),
        _citrus("orange", (0.90, 0.38, 0.04), (0.93, 0.50, 0.07)),
        _citrus("yellow", (0.94, 0.65, 0.14), (0.93, 0.55, 0.10)),
        _citrus("green", (0.52, 0.55, 0.10), (0.90, 0.56, 0.10), share=0.4),
        _citrus("red", (0.86, 0.36, 0.07), (0.70, 0.14, 0.07), blend="side", share=0.5),
    ),
    "lemon": (
        _citrus("yellow", (0.95, 0.80, 0.12), (0.97, 0.86, 0.28)),
        _citrus("yellow", (0.92, 0.76, 0.16), (0.66, 0.68, 0.15), blend="end", share=0.35),
        _citrus("green", (0.46, 0.58, 0.12), (0.76, 0.74, 0.16), share=0.5),
        _citrus("orange", (0.95, 0.66, 0.10), (0.94, 0.74, 0.16)),
    ),
    "pear": (
        _pear("green", (0.60, 0.68, 0.22), (0.72, 0.72, 0.28)),
        _pear("yellow", (0.86, 0.76, 0.28), (0.84, 0.50, 0.24), share=0.3),
        _pear("brown", (0.56, 0.40, 0.18), (0.64, 0.50, 0.22), rust=0.75),
        _pear("red", (0.60, 0.20, 0.12), (0.46, 0.09, 0.10), rust=0.05, gloss=0.3),
        _pear("green", (0.66, 0.70, 0.24), (0.72, 0.26, 0.18), share=0.4),
    ),
    "banana": (
        _banana("yellow", (0.93, 0.76, 0.16), (0.86, 0.74, 0.20), spots=0.12),
        _banana("green", (0.54, 0.64, 0.16), (0.42, 0.56, 0.14), share=0.5),
        _banana("yellow", (0.86, 0.76, 0.22), (0.60, 0.66, 0.18), share=0.5),
        _banana(
            "yellow",
            (0.90, 0.68, 0.14),
            (0.84, 0.60, 0.14),
            spots=0.75,
            specks=220,
            speck=0.09,
            speck_colour=(0.34, 0.20, 0.08),
        ),
        _banana(
            "brown",
            (0.76, 0.55, 0.15),
            (0.55, 0.36, 0.12),
            spots=0.9,
            specks=300,
            speck=0.1,
            speck_colour=(0.26, 0.15, 0.07),
        ),
    ),
    "tomato": (
        _tomato("red", (0.80, 0.10, 0.05), (0.84, 0.20, 0.06)),
        _tomato("red", (0.74, 0.08, 0.05), (0.58, 0.42, 0.12), share=0.35),
        _tomato("orange", (0.92, 0.46, 0.07), (0.93, 0.56, 0.12)),
        _tomato("yellow", (0.93, 0.72, 0.14), (0.93, 0.60, 0.14)),
        _tomato("green", (0.48, 0.60, 0.16), (0.30, 0.46, 0.12), share=0.4),
        _tomato("green", (0.58, 0.60, 0.18), (0.34, 0.46, 0.12), share=0.5, streaks=0.4),
        _tomato("brown", (0.42, 0.12, 0.08), (0.24, 0.20, 0.09), share=0.45),
    ),
    "bell_pepper": (
        _waxy("red", (0.76, 0.05, 0.05), (0.64, 0.04, 0.05)),
        _waxy("yellow", (0.95, 0.72, 0.06), (0.95, 0.64, 0.06)),
        _waxy("orange", (0.93, 0.44, 0.04), (0.90, 0.36, 0.04)),
        _waxy("green", (0.17, 0.36, 0.05), (0.24, 0.44, 0.08)),
        _waxy("green", (0.21, 0.38, 0.06), (0.72, 0.20, 0.06), share=0.4),
        _waxy("yellow", (0.90, 0.68, 0.10), (0.36, 0.48, 0.12), share=0.35),
    ),
    "aubergine": (
        _waxy("purple", (0.105, 0.035, 0.11), (0.15, 0.045, 0.14), roughness=0.16),
        _waxy("purple", (0.24, 0.07, 0.24), (0.34, 0.10, 0.30), roughness=0.18),
        _waxy("purple", (0.44, 0.14, 0.40), (0.86, 0.80, 0.78), stripes=11, streaks=0.3),
        _waxy("white", (0.90, 0.88, 0.78), (0.86, 0.82, 0.60), blend="end", share=0.3),
        _waxy("green", (0.52, 0.64, 0.28), (0.80, 0.82, 0.58), blend="end", share=0.5),
        _waxy("purple", (0.20, 0.05, 0.18), (0.80, 0.68, 0.74), blend="stem", share=0.22),
    ),
}
"""Class -> its looks, from the most usual to the rarest."""

USUAL = 0.62
"""Where usual looks are commoner, each is so many times as likely as the one before it."""


def usual_look(name: str, rng: Rng) -> Look:
    """Choose a look of a class as a market would show it, the usual ones more often."""
    looks = LOOKS[name]
    weights = USUAL ** np.arange(len(looks))
    return looks[rng.choice(len(looks), p=weights / weights.sum())]
