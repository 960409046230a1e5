"""Augmentations: what a photo may look like when the network sees it again.

A training photo is shown with small, random, harmless changes, so that the network learns what
stays the same. The entries are data; ``tensors`` turns them into operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.modalities.base import Augmentation
from tl_core.registry import Registry


@dataclass(frozen=True)
class PhotoAugmentation(Augmentation):
    """A recipe of random changes to a photo.

    Attributes
    ----------
    smallest_area
        Of the random crop, as a share of the photo's area; None where the view is the centre, as in
        validation.
    flip
        Whether half of the views are mirrored.
    degrees, shift
        Largest rotation, in degrees, and shift, as a share of the side.
    colour
        Largest relative change of brightness, contrast and saturation.
    """

    smallest_area: float | None = None
    flip: bool = False
    degrees: float = 0
    shift: float = 0
    colour: float = 0


AUGMENTATIONS: Registry[PhotoAugmentation] = Registry("augmentation")
"""All augmentations of photos, the gentlest first."""

for _entry in (
    PhotoAugmentation("none", "None", "Every epoch shows the same centre of every photo."),
    PhotoAugmentation(
        "light", "Light", "The centre of the photo, mirrored half of the time.", flip=True
    ),
    PhotoAugmentation(
        "standard",
        "Standard",
        "A random part of the photo, at least a third of its area, mirrored half of the time.",
        smallest_area=0.35,
        flip=True,
    ),
    PhotoAugmentation(
        "strong",
        "Strong",
        "Standard, and also turned a little, shifted and recoloured.",
        smallest_area=0.35,
        flip=True,
        degrees=15,
        shift=0.1,
        colour=0.3,
    ),
    PhotoAugmentation(
        "tutorial",
        "Tutorial",
        "The crop that ImageNet networks are trained with: as little as a twelfth of the photo.",
        smallest_area=0.08,
        flip=True,
    ),
):
    AUGMENTATIONS.register(_entry.name, _entry)
