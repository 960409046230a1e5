"""What augmentation makes of one item, as pictures for people."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tl_core.data.views import Items, TrainingViews
from tl_core.modalities import Modality
from tl_core.modalities.base import Preprocessing

VIEWS = 8
"""Epochs that are shown."""


def augmented_views(
    kind: Modality, file: Path, preprocessing: Preprocessing, augmentation: Any, *, seed: int = 0
) -> list[str]:
    """Draw what the first epochs of a training would see of one item.

    The views come from :class:`~tl_core.data.views.TrainingViews`, as in training; that the item is
    the only one here makes the draws others than those of a run.

    Returns
    -------
    list of str
        :data:`VIEWS` pictures, one for each epoch, in base64.

    Raises
    ------
    DataError
        If the file is no readable item.
    """
    views = TrainingViews(Items(kind, [file]), preprocessing, augmentation, seed)
    drawn = [views.batch([0], epoch)[0] for epoch in range(1, VIEWS + 1)]
    show = kind.load_tensors().show_view
    return [base64.b64encode(show(view)).decode("ascii") for view in drawn]
