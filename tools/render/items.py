"""Fruit and vegetables: form, skin, stem, calyx and leaves of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tools.render import surfaces as form
from tools.render.greenery import GREEN, WOOD, leaf, plain, star, stem
from tools.render.looks import LOOKS
from tools.render.noise import Rng
from tools.render.skin import Look, Part, paint
from tools.render.surfaces import Surface


@dataclass(frozen=True)
class Item:
    """One piece (or bunch) of a class, stem up, about its own origin.

    Attributes
    ----------
    parts
        What is rendered.
    colour, shape, texture
        Words for the table of attributes.
    lying
        Chance that it lies on its side.
    side
        The direction that then points down; None: any.
    """

    parts: tuple[Part, ...]
    colour: str
    shape: str
    texture: str
    lying: float
    side: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Detail:
    """How fine an item is made: rows and columns of its mesh and of its texture."""

    mesh: tuple[int, int] = (72, 97)
    texture: tuple[int, int] = (128, 256)


FINE = Detail()
COARSE = Detail((40, 57), (56, 112))


def _body(surface: Surface, look: Look, rng: Rng, detail: Detail) -> Part:
    return Part(surface.mesh(*detail.mesh), paint(surface, look, rng, *detail.texture))


def _item(parts: list[Part], look: Look, shape: str, lying: float) -> Item:
    return Item(tuple(parts), look.colour, shape, look.texture, lying)


def apple(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model an apple: a cavity at the stem, five low bumps at the blossom end."""
    tall = rng.uniform(0.82, 1.08)
    cavity, narrow = rng.uniform(0.35, 0.6), rng.uniform(0.78, 0.95)
    profile = np.array(
        [[0, 0.92 - cavity], [0.16, 0.70], [0.45, 0.90], [0.82, 0.66], [1, 0.12],
         [narrow, -0.48], [0.56, -0.86], [0.26, -0.92], [0.10, -0.82], [0, -0.78]]
    )  # fmt: skip
    radius = rng.uniform(3.3, 4.3)
    deforms = (
        form.swell(5, 0.05, rng.uniform(0, 6), 0.55, 0.9),
        form.stretch(radius, radius * rng.uniform(0.93, 1.05), radius * tall),
        form.wobble(rng, 0.14, 0.16),
    )
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail)]
    parts.append(stem(surface, rng, rng.uniform(2.5, 3.6) * cavity / 0.45, 0.13, 1.5))
    if rng.random() < 0.25:
        parts.append(leaf(surface, rng, rng.uniform(3.5, 5.5)))
    return _item(parts, look, "round" if tall > 0.92 else "flattened", 0.2)


def orange(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model an orange: a sphere with a dimple, a small green button and, often, a navel."""
    tall = rng.uniform(0.9, 1.04)
    navel = rng.choice([0.0, 0.06, 0.1])
    profile = np.array(
        [[0, 0.93], [0.12, 0.95], [0.4, 0.92], [0.75, 0.67], [1, 0], [0.75, -0.68], [0.4, -0.93],
         [0.13, -0.98], [0.06, -0.98 + navel], [0, -0.98 + navel]]
    )  # fmt: skip
    radius = rng.uniform(3.2, 4.2)
    ribs = form.lobes(rng.uniform(0.01, 0.05, 9), 0.0, 3.0, 1.0, 0.0)
    deforms = (ribs, form.stretch(radius, radius, radius * tall), form.wobble(rng, 0.1, 0.14))
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail), star(surface, rng, 5, 0.03, 0.065, 0.02, 1.0)]
    if rng.random() < 0.3:
        parts.append(leaf(surface, rng, rng.uniform(4, 6.5)))
    return _item(parts, look, "round", 0.5)


def lemon(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model a lemon: an ellipsoid with a neck at the stem and a nipple at the other end."""
    nipple, tall = rng.uniform(0.1, 0.24), rng.uniform(1.18, 1.45)
    neck = rng.uniform(0.02, 0.12)
    profile = np.array(
        [[0, 0.96 + neck], [0.16, 0.95 + neck], [0.36, 0.84], [0.8, 0.5], [1, 0], [0.8, -0.52],
         [0.40, -0.85], [0.20, -0.97 - 0.4 * nipple], [0.11, -1 - nipple], [0, -1.03 - nipple]]
    )  # fmt: skip
    radius = rng.uniform(2.4, 3.1)
    deforms = (
        form.stretch(radius, radius, radius * tall),
        form.bend(rng.uniform(0.01, 0.04)),
        form.wobble(rng, 0.14, 0.2),
    )
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail), star(surface, rng, 5, 0.03, 0.06, 0.02, 1.0)]
    if rng.random() < 0.2:
        parts.append(leaf(surface, rng, rng.uniform(3.5, 5.5)))
    return _item(parts, look, "oval", 0.95)


