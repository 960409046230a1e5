"""Pictures with more than 8 bits a value, and how they become grey levels.

Cameras and scanners store 10 or 12 bits in files of 16. What is white in them no file says, but the
brightest value of a whole set does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from tl_core.modalities.photo.settings import white_above

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BAND = 256
"""Rows of a large picture that are converted at once."""


def is_deep(image: Image.Image) -> bool:
    """Tell whether a picture has one channel of 16 bits."""
    return image.mode.startswith("I;16") or _is_deep_pgm(image)


def deep(image: Image.Image) -> Image.Image:
    """Return a picture for which :func:`is_deep` holds in the mode ``I;16``."""
    if image.mode == "I;16":
        return image
    if _is_deep_pgm(image):  # Pillow tells of 32 bits, where a PGM file has at most 16
        return image.convert("I;16")
    import numpy as np

    return Image.fromarray(np.asarray(image).astype(np.uint16))


def _is_deep_pgm(image: Image.Image) -> bool:
    return image.format == "PPM" and image.mode == "I"


def grey(image: Image.Image, white: int | None = None) -> Image.Image:
    """Return a picture of one channel with more than 8 bits in grey levels from 0 to 255.

    Parameters
    ----------
    image
        In one of the modes ``I;16``, ``I`` and ``F``.
    white
        Of a 16-bit picture: the value that becomes 255, as all above it do; None takes what its own
        brightest value suggests. Other pictures are stretched from their smallest to their largest
        value, since in them no value is white as such.
    """
    import numpy as np  # here: those who only list networks load it not

    values = np.asarray(image)
    bands = [values[top : top + _BAND] for top in range(0, len(values), _BAND)]
    if image.mode == "I;16":
        low, high = 0.0, float(white or white_above(int(values.max())))
    else:
        low = min(float(_finite(band).min()) for band in bands)
        high = max(float(_finite(band).max()) for band in bands)
    factor = 255 / max(high - low, 1e-12)
    return Image.fromarray(np.concatenate([_levels(band, low, factor) for band in bands]))


def value_counts(image: Image.Image) -> NDArray[np.int64]:
    """Return how often each value occurs in a picture of 16 bits, as 65536 numbers."""
    import numpy as np

    counts, values = np.zeros(2**16, np.int64), np.asarray(image)
    for top in range(0, len(values), _BAND):  # numpy would make a copy in 64 bits of the whole
        counts += np.bincount(values[top : top + _BAND].ravel(), minlength=2**16)
    return counts


def _levels(band: NDArray[Any], low: float, factor: float) -> NDArray[np.uint8]:
    import numpy as np

    return ((_finite(band) - low) * factor).round().clip(0, 255).astype(np.uint8)


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    import numpy as np

    return np.nan_to_num(values.astype(np.float32))
