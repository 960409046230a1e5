"""The photographed domains: who lies where, on what, in which light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tools.render import grounds, surfaces
from tools.render.camera import Film
from tools.render.items import CLASSES, COARSE, FINE, Item, make
from tools.render.looks import LOOKS, usual_look
from tools.render.noise import Array, Rng, ramp
from tools.render.placing import Camera, Placed, aim, beside, group, heading, rest, viewpoint
from tools.render.skin import Colour, Look, Part, Skin
from tools.render.tracing import lamp, sky, sun


@dataclass(frozen=True)
class Shot:
    """All that a picture needs.

    Attributes
    ----------
    subject
        The first item: its words stand in the table of attributes.
    parts
        All meshes.
    """

    subject: Item
    parts: list[Part]
    emitters: list[dict[str, Any]]
    camera: Camera
    film: Film


def subjects(
    name: str, rng: Rng, chances: tuple[float, ...], look: Look | None = None
) -> tuple[Item, list[Placed]]:
    """Make one or more items of a class, in this look or any one, and let them rest side by side.

    ``chances`` are those of one, two, three ... items.
    """
    count = 1 + int(rng.choice(len(chances), p=chances))
    look = look or LOOKS[name][rng.integers(len(LOOKS[name]))]
    items = [make(name, rng, look, FINE if count < 3 else COARSE) for _ in range(count)]
    return items[0], group([rest(item, rng) for item in items], rng)


def outline(things: list[Placed]) -> Array:
    """Return the points of all outlines."""
    return np.concatenate([thing.outline for thing in things])


def _floor(skin: Skin, size: float = grounds.EXTENT) -> Part:
    corner = size / 2
    x, y = np.meshgrid([-corner, corner], [corner, -corner])
    return Part(surfaces.grid(np.stack([x, y, 0 * x], -1)), skin)


def _turned(mesh: surfaces.Mesh, azimuth: float) -> surfaces.Mesh:
    """Turn a mesh about z, by degrees."""
    a = np.radians(azimuth)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return mesh.moved(turn, np.zeros(3))


def _sweep(skin: Skin, azimuth: float, back: float) -> Part:
    """Unroll a paper: flat under the things, curving up ``back`` cm behind them."""
    bow = np.linspace(0, np.pi / 2, 12)
    x = np.concatenate([[150], -back - 15 * np.sin(bow), [-back - 15.1]])
    z = np.concatenate([[0], 15 * (1 - np.cos(bow)), [160]])
    y = np.linspace(-150, 150, 2)
    points = np.stack([x[:, None] + 0 * y, y + 0 * x[:, None], z[:, None] + 0 * y], -1)
    return Part(_turned(surfaces.grid(points), azimuth), skin, thin=True)


def _wall(skin: Skin, azimuth: float, back: float) -> Part:
    """Stand a wall behind the things, as the camera at ``azimuth`` sees them."""
    y, z = np.meshgrid([-90, 90], [130, -50])
    mesh = surfaces.grid(np.stack([np.full(y.shape, -back), y, z], -1).astype(float))
    return Part(_turned(mesh, azimuth), skin, thin=True)


def _crate(skin: Skin, centre: Array, half: float, azimuth: float, rng: Rng) -> list[Part]:
    """Nail a crate of slats round a point, without the sides towards the camera at ``azimuth``."""
    turn, height = rng.uniform(0, 90), rng.uniform(2.0, 4.5)
    parts = []
    for quarter in range(4):
        if np.cos(np.radians(turn + 90 * quarter - azimuth)) > 0.2:
            continue
        for level in range(2):
            for side in surfaces.box(np.array([0.8, 2 * half, 0.75 * height])):
                mesh = side.moved(np.eye(3), np.array([half, 0, height * (level + 0.45)]))
                mesh = _turned(mesh, turn + 90 * quarter).moved(np.eye(3), centre * [1, 1, 0])
                parts.append(Part(mesh, skin, thin=True))
    return parts


def _gradient(zenith: Colour, horizon: Colour, rng: Rng, patches: int = 0) -> Array:
    """Paint an environment: sky above, a bounce below, bright windows or clouds among it."""
    height, turn = np.meshgrid(np.linspace(1, -1, 32), np.linspace(0, 1, 64), indexing="ij")
    share = np.clip(height, 0, 1)[..., None] ** 0.6
    light = np.asarray(horizon) * (1 - share) + np.asarray(zenith) * share
    light = np.where(height[..., None] < 0, 0.4 * np.asarray(horizon), light)
    for _ in range(patches):
        row, column = rng.uniform(0.1, 0.8), rng.uniform(0, 1)
        near = np.abs((turn - column + 0.5) % 1 - 0.5) / rng.uniform(0.04, 0.12)
        near = np.maximum(near, np.abs(height - row) / rng.uniform(0.1, 0.3))
        light = light + rng.uniform(1, 4) * ramp(near, 1, 0.8)[..., None] * np.asarray(zenith)
    return light


def _parts(things: list[Placed]) -> list[Part]:
    return [part for thing in things for part in thing.parts]


def studio(name: str, rng: Rng) -> Shot:
    """Light softly, on a plain roll of paper."""
    item, things = subjects(name, rng, (0.7, 0.2, 0.1))
    azimuth, elevation = viewpoint(item, things[0], rng, 12, 55)
    camera = aim(outline(things), rng, azimuth, elevation, rng.uniform(0.58, 0.84))
    emitters = [sky(_gradient((0.45, 0.45, 0.45), (0.35, 0.35, 0.35), rng))]
    for side in rng.choice([-1, 1]) * np.array([1, -1][: rng.integers(1, 3)]):
        place = 75 * heading(azimuth + side * rng.uniform(25, 110), rng.uniform(30, 70))
        tint = np.array([1, rng.uniform(0.94, 1.0), rng.uniform(0.86, 1.04)])
        size = (rng.uniform(25, 60), rng.uniform(25, 60))
        emitters.append(lamp(place, np.zeros(3), size, tint * rng.uniform(3, 9)))
    paper = _sweep(grounds.plain(rng), azimuth, rng.uniform(25, 60))
    film = Film(rng.uniform(0.26, 0.42), rng.uniform(0.95, 1.08), 4000, 0.003, 0.1)
    return Shot(item, [paper, *_parts(things)], emitters, camera, film)


def _neighbours(
    name: str,
    things: list[Placed],
    rng: Rng,
    camera: Camera,
    azimuth: float,
    count: int,
    edge: tuple[float, float] = (0.7, 1.1),
) -> list[Placed]:
    """Put items of other classes at the edges of the picture, not in front of the subject.

    Their middles lie at least so far from the picture's middle: a value between those of ``edge``,
    where 1 is the border.
    """
    others = [other for other in CLASSES if other != name]
    placed = list(things)
    for _ in range(count):
        other = others[rng.integers(len(others))]
        direction = np.radians(azimuth + rng.uniform(75, 285))
        thing = rest(make(other, rng, detail=COARSE), rng)
        thing = beside(thing, placed, direction, rng.uniform(0.3, 2.0))
        outwards, border = np.array([np.cos(direction), np.sin(direction), 0]), rng.uniform(*edge)
        for _ in range(40):
            if np.abs(camera.project(thing.outline).mean(0)).max() > border:
                break
            thing = thing.moved(0.8 * outwards)
        placed.append(thing)
    return placed


def _awning(direction: Array, rng: Rng) -> list[Part]:
    """Hang slats between the sun and the scene: they throw stripes of shadow."""
    dark = Skin(np.full((4, 4, 3), 0.2), np.full((4, 4), 0.9), np.zeros((4, 4)), 0.0)
    pitch, turn = rng.uniform(6, 18), rng.uniform(0, 180)
    parts = []
    for place in np.arange(-5, 6) * pitch + rng.uniform(0, pitch):
        y, x = np.meshgrid([-80, 80], np.array([-0.5, 0.5]) * pitch * rng.uniform(0.3, 0.6) + place)
        mesh = _turned(surfaces.grid(np.stack([x, y, 0 * x], -1)), turn)
        parts.append(Part(mesh.moved(np.eye(3), -direction * 170), dark, thin=True))
    return parts


def market(name: str, rng: Rng) -> Shot:
    """Stand in the sun, on a worn ground, with neighbours, crates and an awning now and then."""
    item, things = subjects(name, rng, (0.92, 0.08), usual_look(name, rng))
    azimuth, elevation = viewpoint(item, things[0], rng, 14, 40, typical=True)
    points = outline(things)
    camera = aim(points, rng, azimuth, elevation, rng.uniform(0.62, 0.84))
    camera = replace(camera, aperture=rng.uniform(0.3, 0.7))
    direction = -heading(azimuth + rng.uniform(-65, 65), rng.uniform(38, 65))
    emitters = [
        sun(direction, rng.uniform(2.5, 4) * np.array([1, 0.93, rng.uniform(0.74, 0.88)])),
        sky(_gradient((0.5, 0.7, 1.05), (0.8, 0.8, 0.78), rng, patches=2)),
    ]
    busy = grounds.BUSY
    floor = busy[rng.integers(len(busy))]
    wall = grounds.stall if rng.random() < 0.4 else busy[rng.integers(len(busy))]
    parts = [
        _floor(grounds.faded(floor(rng), rng.uniform(0.05, 0.4))),
        _wall(grounds.faded(wall(rng), rng.uniform(0.05, 0.4)), azimuth, rng.uniform(25, 50)),
    ]
    count = int(rng.choice(3, p=(0.6, 0.3, 0.1)))
    everyone = _neighbours(name, things, rng, camera, azimuth, count, (1.0, 1.2))
    if rng.random() < 0.25:
        half = np.linalg.norm(points[:, :2] - points[:, :2].mean(0), axis=1).max()
        half += rng.uniform(9, 14)
        parts += _crate(grounds.wood(rng), points.mean(0), half, azimuth, rng)
    if rng.random() < 0.04:
        parts += _awning(direction, rng)
    film = Film(rng.uniform(0.33, 0.55), rng.uniform(1.5, 1.95), 1500, 0.006, 0.2)
    return Shot(item, parts + _parts(everyone), emitters, camera, film)


def dusk(name: str, rng: Rng) -> Shot:
    """Leave one warm lamp on, in a room that has gone blue."""
    item, things = subjects(name, rng, (0.6, 0.25, 0.15))
    azimuth, elevation = viewpoint(item, things[0], rng, 15, 55)
    camera = aim(outline(things), rng, azimuth, elevation, rng.uniform(0.55, 0.82))
    place = rng.uniform(40, 70) * heading(azimuth + rng.choice([-1, 1]) * rng.uniform(30, 130), 32)
    bulb = rng.uniform(5, 10)
    emitters = [
        lamp(place, np.zeros(3), (bulb, bulb), 60 * np.array([1, 0.58, 0.22])),
        sky(_gradient((0.05, 0.08, 0.16), (0.12, 0.07, 0.06), rng, patches=1)),
    ]
    busy = grounds.BUSY
    parts = [_floor(busy[rng.integers(len(busy))](rng))]
    parts.append(_wall(busy[rng.integers(len(busy))](rng), azimuth, rng.uniform(25, 60)))
    everyone = _neighbours(name, things, rng, camera, azimuth, int(rng.integers(0, 3)))
    film = Film(
        key=rng.uniform(0.07, 0.13),
        warmth=rng.uniform(1.1, 1.5),
        electrons=rng.uniform(100, 320),
        read_noise=rng.uniform(0.008, 0.022),
        vignette=0.4,
    )
    return Shot(item, parts + _parts(everyone), emitters, camera, film)


PHOTOS: dict[str, Callable[[str, Rng], Shot]] = {"studio": studio, "market": market, "dusk": dusk}
