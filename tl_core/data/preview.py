"""What augmentation makes of one photo, as pictures for people."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from tl_core.backbones.spec import Preprocessing
from tl_core.compat import torchvision  # noqa: F401  (its submodules come after it)
from tl_core.data.views import TrainViews
from tl_core.modalities.photo.augment import Augmentation

# isort: split
from torchvision.transforms.v2 import functional as F

VIEWS = 8
"""Epochs that are shown."""


def augmented_views(
    file: Path, preprocessing: Preprocessing, augmentation: Augmentation, *, seed: int = 0
) -> list[str]:
    """Draw what the first epochs of a training would see of one photo.

    The views come from :class:`~tl_core.data.views.TrainViews`, as in training; that the photo is
    the only one here makes the draws others than those of a run.

    Returns
    -------
    list of str
        :data:`VIEWS` square JPEG files, one for each epoch, in base64.

    Raises
    ------
    DataError
        If the file is not a readable photo.
    """
    views = TrainViews([file], preprocessing, augmentation, seed)
    drawn = [views.batch([0], epoch)[0] for epoch in range(1, VIEWS + 1)]
    return [_jpeg(F.to_pil_image(view)) for view in drawn]


def _jpeg(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
