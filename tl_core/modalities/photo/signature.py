"""What tells that two files show the same photo, though no byte of them is the same.

The shape is a perceptual hash (ImageHash's ``phash``: the signs of the lowest frequencies of a
cosine transform), which a change of format, size or brightness leaves nearly as it is. It knows no
colours, so their coarse distribution stands beside it.
"""

from __future__ import annotations

from PIL import Image

_SIDE = 64
"""Pixels: every picture is hashed at one size, whatever scale it was decoded at."""

_HASH_SIDE = 16
"""Frequencies in either direction: 256 bits."""

_COLOUR_SIDE = 4
"""Fields in either direction of which the colours are kept: 2 x 16 bytes."""

_LEAST_SPREAD = 1.0
"""Standard deviation of the grey values, of 255; below, a hash would be one of noise."""


def signature(image: Image.Image) -> str:
    """Return a photo's signature, as :func:`~tl_core.data.copies.twins.find_twins` compares them.

    Parameters
    ----------
    image
        RGB, upright, with about 64 pixels on its shorter side.

    Returns
    -------
    str
        128 hexadecimal digits, 256 bits of shape and 32 bytes of colour (Cb and Cr of four times
        four fields, 0 to 255). Empty where the picture is constant, or nearly so: there is too
        little to be told apart by. The same pixels always give the same text.
    """
    import imagehash  # 24 MB with the part of scipy that it uses, in the checking process alone
    import numpy as np

    small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    if np.asarray(small.convert("L")).std() < _LEAST_SPREAD:
        return ""
    shape = imagehash.phash(small, hash_size=_HASH_SIDE)
    fields = small.convert("YCbCr").resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BOX)
    return f"{shape}{np.asarray(fields)[..., 1:].tobytes().hex()}"
