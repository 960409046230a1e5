"""Line drawings from geometry: outlines, edges and creases, inked by a slightly unsteady hand."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.render.items import Item
from tools.render.noise import Array, Rng, fractal, ramp
from tools.render.placing import Camera, aim, viewpoint
from tools.render.scenes import outline, subjects
from tools.render.skin import Part
from tools.render.tracing import geometry

SCALE = 4
"""Lines are found on a picture this many times larger than the drawing."""


def _steps(field: Array) -> Array:
    """Return the largest difference to the right and lower neighbours; channels are summed."""
    channels = field if field.ndim == 3 else field[..., None]
    right = np.abs(np.diff(channels, axis=1, append=channels[:, -1:])).sum(-1)
    below = np.abs(np.diff(channels, axis=0, append=channels[-1:])).sum(-1)
    largest: Array = np.maximum(right, below)
    return largest


def _lines(layers: dict[str, Array], camera: Camera) -> tuple[Array, Array]:
    """Return strong lines (outlines) and fine ones (edges and creases), as masks."""
    inside = layers["index"] > 0
    outlines = (_steps(layers["index"]) > 0) | (_steps(layers["depth"]) > 0.9)
    _, right, up = camera.axes()
    facing = np.stack([layers["normal"] @ right, layers["normal"] @ up], -1)
    soft = ndimage.gaussian_filter(facing, (1.5, 1.5, 0))
    edges = (_steps(layers["normal"]) > 0.35) & inside
    # Normals that lean towards each other mark a valley: their divergence is negative there.
    valley = np.gradient(soft[..., 0], axis=1) - np.gradient(soft[..., 1], axis=0)
    thick = ndimage.binary_erosion(inside, iterations=5)
    creases = (valley < -0.017) & thick & ~ndimage.binary_dilation(outlines, iterations=3)
    return outlines, edges | creases


def _hatching(layers: dict[str, Array], light: Array, rng: Rng) -> Array:
    """Hatch what is turned away from the light with parallel strokes."""
    side = len(layers["depth"])
    dark = ramp(layers["normal"] @ light, 0.25, -0.35) * (layers["index"] > 0)
    y, x = np.mgrid[:side, :side]
    turn, pitch = rng.uniform(0.5, 1.1), rng.uniform(12, 18)
    across = x * np.cos(turn) + y * np.sin(turn)
    along = -x * np.sin(turn) + y * np.cos(turn)
    points = np.stack([along / 60, across / 60, 0 * x], -1)
    wave = np.abs((across / pitch + 0.25 * fractal(points, rng, 0.6, 2)) % 1 - 0.5) * pitch
    strokes: Array = (wave < 1.6 * dark) & (dark > 0.08)
    return strokes


def _stipple(parts: list[Part], layers: dict[str, Array], camera: Camera, rng: Rng) -> Array:
    """Dot the skins that have relief (pores), where they are seen."""
    side = len(layers["depth"])
    ink = np.zeros((side, side))
    for part in parts:
        if part.thin or np.ptp(part.skin.relief) < 0.02 or part.skin.colour.shape[0] < 60:
            continue
        vertices = part.mesh.vertices.reshape(-1, 3)
        dots = vertices[rng.choice(len(vertices), 260)]
        seen = (1 - camera.project(dots) * [-1, 1]) * side / 2
        column, row = np.clip(seen, 0, side - 1).astype(int).T
        near = np.linalg.norm(layers["position"][row, column] - dots, axis=1) < 0.25
        ink[row[near], column[near]] = 1
    dots_drawn: Array = ndimage.binary_dilation(ink > 0, iterations=2)
    return dots_drawn


def _paper(side: int, rng: Rng) -> Array:
    """Return a sheet of drawing paper, shape (side, side, 3)."""
    y, x = np.mgrid[:side, :side] / 40
    points = np.stack([x, y, 0 * x], -1)
    tone = np.array([1, rng.uniform(0.97, 1), rng.uniform(0.88, 0.99)]) * rng.uniform(0.9, 0.99)
    return (
        tone
        * (1 + 0.02 * fractal(points, rng, 4, 3) + 0.02 * fractal(points, rng, 0.3, 2))[..., None]
    )


def _ground_line(camera: Camera, points: Array, side: int, rng: Rng) -> Array:
    """Draw a few strokes on the ground, beside the things."""
    ink = np.zeros((side, side))
    centre, reach = points.mean(0), np.ptp(points, axis=0)[:2].max()
    _, right, _ = camera.axes()
    for _ in range(rng.integers(2, 6)):
        start = centre * [1, 1, 0] + right * rng.uniform(-0.9, 0.5) * reach
        stroke = start + np.linspace(0, rng.uniform(0.2, 0.6) * reach, 300)[:, None] * right
        stroke = stroke * [1, 1, 0] + np.append(rng.normal(0, 0.08 * reach, 2), 0)
        seen = (1 - camera.project(stroke) * [-1, 1]) * side / 2
        column, row = np.clip(seen, 0, side - 1).astype(int).T
        ink[row, column] = 1
    strokes: Array = ndimage.binary_dilation(ink > 0, iterations=1)
    return strokes


def _unsteady(ink: Array, rng: Rng, amount: float) -> Array:
    """Shift ink by a smooth random field, as a hand would."""
    y, x = np.mgrid[: len(ink), : len(ink)].astype(float)
    points = np.stack([x, y, 0 * x], -1) / 90
    offset = [amount * fractal(points, rng, 1, 2) for _ in range(2)]
    where = [y + offset[0], x + offset[1]]
    shifted: Array = ndimage.map_coordinates(ink, where, order=1, mode="nearest")
    return shifted


def sketch(name: str, rng: Rng, side: int) -> tuple[Item, Array]:
    """Draw a class.

    Returns
    -------
    tuple
        The first item drawn, and the drawing: uint8, shape (side, side, 3).
    """
    item, things = subjects(name, rng, (0.7, 0.2, 0.1))
    points = outline(things)
    azimuth, elevation = viewpoint(item, things[0], rng, 12, 50)
    camera = aim(points, rng, azimuth, elevation, rng.uniform(0.6, 0.85))
    camera = Camera(camera.origin, camera.target, camera.up, camera.fov, 0.0)
    parts = [part for thing in things for part in thing.parts]
    layers = geometry(parts, camera, side * SCALE)
    strong, fine = _lines(layers, camera)
    large = side * SCALE
    y, x = np.mgrid[:large, :large] / 70
    pressure = 0.5 + 0.5 * fractal(np.stack([x, y, 0 * x], -1), rng, 0.8, 3)
    width = rng.uniform(1.6, 3.6) * (0.6 + 0.8 * pressure)
    ink = ramp(ndimage.distance_transform_edt(~strong), width + 1, width - 0.5)
    ink = np.maximum(ink, ramp(ndimage.distance_transform_edt(~fine), 0.6 * width + 1, 0.4 * width))
    if rng.random() < 0.7:
        light = np.append(rng.normal(size=2), 1.0)
        ink = np.maximum(ink, 0.75 * _hatching(layers, light / np.linalg.norm(light), rng))
    below = layers["index"] == 0
    ink = np.maximum(ink, 0.8 * _stipple(parts, layers, camera, rng))
    ink = np.maximum(ink, 0.7 * (_ground_line(camera, points, large, rng) & below))
    ink = _unsteady(ink, rng, rng.uniform(1.5, 5)) * rng.uniform(0.75, 1) * (0.75 + 0.25 * pressure)
    tint = np.array([0.12, 0.12, rng.uniform(0.12, 0.25)])
    sheet = _paper(large, rng)
    drawn = sheet * (1 - ink[..., None]) + tint * ink[..., None]
    small = drawn.reshape(side, SCALE, side, SCALE, 3).mean((1, 3))
    return item, np.round(np.clip(small, 0, 1) * 255).astype(np.uint8)
