"""Data sets: where they come from, whether they are sound, and how they are split.

Nothing here loads torch; ``tl_core.data.views`` turns items into tensors.
"""

from tl_core.data.health import HealthReport, require_usable
from tl_core.data.open import add_archive, open_dataset, reopen_dataset
from tl_core.data.scan import scan
from tl_core.data.spec import DatasetSpec, Item, Split
from tl_core.data.splits import make_split

__all__ = [
    "DatasetSpec",
    "HealthReport",
    "Item",
    "Split",
    "add_archive",
    "make_split",
    "open_dataset",
    "reopen_dataset",
    "require_usable",
    "scan",
]
