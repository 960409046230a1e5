"""Forms: revolved profiles with deformations, swept tubes, patches and boxes, as meshes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from tools.render.noise import Array, Rng, fractal, ramp

Deform = Callable[[Array, Array, Array], Array]
"""(points, t, angle) -> points; ``t`` runs from stem (0) to blossom end (1)."""


@dataclass(frozen=True)
class Mesh:
    """A grid of vertices, as triangles.

    Attributes
    ----------
    vertices, normals
        Shape (rows, columns, 3).
    uv
        Shape (rows, columns, 2): texture column, texture row, in 0 to 1.
    """

    vertices: Array
    normals: Array
    uv: Array

    @property
    def faces(self) -> Array:
        """Two triangles a grid cell: shape (n, 3), indices into the flattened grid."""
        rows, columns = self.vertices.shape[:2]
        index = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
        return np.stack([a, d, c, a, c, b], -1).reshape(-1, 3)

    def moved(self, rotation: Array, offset: Array) -> Mesh:
        """Return the mesh, rotated and then shifted."""
        return replace(
            self, vertices=self.vertices @ rotation.T + offset, normals=self.normals @ rotation.T
        )


def grid(vertices: Array, closed: bool = False) -> Mesh:
    """Make a mesh of a grid of points; ``closed``: the first column meets the last."""
    down = np.gradient(vertices, axis=0)
    if closed:
        ring = np.concatenate([vertices[:, -2:-1], vertices, vertices[:, 1:2]], 1)
        across = np.gradient(ring, axis=1)[:, 1:-1]
    else:
        across = np.gradient(vertices, axis=1)
    normals = np.cross(down, across)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    for pole, ring_row in ((0, 1), (-1, -2)):  # a pole is one point: no direction of its own
        if length[pole].max() < 1e-3 * length.max():
            normals[pole] = normals[ring_row].mean(0)
            length[pole] = np.linalg.norm(normals[pole][:1])
    rows, columns = vertices.shape[:2]
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    return Mesh(vertices, normals / np.maximum(length, 1e-9), np.stack([u, v], -1))


@dataclass(frozen=True)
class Surface:
    """A profile turned round the z axis and then deformed.

    Attributes
    ----------
    profile
        Shape (k, 2): radius and height of points on the profile, stem first; a spline joins them.
    deforms
        Applied in order.
    """

    profile: Array
    deforms: tuple[Deform, ...] = ()

    def points(self, rows: int, columns: int) -> tuple[Array, Array, Array]:
        """Return points, t and angle on a grid, the last column equal to the first."""
        t, angle = np.meshgrid(
            np.linspace(0, 1, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij"
        )
        return self.at(t, angle), t, angle

    def at(self, t: Array, angle: Array) -> Array:
        """Return the points at these parameters, shape (..., 3)."""
        steps = np.linalg.norm(np.diff(self.profile, axis=0), axis=1)
        where = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
        height = CubicSpline(where, self.profile[:, 1], bc_type=((1, 0.0), (1, 0.0)))(t)
        radius = np.maximum(CubicSpline(where, self.profile[:, 0])(t), 0)
        points = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], -1)
        for deform in self.deforms:
            points = deform(points, t, angle)
        return points

    def mesh(self, rows: int = 72, columns: int = 97) -> Mesh:
        """Return the whole surface as a mesh."""
        return grid(self.points(rows, columns)[0], closed=True)


def lobes(depths: Array, phase: float, sharpness: float, start: float, end: float) -> Deform:
    """Press grooves along the surface, one a depth (share of the radius).

    ``start`` and ``end`` weigh the grooves at the stem and the blossom end; midway they weigh 1.
    """
    count = len(depths)

    def deform(points: Array, t: Array, angle: Array) -> Array:
        turn = (angle + phase) * count / (2 * np.pi)
        depth = np.asarray(depths)[np.round(turn).astype(int) % count]
        groove = np.abs(np.cos(np.pi * turn)) ** sharpness
        weight = PchipInterpolator([0, 0.5, 1], [start, 1, end])(t)
        factor: Array = 1 - depth * groove * weight
        pressed: Array = points * np.stack([factor, factor, np.ones_like(factor)], -1)
        return pressed

    return deform


def swell(count: int, amount: float, phase: float, low: float, high: float) -> Deform:
    """Raise ``count`` bumps in height where t is between ``low`` and ``high``."""

    def deform(points: Array, t: Array, angle: Array) -> Array:
        out = points.copy()
        out[..., 2] += amount * np.cos(count * (angle + phase)) * ramp(t, low, high)
        return out

    return deform


def bend(curvature: float) -> Deform:
    """Bend the z axis into an arc of this curvature (1/cm, not 0), towards x."""

    def deform(points: Array, t: Array, angle: Array) -> Array:
        x, y, z = np.moveaxis(points, -1, 0)
        radius = 1 / curvature - x
        turn = z * curvature
        return np.stack([1 / curvature - radius * np.cos(turn), y, radius * np.sin(turn)], -1)

    return deform


def wobble(rng: Rng, amount: float, frequency: float) -> Deform:
    """Displace the surface by smooth noise: no two fruits grow alike."""
    seeds = rng.integers(0, 2**31, 3)

    def deform(points: Array, t: Array, angle: Array) -> Array:
        fields = [fractal(points, np.random.default_rng(s), frequency, 2) for s in seeds]
        return points + amount * np.stack(fields, -1)

    return deform


def stretch(x: float, y: float, z: float) -> Deform:
    """Scale along the axes."""
    return lambda points, t, angle: points * np.array([x, y, z])


def tube(path: Array, radii: Array, sides: int = 13) -> Mesh:
    """Sweep a circle along a path, shape (k, 3), with closed ends."""
    where = np.linspace(0, 1, len(path))
    fine = np.linspace(0, 1, 18)
    centre = CubicSpline(where, path)(fine)
    radius = PchipInterpolator(where, radii)(fine)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    closed = np.pad(np.arange(len(fine)), 1, mode="edge")  # each end twice: once as a point
    centre, tangent, radius = centre[closed], tangent[closed], np.pad(radius, 1)
    side = np.cross(tangent, [0.31, 0.95, 0.05])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(tangent, side)
    angle = -np.linspace(0, 2 * np.pi, sides)[None, :, None]
    ring = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    mesh = grid(centre[:, None] + ring * radius[:, None, None], closed=True)
    outward = ring.copy()  # turned towards the ends where the ends are, for round edges
    for pole, edge, sign in ((0, 1, -1), (-1, -2, 1)):
        outward[pole] = sign * tangent[pole]
        outward[edge] += sign * tangent[edge]
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    return replace(mesh, normals=outward)


def cap(surface: Surface, reach: Callable[[Array], Array], lift: Callable[[Array], Array]) -> Mesh:
    """Lay a star-shaped calyx on the stem end of a surface.

    Parameters
    ----------
    reach
        angle -> how far it goes down the surface, as t.
    lift
        share of the way to its tip -> distance from the skin (cm).
    """
    share, angle = np.meshgrid(np.linspace(0, 1, 16), np.linspace(0, 2 * np.pi, 145), indexing="ij")
    t = np.clip(share * reach(angle), 1e-3, 1)
    step = 2e-3
    points = surface.at(t, angle)
    down = surface.at(t + step, angle) - points
    across = surface.at(t, angle + step) - points
    normals = np.cross(down, across)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    return grid(points + normals * lift(share)[..., None], closed=True)


def leaf(length: float, width: float, droop: float) -> Mesh:
    """Make a pointed leaf from the origin along x, folded at its midrib and drooping."""
    along, side = np.meshgrid(np.linspace(0, 1, 20), np.linspace(-1, 1, 11), indexing="ij")
    half = width * np.sin(np.pi * along**0.8) ** 0.9
    z = 0.35 * np.abs(side) * half - droop * along**2 + 0.05 * np.sin(along * 19) * np.abs(side)
    return grid(np.stack([length * along, side * half, z], -1))


def box(size: Array) -> list[Mesh]:
    """Return the six sides of a box round the origin."""
    sides = []
    square = np.array([[[-1, -1, 1], [1, -1, 1]], [[-1, 1, 1], [1, 1, 1]]], float)[:, ::-1]
    for axis in range(3):
        for sign in (1, -1):
            corners = np.roll(square * [1, sign, sign], axis, -1)
            sides.append(grid(corners * np.asarray(size) / 2))
    return sides
