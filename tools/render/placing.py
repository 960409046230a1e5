"""Let things rest on the ground, side by side, and point a camera at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tools.render.items import Item, Part
from tools.render.noise import Array, Rng


@dataclass(frozen=True)
class Camera:
    """A thin lens, up to Mitsuba's own names.

    Attributes
    ----------
    origin, target, up
        World points and direction.
    fov
        Field of view, degrees, equal in both directions.
    aperture
        Radius of the lens, cm.
    """

    origin: Array
    target: Array
    up: Array
    fov: float
    aperture: float

    def project(self, points: Array) -> Array:
        """Return image positions, shape (n, 2): right and up, -1 to 1 inside the frame."""
        forward, right, up = self.axes()
        offset = points - self.origin
        depth = offset @ forward * np.tan(np.radians(self.fov) / 2)
        return np.stack([offset @ right / depth, offset @ up / depth], -1)

    def axes(self) -> tuple[Array, Array, Array]:
        """Return unit vectors forward, right and up."""
        forward = unit(self.target - self.origin)
        right = unit(np.cross(forward, self.up))
        return forward, right, np.cross(right, forward)


@dataclass(frozen=True)
class Placed:
    """An item where it lies: its parts in world space and points of its outline, shape (n, 3)."""

    parts: tuple[Part, ...]
    outline: Array

    def moved(self, offset: Array) -> Placed:
        """Return it, shifted."""
        parts = tuple(
            Part(part.mesh.moved(np.eye(3), offset), part.skin, part.thin) for part in self.parts
        )
        return Placed(parts, self.outline + offset)


def unit(vector: Array) -> Array:
    """Scale to length 1."""
    return vector / np.linalg.norm(vector)


def rest(item: Item, rng: Rng) -> Placed:
    """Let an item roll from a random pose until it lies stably on the plane z = 0."""
    body = np.concatenate(
        [p.mesh.vertices[::4, ::4].reshape(-1, 3) for p in item.parts if not p.thin]
    )
    start = np.array([0, 0, -1.0]) + rng.normal(0, 0.15, 3)
    if rng.random() < item.lying:
        start = np.append(rng.normal(size=2), rng.normal(-0.25, 0.3))
    rotation = _upright(_roll(body, unit(start), rng), rng)
    lowest = (body @ rotation.T)[:, 2].min()
    centre = (body @ rotation.T).mean(0) * [1, 1, 0] + [0, 0, lowest + 0.04]
    parts = tuple(Part(p.mesh.moved(rotation, -centre), p.skin, p.thin) for p in item.parts)
    everything = [p.mesh.vertices[::3, ::4].reshape(-1, 3) for p in parts]
    return Placed(parts, np.concatenate(everything))


def _roll(points: Array, down: Array, rng: Rng) -> Array:
    """Find the direction of gravity, near ``down``, for which the centre of mass lies lowest."""
    centred = points - points.mean(0)
    step, height = 0.25, (centred @ down).max()
    for _ in range(160):
        trial = unit(down + rng.normal(0, step, 3))
        trial_height = (centred @ trial).max()
        if trial_height < height:
            down, height = trial, trial_height
        else:
            step = max(0.96 * step, 0.01)
    return down


def _upright(down: Array, rng: Rng) -> Array:
    """Return the rotation that takes ``down`` to -z, with a random turn about z."""
    side = unit(np.cross(down, rng.normal(size=3)))
    return np.stack([side, np.cross(-down, side), -down])


def beside(thing: Placed, others: list[Placed], direction: float, gap: float) -> Placed:
    """Push a thing towards others along the ground, from this direction, until ``gap`` is left."""
    if not others:
        return thing
    tree = cKDTree(np.concatenate([other.outline for other in others]))
    way = np.array([np.cos(direction), np.sin(direction), 0])
    outline = thing.outline[::2]
    far = 70.0
    for _ in range(60):
        clear = tree.query(outline + way * far)[0].min() - gap
        if clear < 0.15:
            break
        far -= clear
    return thing.moved(way * far)


def group(things: list[Placed], rng: Rng, gap: float = 0.25) -> list[Placed]:
    """Gather things round the first one."""
    placed: list[Placed] = []
    direction = rng.uniform(0, 2 * np.pi)
    for thing in things:
        placed.append(beside(thing, placed, direction, rng.uniform(gap, 4 * gap)))
        direction += rng.uniform(0.9, 2.2)
    return placed


def aim(points: Array, rng: Rng, azimuth: float, elevation: float, fill: float) -> Camera:
    """Frame points so that they take ``fill`` of the picture's width or height, off-centre.

    Parameters
    ----------
    azimuth, elevation
        Where the camera stands, degrees.
    """
    fov, roll = rng.uniform(20, 42), np.radians(rng.normal(0, 4))
    a, e = np.radians([azimuth, elevation])
    away = np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])
    target = (points.min(0) + points.max(0)) / 2
    up = np.array([-np.sin(a) * np.sin(roll), np.cos(a) * np.sin(roll), np.cos(roll)])
    aperture = rng.uniform(0.05, 0.35)
    room = 0.94 - fill
    wish = rng.uniform(-0.85, 0.85, 2) * room
    distance = np.ptp(points, axis=0).max() / np.tan(np.radians(fov) / 2) / fill
    for _ in range(12):
        camera = Camera(target + away * distance, target, up, fov, aperture)
        seen = camera.project(points)
        low, high = seen.min(0), seen.max(0)
        off = ((low + high) / 2 - wish) * distance * np.tan(np.radians(fov) / 2)
        _, right, above = camera.axes()
        target = target + right * off[0] + above * off[1]
        distance *= max((high - low).max() / (2 * fill), 0.3)
    return Camera(target + away * distance, target, up, fov, aperture)
