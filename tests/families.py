"""One network of each family, small ones where there are several: they are built the same way."""

from __future__ import annotations

import pytest

ONE_OF_EACH_FAMILY = [
    "resnet_mini", "vgg_mini", "mobilenet_mini", "mobilenet_v3_small", "efficientnet_b0",
    "convnext_tiny", "densenet121", "vit_mini", "swin_t",
    pytest.param("efficientnet_v2_s", marks=pytest.mark.slow),
]  # fmt: skip


def small(name: str) -> int:
    """Return a side in pixels that still leaves something for a network's last stage."""
    return 64 if name in ("convnext_tiny", "swin_t") else 32
