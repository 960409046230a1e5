"""Skins: from a row of numbers to colour, roughness and relief, painted on a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.render.noise import Array, Rng, fractal, mix, nearest, ramp, shift
from tools.render.surfaces import Mesh, Surface

Colour = tuple[float, float, float]
BROWN = np.array([0.33, 0.20, 0.10])


@dataclass(frozen=True)
class Look:
    """What a skin looks like.

    Attributes
    ----------
    colour
        Its name, for the table of attributes.
    base, second
        The two colours that it blends.
    blend
        Where the second one lies: ``side`` (the sunny side), ``stem``, ``end`` or ``patches``.
    share
        How much of the surface the second colour takes, 0 to 1.
    streaks
        Strength of streaks from stem to blossom end, 0 to 1.
    stripes
        How many hard-edged stripes run round.
    specks, speck
        How many specks, their radius (cm), and ``speck_colour``, theirs.
    spots
        Strength of brown spots of age, 0 to 1.
    pores
        Depth of pores (cm), 0 for a smooth skin.
    rust
        Strength of rough brown patches, strongest at the stem.
    roughness, gloss
        Of the principled BSDF (Burley 2012): roughness, and weight of the clear coat (wax).
    stem_tint, end_tint
        Colour of the two ends, and how far they reach, as t; None: as the rest.
    """

    colour: str
    base: Colour
    second: Colour
    blend: str = "side"
    share: float = 0.4
    streaks: float = 0.0
    stripes: int = 0
    specks: int = 0
    speck: float = 0.05
    speck_colour: Colour = (0.86, 0.78, 0.55)
    spots: float = 0.0
    pores: float = 0.0
    rust: float = 0.0
    roughness: float = 0.35
    gloss: float = 0.4
    stem_tint: tuple[Colour, float] | None = None
    end_tint: tuple[Colour, float] | None = None

    @property
    def texture(self) -> str:
        """The word for it in the table of attributes."""
        for word, present in (
            ("striped", self.stripes),
            ("spotted", self.spots > 0.5),
            ("rough", self.rust > 0.5),
            ("pitted", self.pores),
            ("streaked", self.streaks > 0.3),
            ("speckled", self.specks),
        ):
            if present:
                return word
        return "glossy" if self.gloss > 0.6 else "smooth"


@dataclass(frozen=True)
class Skin:
    """Maps over (t, angle): colour (rows, columns, 3), roughness and relief (rows, columns; cm)."""

    colour: Array
    roughness: Array
    relief: Array
    gloss: float


@dataclass(frozen=True)
class Part:
    """A mesh and its skin; thin ones (leaves) are seen from both sides."""

    mesh: Mesh
    skin: Skin
    thin: bool = False


def paint(surface: Surface, look: Look, rng: Rng, rows: int, columns: int) -> Skin:
    """Paint a look on a surface, at this resolution."""
    points, t, angle = surface.points(rows, columns)
    size = np.ptp(points.reshape(-1, 3), axis=0).max()
    colour = _ground_colour(points / size, t, angle, look, rng)
    relief = np.zeros(t.shape)
    roughness = np.full(t.shape, look.roughness) + 0.05 * fractal(points, rng, 0.8, 3)
    if look.pores:
        distance, _ = nearest(points, _scatter(points, rng, 1500))
        pore = ramp(distance, 0.16, 0.02)
        relief -= look.pores * pore
        colour = colour * (1 - 0.20 * pore[..., None])
        relief += 0.4 * look.pores * fractal(points, rng, 1.5, 3)
    if look.specks:
        distance, which = nearest(points, _scatter(points, rng, look.specks))
        radius = look.speck * rng.uniform(0.5, 1.3, look.specks)[which]
        colour = mix(
            colour, np.array(look.speck_colour), 0.7 * ramp(distance, radius, 0.5 * radius)
        )
    colour, roughness = _wear(points, t, look, rng, colour, roughness)
    return Skin(np.clip(colour, 0, 1), np.clip(roughness, 0.08, 1), relief, look.gloss)


def _ground_colour(unit: Array, t: Array, angle: Array, look: Look, rng: Rng) -> Array:
    """Blend the two colours, with streaks, stripes and tinted ends."""
    base = shift(np.array(look.base), rng)
    second = shift(np.array(look.second), rng)
    drift = fractal(unit, rng, 2.2, 3)
    direction = rng.uniform(0, 2 * np.pi)
    where = {
        "side": 0.5 + 0.5 * np.cos(angle - direction) * np.sin(np.pi * np.clip(t, 0.1, 0.9)),
        "stem": 1 - t,
        "end": t,
        "patches": 0.5 + 0.25 * fractal(unit, rng, 3.5, 2),
    }[look.blend]
    share = np.clip(look.share * rng.uniform(0.6, 1.4), 0, 1)
    amount = ramp(where + 0.22 * drift, 1 - share - 0.22, 1 - share + 0.28)
    around = np.stack([np.cos(angle) * 3.2, np.sin(angle) * 3.2, t * 0.9], -1)
    if look.streaks:
        streak = ramp(fractal(around, rng, 5.5, 3), -0.8, 0.9)
        amount = np.clip(amount + look.streaks * (streak - 0.5), 0, 1)
    if look.stripes:
        wave = np.cos(look.stripes * (angle + 0.12 * drift)) + 0.5 * fractal(around, rng, 3.0, 3)
        amount = ramp(wave, 0.2, 0.7) * ramp(1 - t, 0, 0.25)
    colour = mix(base, second, amount) * (1 + 0.06 * drift[..., None])
    for tint, near in ((look.stem_tint, t), (look.end_tint, 1 - t)):
        if tint is not None:
            edge = tint[1] * rng.uniform(0.6, 1.4) * (1 + 0.35 * drift)
            colour = mix(colour, np.array(tint[0]), 0.9 * ramp(near, edge, 0.45 * edge))
    return colour


def _wear(
    points: Array, t: Array, look: Look, rng: Rng, colour: Array, roughness: Array
) -> tuple[Array, Array]:
    """Add rust, spots of age and, now and then, a bruise."""
    if look.rust:
        patch = fractal(points, rng, 0.7, 4) + 1.2 * ramp(t, 0.35, 0.0) - 1.1 + look.rust
        patch = 0.75 * ramp(patch, -0.1, 0.6)
        colour = mix(colour, np.array([0.50, 0.36, 0.17]), patch)
        roughness = roughness + 0.3 * patch
    if look.spots:
        field = fractal(points, rng, 0.9, 4) + 0.25 * fractal(points, rng, 2.5, 2)
        spot = ramp(field, 0.95 - 0.7 * look.spots, 1.25 - 0.7 * look.spots)
        colour = mix(colour, BROWN, 0.85 * spot)
    for centre in _scatter(points, rng, int(rng.integers(0, 3))):
        distance = np.linalg.norm(points - centre, axis=-1) * (1 + 0.4 * fractal(points, rng, 1, 2))
        radius = rng.uniform(0.25, 0.9)
        colour = mix(colour, colour * 0.6 + 0.2 * BROWN, 0.7 * ramp(distance, radius, 0.4 * radius))
    return colour, roughness


def _scatter(points: Array, rng: Rng, count: int) -> Array:
    """Choose points of a grid, evenly by area."""
    down = np.linalg.norm(np.gradient(points, axis=0), axis=-1)
    across = np.linalg.norm(np.gradient(points, axis=1), axis=-1)
    area = (down * across).ravel()
    return points.reshape(-1, 3)[rng.choice(area.size, count, p=area / area.sum())]
