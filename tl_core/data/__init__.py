"""Photos: where they come from, whether they are sound, and how they are split.

Nothing here loads torch; ``tl_core.data.views`` turns photos into tensors.
"""

from tl_core.data.health import HealthReport, require_usable
from tl_core.data.open import add_archive, open_dataset
from tl_core.data.scan import scan
from tl_core.data.spec import DatasetSpec, Photo, Split
from tl_core.data.splits import make_split
from tl_core.modalities.photo.augment import AUGMENTATIONS, Augmentation
from tl_core.modalities.photo.decode import DECODE_SETTINGS, decode

__all__ = [
    "AUGMENTATIONS",
    "DECODE_SETTINGS",
    "Augmentation",
    "DatasetSpec",
    "HealthReport",
    "Photo",
    "Split",
    "add_archive",
    "decode",
    "make_split",
    "open_dataset",
    "require_usable",
    "scan",
]
