"""Independent random streams from one seed.

Each purpose (batch order, head initialisation, dropout, one picture's augmentation) draws from a
stream of its own, so that changing one never shifts another.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive(seed: int, *key: str | int) -> int:
    """Return a 63-bit seed for the stream named by ``key``; stable across machines and versions."""
    text = "/".join(str(part) for part in (seed, *key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *key: str | int) -> torch.Generator:
    """Return a torch generator at the start of the stream named by ``key``."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *key))
