"""How precisely a network trains: fp32, or bf16 where that is measurably faster.

The answer is found once a machine and network and then kept, since a second measurement could
differ and runs that are compared must not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from tl_core.backbones.build import build_backbone
from tl_core.backbones.spec import backbones
from tl_core.codec import PlainDataError, from_plain
from tl_core.device import autocast, describe_device, to_device
from tl_core.home import home, write_atomically
from tl_core.machine import give_back_memory
from tl_core.reading import MB, Unreadable, read_json

Network = tuple[str, int]
"""Name of a backbone, and the input size that it trains with."""

WORTH_IT = 0.9
"""bf16 is chosen where its step takes at most this share of the time of an fp32 step."""

WORK = 8e9
"""Multiply-adds of a batch forward; large networks are measured with smaller ones."""

LARGEST, SMALLEST = 16, 2
"""Items of the batch that a step is measured with."""

REPEATS, PATIENCE = 5, 2.0
"""Steps that are measured at most, and seconds after which there is no further one."""


def resolve_precision(choice: str, device: str, threads: int, networks: Iterable[Network]) -> str:
    """Return ``fp32`` or ``bf16``.

    Parameters
    ----------
    choice
        ``fp32``, ``bf16``, or ``auto`` for what a measured step says.
    device, threads
        Where it trains.
    networks
        Those of all runs that are compared: they train in one precision, in bf16 only where every
        one of them gains.
    """
    if choice != "auto":
        return choice
    gains = [_gains(device, threads, *network) for network in sorted(set(networks))]
    return "bf16" if all(gains) else "fp32"


def _gains(device: str, threads: int, backbone: str, input_size: int) -> bool:
    """Tell whether a network trains faster in bf16; measured once, kept in ``machine.json``."""
    where = f"{device}/{describe_device(device)}/torch {torch.__version__}/{threads} threads"
    key = f"{where}/{backbone} at {input_size}"
    path = home() / "machine.json"
    known = _known(path)
    if known.get(key, {}).get("precision") not in ("fp32", "bf16"):
        seconds = measure_step(device, backbone, input_size)
        give_back_memory()
        gains = seconds["bf16"] <= WORTH_IT * seconds["fp32"]
        known[key] = {
            **{f"{name}_step_seconds": round(value, 5) for name, value in seconds.items()},
            "precision": "bf16" if gains else "fp32",
        }
        write_atomically(path, json.dumps(known, indent=2))
    return bool(known[key]["precision"] == "bf16")


def _known(path: Path) -> dict[str, dict[str, Any]]:
    """Return what was measured; a damaged file is as good as none, and is written anew."""
    try:
        return from_plain(dict[str, dict[str, Any]], read_json(path, MB))
    except (Unreadable, PlainDataError):
        return {}


def measure_step(device: str, backbone: str, input_size: int) -> dict[str, float]:
    """Return for each precision the seconds of the fastest of some steps in which all learns."""
    spec = backbones().get(backbone)
    work = sum(spec.multiply_adds(stage, input_size) for stage in spec.stages)
    items = int(min(LARGEST, max(SMALLEST, WORK // max(1, work))))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = to_device(
            build_backbone(backbone, pretrained=False, input_size=input_size), device
        )
        preprocessing = spec.preprocessing.at(input_size)
        batch = spec.kind.load_tensors().made_up_batch(items, preprocessing).to(device)
        fastest = dict.fromkeys(("fp32", "bf16"), float("inf"))
        began = time.perf_counter()
        for repeat in range(REPEATS):
            if repeat > 1 and time.perf_counter() - began > PATIENCE:
                break
            for precision in fastest:
                start = time.perf_counter()
                with autocast(device, precision):
                    loss = network(batch).float().square().mean()
                loss.backward()
                loss.item()
                fastest[precision] = min(fastest[precision], time.perf_counter() - start)
    return fastest
