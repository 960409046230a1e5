"""Procedural grounds and walls: wood, cloth, cardboard, stone, paper, stall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import ndimage

from tools.render.noise import Array, Rng, fractal, mix, nearest, ramp, shift
from tools.render.skin import Skin

SIDE = 400
EXTENT = 110.0
"""A texture is SIDE texels wide and covers EXTENT cm."""


def _field() -> tuple[Array, Array, Array]:
    x, y = np.meshgrid(np.linspace(0, EXTENT, SIDE), np.linspace(0, EXTENT, SIDE))
    return x, y, np.stack([x, y, 0 * x], -1)


def _rough(value: float) -> Array:
    return np.full((SIDE, SIDE), value)


def faded(skin: Skin, contrast: float) -> Skin:
    """Bleach and flatten a ground: ``contrast`` is the share of its pattern that is left."""
    mean = skin.colour.mean((0, 1))
    colour = mean + contrast * (skin.colour - mean)
    return replace(skin, colour=colour, relief=contrast * skin.relief)


def _any(rng: Rng, *colours: tuple[float, float, float]) -> Array:
    """Choose one colour and vary it."""
    return shift(np.array(colours[rng.integers(len(colours))]), rng, 0.03, 0.15)


def wood(rng: Rng) -> Skin:
    """Lay planks with stretched grain, dark gaps and a few knots."""
    x, y, points = _field()
    base = _any(rng, (0.55, 0.38, 0.22), (0.36, 0.23, 0.13), (0.70, 0.54, 0.35), (0.50, 0.46, 0.41))
    width = rng.uniform(6, 16)
    plank = np.floor(y / width)
    tone = rng.uniform(0.75, 1.15, 64)[plank.astype(int) % 64]
    jump = rng.uniform(0, 90, 64)[plank.astype(int) % 64]
    grain = fractal(points * [0.06, 1.1, 1] + np.stack([jump, 0 * x, 0 * x], -1), rng, 1.0, 5)
    rings = 0.5 + 0.5 * np.sin(9 * fractal(points * [0.05, 0.35, 1], rng, 0.5, 2) + grain)
    colour = mix(base, base * 0.5, np.clip(0.35 + 0.3 * grain + 0.25 * rings, 0, 1))
    colour = colour * tone[..., None]
    edge = np.abs((y / width) % 1 - 0.5) * width
    gap = ramp(edge, width / 2 - 0.35, width / 2 - 0.1)
    return Skin(mix(colour, base * 0.1, gap), _rough(rng.uniform(0.35, 0.7)), -0.2 * gap, 0.1)


def cloth(rng: Rng) -> Skin:
    """Weave a cloth: plain, striped, chequered or dotted, with folds."""
    x, y, points = _field()
    first = _any(rng, (0.88, 0.86, 0.80), (0.75, 0.70, 0.58), (0.25, 0.32, 0.45), (0.60, 0.62, 0.6))
    second = _any(rng, (0.65, 0.12, 0.12), (0.15, 0.25, 0.50), (0.20, 0.42, 0.22), (0.8, 0.6, 0.2))
    pitch = rng.uniform(2.5, 7)
    turn = rng.uniform(0, np.pi)
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    along, across = ((u / pitch) % 1 > 0.5) * 1.0, ((v / pitch) % 1 > 0.5) * 1.0
    dots = np.hypot((u / pitch) % 1 - 0.5, (v / pitch) % 1 - 0.5) < 0.22
    pattern = [0 * x, along, 0.5 * (along + across), dots * 1.0][rng.integers(4)]
    colour = mix(first, second, 0.9 * pattern)
    fold = fractal(points, rng, 0.05, 3)
    weave = np.sin(u * 9) * np.sin(v * 9)
    colour = colour * (1 + 0.06 * weave + 0.08 * fractal(points, rng, 0.8, 2))[..., None]
    return Skin(np.clip(colour, 0, 1), _rough(0.9), 0.9 * fold + 0.02 * weave, 0.0)


def cardboard(rng: Rng) -> Skin:
    """Press a cardboard: flutes, fibres, perhaps a printed block."""
    x, y, points = _field()
    base = _any(rng, (0.66, 0.50, 0.33), (0.58, 0.43, 0.28), (0.74, 0.60, 0.43))
    flute = np.sin(y * rng.uniform(3, 6))
    fibre = fractal(points * [1, 3, 1], rng, 0.8, 4)
    colour = base * (1 + 0.05 * flute + 0.08 * fibre)[..., None]
    if rng.random() < 0.5:
        ink = _any(rng, (0.12, 0.30, 0.14), (0.55, 0.10, 0.10), (0.10, 0.15, 0.40))
        bars = (np.abs((x + 20) % 47 - 20) < 9) & (np.abs((y + 11) % 31 - 14) < 5)
        worn = (bars & ((y % 2.6) > 0.8)) * np.clip(0.8 + 0.4 * fibre, 0, 1)
        colour = mix(colour, ink, 0.8 * worn)
    return Skin(np.clip(colour, 0, 1), _rough(0.85), 0.03 * flute, 0.0)


def stone(rng: Rng) -> Skin:
    """Cut a stone: granite, slate or tiles with joints."""
    x, y, points = _field()
    base = _any(rng, (0.55, 0.54, 0.52), (0.26, 0.27, 0.29), (0.72, 0.68, 0.60), (0.46, 0.36, 0.30))
    cloud = fractal(points, rng, 0.07, 5)
    grain = fractal(points, rng, 1.6, 2)
    colour = base * (1 + 0.16 * cloud + 0.18 * grain)[..., None]
    vein = ramp(np.abs(fractal(points, rng, 0.04, 5)), 0.06, 0.0)
    colour = mix(colour, base * rng.choice([0.5, 1.4]), 0.5 * vein)
    relief = 0.05 * grain
    if rng.random() < 0.5:
        pitch = rng.uniform(9, 20)
        joint = np.maximum(np.abs((x / pitch) % 1 - 0.5), np.abs((y / pitch) % 1 - 0.5))
        joint = ramp(joint, 0.475, 0.49)
        colour = mix(colour, base * 0.6 + 0.05, joint)
        relief = relief - 0.15 * joint
    return Skin(np.clip(colour, 0, 1), _rough(rng.uniform(0.25, 0.8)), relief, 0.1)


def paper(rng: Rng) -> Skin:
    """Crumple a printed paper: columns of grey lines, a headline, creases."""
    x, y, points = _field()
    base = _any(rng, (0.84, 0.82, 0.75), (0.78, 0.70, 0.56), (0.88, 0.87, 0.85))
    turn = rng.uniform(0, np.pi)
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    line, column = np.floor(v / 0.8), np.floor(u / 11)
    words = fractal(np.stack([u * 1.3, line * 7.7, column * 3.1], -1), rng, 1.0, 2) > -0.35
    ink = words & ((v / 0.8) % 1 > 0.5) & ((u / 11) % 1 < 0.9)
    head = (line % 23 < 4) & (column % 3 < 2)
    ink = np.where(head, words & (v % 3.2 > 0.9), ink)
    centres = np.column_stack([rng.uniform(0, EXTENT, (60, 2)), np.zeros(60)])
    _, which = nearest(points, centres)
    facet = rng.normal(0, 0.016, (60, 2))[which]
    relief = facet[..., 0] * x + facet[..., 1] * y
    relief = ndimage.gaussian_filter(relief - ndimage.uniform_filter(relief, 61), 1.5)
    soft = ndimage.gaussian_filter(ink * 1.0, 0.5)
    colour = mix(base, np.array([0.2, 0.2, 0.22]), 0.7 * soft) * (1 + 0.02 * relief[..., None])
    return Skin(np.clip(colour, 0, 1), _rough(0.8), relief, 0.0)


def stall(rng: Rng) -> Skin:
    """Suggest a stall far behind: heaps of colour between boards and shadows."""
    _x, y, points = _field()
    centres = np.column_stack([rng.uniform(0, EXTENT, (220, 2)), np.zeros(220)])
    distance, which = nearest(points, centres)
    heap = np.floor(centres[:, 0] / rng.uniform(12, 25)).astype(int) % 16
    hues = np.array([shift(np.array((0.6, 0.4, 0.15)), rng, 0.25, 0.5) for _ in range(16)])
    colour = hues[heap[which]] * (1.15 - 0.16 * distance)[..., None]
    board = ramp(np.abs((y / rng.uniform(20, 35)) % 1 - 0.5), 0.40, 0.42)
    colour = mix(colour, _any(rng, (0.5, 0.36, 0.22), (0.2, 0.2, 0.2), (0.8, 0.78, 0.7)), board)
    return Skin(np.clip(colour, 0, 1), _rough(0.8), 0 * y, 0.0)


def plain(rng: Rng) -> Skin:
    """Paint one soft colour, as a studio's paper roll has."""
    _x, _y, points = _field()
    base = _any(
        rng, (0.86, 0.86, 0.86), (0.90, 0.87, 0.80), (0.62, 0.66, 0.70), (0.74, 0.78, 0.80),
        (0.80, 0.72, 0.68), (0.40, 0.42, 0.45), (0.72, 0.78, 0.70),
    )  # fmt: skip
    colour = base * (1 + 0.015 * fractal(points, rng, 0.05, 4))[..., None]
    return Skin(np.clip(colour, 0, 1), _rough(rng.uniform(0.4, 0.95)), 0 * points[..., 0], 0.0)


BUSY: tuple[Callable[[Rng], Skin], ...] = (wood, cloth, cardboard, stone, paper)