def pear(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model a pear: a belly and a leaning neck with a long stem."""
    neck, tall = rng.uniform(0.30, 0.46), rng.uniform(0.85, 1.15)
    profile = np.array(
        [[0, 1.52], [0.20, 1.50], [neck, 1.22], [neck + 0.1, 0.85], [0.78, 0.36], [1, -0.22],
         [0.88, -0.72], [0.52, -1.02], [0.22, -1.06], [0, -0.96]]
    )  # fmt: skip
    radius = rng.uniform(3.0, 3.8)
    deforms = (
        form.stretch(radius, radius, radius * tall),
        form.bend(rng.uniform(0.01, 0.05)),
        form.wobble(rng, 0.2, 0.16),
    )
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail)]
    parts.append(stem(surface, rng, rng.uniform(1.8, 3.2), 0.16, 1.6))
    if rng.random() < 0.15:
        parts.append(leaf(surface, rng, rng.uniform(4, 6)))
    return _item(parts, look, "pear-shaped", 0.4)


def banana(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model one to four bananas joined at the stem: five-edged, bent, with a blunt dark tip."""
    count = int(rng.choice([1, 1, 2, 3, 4]))
    length, radius = rng.uniform(15, 20), rng.uniform(1.45, 1.8)
    curvature = rng.uniform(0.9, 1.7) / length
    parts = []
    for place in range(count):
        size = length * rng.uniform(0.93, 1.05)
        z = -size * np.array([0, 0.05, 0.10, 0.18, 0.32, 0.56, 0.78, 0.90, 0.96, 0.985, 1.0])
        r = radius * np.array([0, 0.40, 0.43, 0.70, 0.94, 1.0, 0.90, 0.62, 0.36, 0.28, 0])
        edges = form.lobes(-rng.uniform(0.07, 0.12, 5), rng.uniform(0, 6), 4.0, 0.6, 0.2)
        bent = (edges, form.bend(-curvature * rng.uniform(0.9, 1.1)), form.wobble(rng, 0.1, 0.15))
        surface = Surface(np.stack([r, z], 1), bent)
        fan = (place - (count - 1) / 2) * 2.1 * radius / (0.75 * length)
        turn = np.array([[1, 0, 0], [0, np.cos(fan), -np.sin(fan)], [0, np.sin(fan), np.cos(fan)]])
        body = _body(surface, look, rng, detail)
        parts.append(Part(body.mesh.moved(turn, np.zeros(3)), body.skin))
    path = np.array([[0, 0, -0.06 * length], [0, 0, 0.0], [0.1, 0, 0.6], [0.25, 0, 1.2]])
    thick = 0.42 * radius * (1 + 0.35 * (count - 1))
    parts.append(Part(form.tube(path, thick * np.array([0.9, 1, 1, 0.8])), plain(WOOD, rng)))
    bunch = _item(parts, look, "curved", 1.0)
    return bunch if count > 1 else replace(bunch, side=(0.0, float(rng.choice([-1, 1])), 0.0))


def tomato(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model a tomato: round, ribbed or plum-shaped, with a green star of thin sepals."""
    kind = rng.choice(["round", "flattened", "oval"], p=[0.45, 0.35, 0.2])
    tall = {"round": 0.9, "flattened": 0.68, "oval": 1.25}[kind] * rng.uniform(0.94, 1.06)
    ribs = int(rng.integers(5, 10))
    depth = {"round": 0.04, "flattened": 0.16, "oval": 0.02}[kind] * rng.uniform(0.5, 1.2, ribs)
    profile = np.array(
        [[0, 0.80], [0.15, 0.86], [0.45, 0.93], [0.82, 0.62], [1, 0], [0.8, -0.6], [0.45, -0.9],
         [0.15, -0.96], [0, -0.96]]
    )  # fmt: skip
    radius = rng.uniform(2.7, 4.4) * (0.8 if kind == "oval" else 1)
    deforms = (
        form.lobes(depth, rng.uniform(0, 6), 3.0, 2.0, 0.3),
        form.stretch(radius, radius * rng.uniform(0.92, 1.05), radius * tall),
        form.wobble(rng, 0.12, 0.16),
    )
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail)]
    tips = int(rng.integers(5, 7))
    parts.append(star(surface, rng, tips, 0.035, 0.30, rng.uniform(0.2, 1.0), 4.0))
    parts.append(stem(surface, rng, rng.uniform(0.6, 1.8), 0.14, 1.5, colour=GREEN))
    return _item(parts, look, kind, 0.3)


def bell_pepper(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model a bell pepper: three or four lobes with deep grooves and a thick green stem."""
    count = int(rng.choice([3, 4, 4]))
    tall, taper = rng.uniform(0.85, 1.35), rng.uniform(0.62, 0.92)
    profile = np.array(
        [[0, 0.74], [0.20, 0.77], [0.50, 0.95], [0.84, 0.94], [1, 0.52], [0.97, -0.2],
         [taper, -0.74], [0.68 * taper, -1.03], [0.30 * taper, -0.98], [0, -0.80]]
    )  # fmt: skip
    radius = rng.uniform(3.4, 4.2)
    phase = rng.uniform(0, 6)
    deforms = (
        form.lobes(rng.uniform(0.10, 0.24, count), phase, 4.0, 1.4, 1.5),
        form.swell(count, -0.07, phase, 0.7, 0.95),
        form.stretch(radius, radius * rng.uniform(0.9, 1.05), radius * tall),
        form.wobble(rng, 0.35, 0.15),
    )
    surface = Surface(profile, deforms)
    parts = [_body(surface, look, rng, detail)]
    parts.append(star(surface, rng, count + 3, 0.09, 0.14, 0.05, 0.8))
    length = rng.uniform(1.8, 3.4)
    parts.append(stem(surface, rng, length, rng.uniform(0.4, 0.55), 1.5, colour=GREEN))
    return _item(parts, look, "blocky", 0.5)


def aubergine(rng: Rng, look: Look, detail: Detail) -> Item:
    """Model an aubergine: a long or round drop under a pointed green cap."""
    globe = rng.random() < 0.3
    length = rng.uniform(9, 12) if globe else rng.uniform(13, 19)
    radius = rng.uniform(3.6, 4.6) if globe else rng.uniform(2.2, 3.3)
    top = rng.uniform(0.5, 0.65)
    z = length * np.array([0.5, 0.495, 0.46, 0.36, 0.1, -0.2, -0.38, -0.47, -0.498, -0.5])
    r = radius * np.array([0, 0.22, 0.42, top, 0.84, 1.0, 0.85, 0.52, 0.2, 0])
    curve = rng.uniform(0.005, 0.06 if not globe else 0.02)
    surface = Surface(np.stack([r, z], 1), (form.bend(curve), form.wobble(rng, 0.25, 0.1)))
    parts = [_body(surface, look, rng, detail)]
    sepals = star(surface, rng, 5, 0.09, 0.25, rng.uniform(0.05, 0.35), 1.6)
    parts.append(sepals)
    parts.append(stem(surface, rng, rng.uniform(1.8, 3.5), 0.42, 1.5, colour=GREEN))
    return _item(parts, look, "oval" if globe else "elongated", 0.97)


MAKERS: dict[str, Callable[[Rng, Look, Detail], Item]] = {
    maker.__name__: maker
    for maker in (apple, aubergine, banana, bell_pepper, lemon, orange, pear, tomato)
}
CLASSES = tuple(MAKERS)


def make(name: str, rng: Rng, look: Look | None = None, detail: Detail = FINE) -> Item:
    """Make one item of a class, in this look or in one of the class's own at random."""
    look = look or LOOKS[name][rng.integers(len(LOOKS[name]))]
    return MAKERS[name](rng, look, detail)
