"""How a photo becomes input, as the weights were trained with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoPreprocessing:
    """What weights expect of a photo.

    Attributes
    ----------
    resize
        Length in pixels that the shorter side is resized to.
    size
        Side in pixels of the square that is cropped from the centre.
    interpolation
        ``bilinear`` or ``bicubic``.
    mean, std
        Of each colour channel, for pixel values from 0 to 1.
    """

    resize: int
    size: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def at(self, size: int) -> PhotoPreprocessing:
        """Return the same preprocessing for another size, keeping the share cropped away."""
        resize = round(self.resize * size / self.size)
        return PhotoPreprocessing(resize, size, self.interpolation, self.mean, self.std)
