"""Photos as tensors: the one view that is measured, and the many that are trained on.

A photo is decoded once. For measuring it becomes the centre crop that the weights were trained
with; for training it is kept as small as its augmentation allows, and every view is cut from that.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from tl_core.compat import torchvision  # noqa: F401  (its submodules come after it)
from tl_core.modalities.photo.augment import PhotoAugmentation
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.opening import Photo
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing

# isort: split
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

MADE_UP_SIZES = (320, 1280)
"""Longer side in pixels of made-up photos, which are 4 : 3."""


@dataclass(frozen=True)
class PhotoForm:
    """How much of a photo is kept.

    Attributes
    ----------
    shorter
        Pixels of the shorter side; a whole photo that is smaller stays as it is.
    crop
        Side in pixels of the square that is cut from the centre; None keeps the whole photo.
    interpolation
        As in :class:`PhotoPreprocessing`.
    """

    shorter: int
    crop: int | None
    interpolation: str

    @property
    def nbytes(self) -> int:
        """Bytes of a photo; of a whole one, roughly: most are 4 : 3 or 3 : 2."""
        return 5 * self.shorter**2 if self.crop is None else 3 * self.crop**2


def evaluation_form(preprocessing: PhotoPreprocessing) -> PhotoForm:
    """Return the form of the view that is measured: the centre, as torchvision's presets cut it."""
    return PhotoForm(preprocessing.resize, preprocessing.size, preprocessing.interpolation)


def training_form(preprocessing: PhotoPreprocessing, augmentation: PhotoAugmentation) -> PhotoForm:
    """Return the smallest form from which an augmentation can draw its views."""
    if augmentation.smallest_area is None:
        return evaluation_form(preprocessing)
    # The smallest crop then still has as many pixels as the network sees.
    shorter = math.ceil(preprocessing.size / math.sqrt(augmentation.smallest_area))
    return PhotoForm(shorter, None, preprocessing.interpolation)


def to_array(photo: Photo, form: PhotoForm) -> NDArray[np.uint8]:
    """Decode an opened photo.

    Returns
    -------
    NDArray
        (3, H, W), uint8.

    Raises
    ------
    DataError
        If it cannot be decoded.
    """
    image = decode(photo, shorter=form.shorter)
    if form.crop is not None or min(image.size) > form.shorter:
        # With Pillow, antialiased, as torchvision does.
        image = F.resize(
            image, [form.shorter], interpolation=v2.InterpolationMode(form.interpolation)
        )
    if form.crop is not None:
        image = F.center_crop(image, [form.crop, form.crop])
    return np.array(image).transpose(2, 0, 1)


def draw_view(
    array: Tensor, preprocessing: PhotoPreprocessing, augmentation: PhotoAugmentation
) -> Tensor:
    """Draw a view (3, S, S) of a photo in the training form, uint8."""
    view: Tensor = _operations(augmentation, preprocessing)(array)
    return view


@cache
def _operations(augmentation: PhotoAugmentation, preprocessing: PhotoPreprocessing) -> nn.Module:
    """Build the recipe from torchvision's operations."""
    size = preprocessing.size
    steps: list[nn.Module] = []
    if augmentation.smallest_area is not None:
        interpolation = v2.InterpolationMode(preprocessing.interpolation)
        scale = (augmentation.smallest_area, 1.0)
        steps.append(v2.RandomResizedCrop(size, scale, interpolation=interpolation, antialias=True))
    if augmentation.flip:
        steps.append(v2.RandomHorizontalFlip())
    if augmentation.degrees or augmentation.shift:
        steps.append(
            v2.RandomAffine(
                augmentation.degrees,
                (augmentation.shift, augmentation.shift),
                interpolation=v2.InterpolationMode.BILINEAR,
                fill=[round(255 * mean) for mean in preprocessing.mean],
            )
        )
    if colour := augmentation.colour:
        steps.append(v2.ColorJitter(colour, colour, colour))
    return nn.Sequential(*steps)


class PhotoInput(nn.Module):
    """Turns pixels into what a network expects: each channel with its mean and deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessing: PhotoPreprocessing) -> None:
        super().__init__()
        for name in ("mean", "std"):
            values = torch.tensor(getattr(preprocessing, name)).view(1, 3, 1, 1)
            self.register_buffer(name, values, persistent=False)

    def forward(self, batch: Tensor) -> Tensor:
        """Map pixels (B, 3, S, S), uint8, to float32, channels last; the batch stays as it is."""
        pixels = torch.div(batch, 255).sub_(self.mean).div_(self.std)
        return pixels.contiguous(memory_format=torch.channels_last)


def input_layer(preprocessing: PhotoPreprocessing) -> PhotoInput:
    """Return the layer in front of a network that was trained with this preprocessing."""
    return PhotoInput(preprocessing)


def show_view(view: Tensor) -> bytes:
    """Return a view (3, S, S) as a JPEG file."""
    buffer = io.BytesIO()
    F.to_pil_image(view).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def make_up(folder: Path, count: int, size: int) -> list[Path]:
    """Write JPEG files of made-up photos, ``size`` pixels wide and 4 : 3."""
    draw = np.random.default_rng(0)
    files = [folder / f"{size}-{number}.jpg" for number in range(count)]
    for file in files:
        pixels = draw.integers(0, 256, (24, 32, 3), np.uint8)
        photo = Image.fromarray(pixels).resize((size, size * 3 // 4), Image.Resampling.BICUBIC)
        photo.save(file, quality=90)
    return files


def made_up_batch(count: int, preprocessing: PhotoPreprocessing) -> Tensor:
    """Return made-up pixels (N, 3, S, S), uint8."""
    return torch.randint(0, 256, (count, 3, *(preprocessing.size,) * 2), dtype=torch.uint8)
