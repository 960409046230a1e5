"""Which processor trains, and how tensors and modules get there."""

from __future__ import annotations

import os
from typing import TypeVar

import torch
from torch import nn

from tl_core.errors import ConfigError

M = TypeVar("M", bound=nn.Module)


def resolve_device(choice: str) -> str:
    """Return ``cuda``, ``mps`` or ``cpu`` for ``auto``, else the choice if this machine has it.

    Raises
    ------
    ConfigError
        If the chosen device is not there.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if choice == "auto":
        return next(name for name, there in present.items() if there)
    if not present[choice]:
        there = ", ".join(name for name, ok in present.items() if ok)
        raise ConfigError(f"This machine has no device {choice!r} for torch. It has: {there}.")
    return choice


def describe_device(device: str) -> str:
    """Return the device's name for people."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return {"mps": "Apple GPU", "cpu": f"CPU, {os.cpu_count()} cores"}[device]


class _StridedDepthwise(nn.Conv2d):
    """A depthwise convolution with stride, in fp32 whatever autocast says.

    On a processor its bf16 gradient takes 16 times as long as the fp32 one (torch 2.13, AVX-512).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def to_device(module: M, device: str) -> M:
    """Move a module to a device, its kernels laid out channels last (faster convolutions)."""
    module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device == "cpu":
        for part in module.modules():
            if type(part) is nn.Conv2d and part.groups > 1 and part.stride[0] > 1:
                part.__class__ = _StridedDepthwise  # its parameters and their names stay
    return module


def autocast(device: str, precision: str) -> torch.autocast:
    """Return the context in which a forward pass of that precision runs."""
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")


def synchronize(device: str) -> None:
    """Wait until a device has done what it was given; the processor always has."""
    if device != "cpu":
        torch.accelerator.synchronize()


def send(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Bring a tensor of the processor to a device, without waiting for it where that is possible.

    CUDA copies on its own from memory that cannot be swapped out.
    """
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
