"""Let things rest on the ground, side by side, and point a camera at them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from tools.render.items import Item
from tools.render.noise import Array, Rng
from tools.render.skin import Part


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
    """An item where it lies.

    Attributes
    ----------
    parts
        In world space.
    outline
        Points of its surface, shape (n, 3).
    axis
        Unit vector towards its stem end.
    """

    parts: tuple[Part, ...]
    outline: Array
    axis: Array

    def moved(self, offset: Array) -> Placed:
        """Return it, shifted."""
        parts = tuple(
            Part(part.mesh.moved(np.eye(3), offset), part.skin, part.thin) for part in self.parts
        )
        return replace(self, parts=parts, outline=self.outline + offset)


def unit(vector: Array) -> Array:
    """Scale to length 1."""
    length: float = np.linalg.norm(vector).item()
    return vector / length


def rest(item: Item, rng: Rng) -> Placed:
    """Let an item roll from a random pose until it lies stably on the plane z = 0."""
    body = np.concatenate(
        [p.mesh.vertices[::4, ::4].reshape(-1, 3) for p in item.parts if not p.thin]
    )
    if rng.random() < item.lying:
        start, step = np.append(rng.normal(size=2), rng.normal(-0.25, 0.3)), 0.25
        if item.side is not None:
            start, step = np.array(item.side) + rng.normal(0, 0.1, 3), 0.1
    else:
        start, step = np.array([0, 0, -1.0]) + rng.normal(0, 0.06, 3), 0.05
    rotation = _upright(_roll(body, unit(start), step, rng), rng)
    lowest = (body @ rotation.T)[:, 2].min()
    centre = (body @ rotation.T).mean(0) * [1, 1, 0] + [0, 0, lowest + 0.04]
    parts = tuple(Part(p.mesh.moved(rotation, -centre), p.skin, p.thin) for p in item.parts)
    everything = [p.mesh.vertices[::3, ::4].reshape(-1, 3) for p in parts]
    return Placed(parts, np.concatenate(everything), rotation[:, 2])


def _roll(points: Array, down: Array, step: float, rng: Rng) -> Array:
    """Find the direction of gravity, near ``down``, for which the centre of mass lies lowest."""
    centred = points - points.mean(0)
    height = (centred @ down).max()
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


def heading(azimuth: float, elevation: float) -> Array:
    """Return the unit vector from the origin towards a place in the sky; degrees."""
    a, e = np.radians([azimuth, elevation])
    return np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])


def viewpoint(
    item: Item, thing: Placed, rng: Rng, low: float, high: float, typical: bool = False
) -> tuple[float, float]:
    """Choose azimuth and elevation (degrees) from which the form of a thing can be seen.

    A long thing is not seen end-on, the stem end of a round one is not hidden, and something
    curved is seen from above, since it lies with its curve flat on the ground. ``typical`` leaves
    only the views that show a form best: long things from the side, round ones with their stem end.
    """
    if item.shape == "curved":
        low, high = max(low, 32), max(high, 60)
    long = item.shape in ("curved", "elongated", "pear-shaped", "oval")
    if typical:
        least, most = (-0.25, 0.3) if long else (0.15, 0.8)
    else:
        least, most = (-0.4, 0.45) if long else (-0.1, 0.92)
    elevation = rng.uniform(low, high)
    for _ in range(30):
        azimuth = rng.uniform(0, 360)
        if least < thing.axis @ heading(azimuth, elevation) < most:
            break
    return azimuth, elevation


def aim(points: Array, rng: Rng, azimuth: float, elevation: float, fill: float) -> Camera:
    """Frame points so that they take ``fill`` of the picture's width or height, off-centre.

    Parameters
    ----------
    azimuth, elevation
        Where the camera stands, degrees.
    """
    fov, roll = rng.uniform(20, 42), np.radians(rng.normal(0, 4))
    away, a = heading(azimuth, elevation), np.radians(azimuth)
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
