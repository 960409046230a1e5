"""Photos that were decoded to check them, kept small until training reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tl_core.backbones.spec import Preprocessing
from tl_core.compat import torchvision  # noqa: F401  (its submodules come after it)
from tl_core.modalities.photo.decode import decode

# isort: split
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

ROOM = 64 * 2**20
"""Bytes of pixels that one look keeps; photos beyond it are decoded again."""

ReadSmall = Callable[[Path, int], Image.Image]
"""Returns a photo for a use that resizes its shorter side to so many pixels."""


def read_small(file: Path, shorter: int) -> Image.Image:
    """Decode a photo, as small as a use allows that resizes its shorter side to ``shorter``."""
    return decode(file, shorter=shorter)


def resize_shorter(image: Image.Image, shorter: int, preprocessing: Preprocessing) -> Image.Image:
    """Resize with Pillow, antialiased, as torchvision does."""
    interpolation = v2.InterpolationMode(preprocessing.interpolation)
    resized: Image.Image = F.resize(image, [shorter], interpolation=interpolation)
    return resized


class DecodeOnce:
    """Check photos by decoding them, and hand them on to training: each is decoded once.

    Parameters
    ----------
    shorter
        Side in pixels to which the shorter one will be resized.
    preprocessing
        Says how.
    room
        Bytes that may be kept.
    """

    def __init__(self, shorter: int, preprocessing: Preprocessing, room: int = ROOM) -> None:
        self.shorter, self.preprocessing = shorter, preprocessing
        self._room = room
        self._lock = threading.Lock()
        self._kept: dict[Path, Image.Image] = {}

    def __call__(self, file: Path, photo: Image.Image) -> None:
        """Decode an opened photo that nobody has checked yet.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        image = decode(photo, shorter=self.shorter)
        size = _bytes(image, self.shorter)
        with self._lock:
            if size > self._room:
                return
            self._room -= size
        if min(image.size) > self.shorter:
            image = resize_shorter(image, self.shorter, self.preprocessing)
        self._kept[file] = image

    def read(self, file: Path, shorter: int) -> Image.Image:
        """Return a photo as :func:`read_small` does, give or take a resizing; it is then let go."""
        kept = self._kept.pop(file, None)
        return kept if kept and shorter == self.shorter else read_small(file, shorter)


def _bytes(image: Image.Image, shorter: int) -> int:
    """Return the size of a photo's pixels once its shorter side has at most ``shorter``."""
    scale = min(1.0, shorter / min(image.size))
    return round(3 * image.width * scale * image.height * scale)
