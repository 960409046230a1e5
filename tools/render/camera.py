"""Develop light into a photo: exposure, white balance, noise, tone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from tools.render.noise import Array, Rng, to_srgb


@dataclass(frozen=True)
class Film:
    """How a camera records light.

    Attributes
    ----------
    key
        Where the mean of the picture is exposed to, as linear light.
    warmth
        Gain of red over blue; 1 is neutral.
    electrons
        A white pixel's; its shot noise is their square root.
    read_noise
        Standard deviation of the sensor's own noise, as a share of white.
    vignette
        Share of light lost in the corners.
    """

    key: float
    warmth: float
    electrons: float
    read_noise: float
    vignette: float


def develop(light: Array, film: Film, rng: Rng) -> Array:
    """Return the photo, uint8, of linear light, shape (side, side, 3)."""
    side = len(light)
    luminance = light @ np.array([0.2126, 0.7152, 0.0722])
    light = light / np.percentile(luminance, 99.8)  # lamps in the picture do not set the exposure
    mean = np.minimum(luminance / np.percentile(luminance, 99.8), 1).mean()
    light = np.clip(light * film.key / mean, 0, 30)
    light = light * np.array([np.sqrt(film.warmth), 1, 1 / np.sqrt(film.warmth)])
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    light = light * (1 - film.vignette * (x**2 + y**2) / 2)[..., None]
    electrons = rng.poisson(np.minimum(light, 4) * film.electrons) / film.electrons
    noise = rng.normal(0, film.read_noise, light.shape)
    # Colour is seen through a mosaic of filters, so its noise is coarser than a pixel.
    noise = 0.5 * noise + 1.2 * ndimage.gaussian_filter(noise, (0.9, 0.9, 0))
    exposed = np.maximum(electrons + noise, 0)
    toned = 1 - np.exp(-1.35 * exposed - 0.5 * exposed**2)
    return np.round(np.clip(to_srgb(toned), 0, 1) * 255).astype(np.uint8)
