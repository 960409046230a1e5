"""Which processor trains, how precisely, and on how many threads.

Each answer is found once and then written into a run's configuration, so that a run can be
repeated number for number.
"""

from __future__ import annotations

import json
import os
import time
from typing import TypeVar

import torch
from torch import nn

from tl_core.errors import ConfigError
from tl_core.home import home, write_atomically
from tl_core.machine import give_back_memory

M = TypeVar("M", bound=nn.Module)

WORTH_IT = 0.9
"""bf16 is chosen where its step takes at most this share of the time of an fp32 step."""


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


def resolve_precision(choice: str, device: str, threads: int) -> str:
    """Return ``fp32`` or ``bf16``; ``auto`` takes what a measured step says, once per machine.

    The measurement is kept in ``TL_HOME/machine.json``, since a second one could differ and runs
    that are compared must not.
    """
    if choice != "auto":
        return choice
    key = f"{device}/{describe_device(device)}/torch {torch.__version__}/{threads} threads"
    path = home() / "machine.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    if key not in known:
        fp32, bf16 = measure_step(device, "fp32"), measure_step(device, "bf16")
        give_back_memory()
        known[key] = {
            "fp32_step_seconds": round(fp32, 5),
            "bf16_step_seconds": round(bf16, 5),
            "precision": "bf16" if bf16 <= WORTH_IT * fp32 else "fp32",
        }
        write_atomically(path, json.dumps(known, indent=2))
    precision: str = known[key]["precision"]
    return precision


def measure_step(device: str, precision: str, repeats: int = 5) -> float:
    """Return the seconds of the fastest of some training steps of a few convolutions."""
    with torch.random.fork_rng():
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128), (128, 256)):
            layers.append(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
            layers.append(nn.Conv2d(outputs, outputs, 3, padding=1))
        model = to_device(nn.Sequential(*layers), device)
    images = torch.zeros(16, 3, 96, 96, device=device).contiguous(memory_format=torch.channels_last)
    fastest = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        with autocast(device, precision):
            loss = model(images).float().square().mean()
        loss.backward()
        loss.item()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


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
