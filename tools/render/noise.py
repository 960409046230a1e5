"""Random fields and small colour helpers, all on numpy arrays."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

Array = NDArray[Any]
Rng = np.random.Generator


def ramp(values: Array, low: float | Array, high: float | Array) -> Array:
    """Rise smoothly from 0 at ``low`` to 1 at ``high`` (either may be the larger)."""
    x = np.clip((values - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)


def fractal(points: Array, rng: Rng, frequency: float, octaves: int = 4) -> Array:
    """Sum value noise over octaves (Perlin's fractal sum) at points of space.

    Parameters
    ----------
    points
        Shape (..., 3).
    frequency
        Lattice cells per unit of length in the first octave; it doubles with each.

    Returns
    -------
    numpy.ndarray
        Shape (...), about -1 to 1.
    """
    lattice = rng.uniform(-1, 1, (16, 16, 16))
    total = np.zeros(points.shape[:-1])
    for octave in range(octaves):
        x = points * (frequency * 2**octave) + rng.uniform(0, 16, 3)
        cell = np.floor(x)
        part = x - cell
        x = cell + part * part * (3 - 2 * part)
        flat = np.moveaxis(x, -1, 0).reshape(3, -1)
        sample = ndimage.map_coordinates(lattice, flat, order=1, mode="grid-wrap")
        total += sample.reshape(total.shape) / 2**octave
    return total


def nearest(points: Array, seeds: Array) -> tuple[Array, Array]:
    """Return the distance to, and the index of, the nearest seed of each point (Worley noise)."""
    distance, index = cKDTree(seeds).query(points.reshape(-1, 3))
    return distance.reshape(points.shape[:-1]), index.reshape(points.shape[:-1])


def mix(first: Array, second: Array, share: Array) -> Array:
    """Blend two colours (or colour images); ``share`` of the second, shape without channels."""
    part: Array = np.asarray(share)[..., None]
    blend: Array = np.asarray(first) * (1 - part) + np.asarray(second) * part
    return blend


def shift(colour: Array, rng: Rng, hue: float = 0.012, tone: float = 0.1) -> Array:
    """Vary one colour a little: hue as a share of the circle, saturation and value as factors."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    s = min(1.0, s * rng.uniform(1 - tone, 1 + tone))
    v = min(1.0, v * rng.uniform(1 - tone, 1 + tone))
    return np.array(colorsys.hsv_to_rgb((h + rng.uniform(-hue, hue)) % 1, s, v))


def to_linear(srgb: Array) -> Array:
    """Undo the sRGB transfer curve (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Array) -> Array:
    """Apply the sRGB transfer curve (IEC 61966-2-1)."""
    return np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
