"""Stems, leaves and calyces: what grows at the stem end."""

from __future__ import annotations

import numpy as np

from tools.render import surfaces as form
from tools.render.noise import Array, Rng, fractal, mix, shift
from tools.render.skin import Colour, Part, Skin
from tools.render.surfaces import Surface

WOOD = (0.34, 0.24, 0.13)
GREEN = (0.30, 0.44, 0.13)


def plain(colour: Colour, rng: Rng, roughness: float = 0.6) -> Skin:
    """Make a matt, slightly mottled skin for stems and leaves."""
    u, v = np.meshgrid(np.linspace(0, 3, 48), np.linspace(0, 3, 48))
    mottle = fractal(np.stack([u, v, 0 * u], -1), rng, 1.7, 3)
    tone = shift(np.array(colour), rng, 0.02, 0.2)
    image = np.clip(mix(tone, tone * 0.55, np.clip(0.4 + 0.5 * mottle, 0, 1)), 0, 1)
    return Skin(image, np.full(u.shape, roughness), 0.05 * mottle, 0.1)


def stem(
    surface: Surface,
    rng: Rng,
    length: float,
    radius: float,
    flare: float = 1.3,
    colour: Colour = WOOD,
) -> Part:
    """Grow a stem from the middle of the stem end."""
    base = surface.at(np.zeros(1), np.zeros(1))[0]
    up = np.array([0, 0, 1.0])
    lean = rng.normal(0, 0.3, 3) * [1, 1, 0]
    path = np.stack([base + up * length * s + lean * length * s**2 for s in (-0.15, 0.3, 0.7, 1)])
    radii = radius * np.array([flare, 1, 0.95, rng.uniform(1, flare)])
    return Part(form.tube(path, radii), plain(colour, rng))


def leaf(surface: Surface, rng: Rng, length: float) -> Part:
    """Hang one leaf on the stem end."""
    turn = rng.uniform(0, 2 * np.pi)
    rise = rng.uniform(-0.1, 0.5)
    yaw = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    pitch = np.array([[np.cos(rise), 0, -np.sin(rise)], [0, 1, 0], [np.sin(rise), 0, np.cos(rise)]])
    top = surface.at(np.linspace(0, 0.3, 20), np.zeros(20))[:, 2].max()
    base = surface.at(np.zeros(1), np.zeros(1))[0] * [1, 1, 0] + [0, 0, top + 0.15]
    mesh = form.leaf(length, 0.27 * length, rng.uniform(0.1, 0.4) * length)
    return Part(mesh.moved(yaw @ pitch, base), plain((0.18, 0.34, 0.09), rng, 0.4), thin=True)


def star(
    surface: Surface, rng: Rng, tips: int, short: float, long: float, curl: float, sharp: float
) -> Part:
    """Make a calyx with ``tips`` sepals that reach to t = ``long``, and to ``short`` between."""
    lengths = rng.uniform(0.75, 1.15, tips)
    phase = rng.uniform(0, 2 * np.pi)

    def reach(angle: Array) -> Array:
        turn = (angle + phase) * tips / (2 * np.pi)
        tip: Array = (0.5 + 0.5 * np.cos(2 * np.pi * turn)) ** sharp
        rise: Array = (long - short) * tip * lengths[np.round(turn).astype(int) % tips]
        return short + rise

    def lift(share: Array) -> Array:
        return 0.06 + curl * share**2.5

    return Part(form.cap(surface, reach, lift), plain(GREEN, rng), thin=True)
