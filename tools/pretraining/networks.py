"""Networks by name, their weights as files, and how often they are right."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tl_core.backbones import mini
from tools.pretraining.data import normalise, source_worlds


def name_of(args: argparse.Namespace) -> str:
    """Return the name of the backbone: the network, and its world if it has seen but one."""
    return f"{args.network}_{args.world}" if args.world else args.network


def build(args: argparse.Namespace) -> nn.Module:
    """Build the network with random weights and a head for the classes of its world."""
    make = getattr(mini, args.network)
    model: nn.Module = make(len(source_worlds()[args.world])) if args.world else make()
    return model


def export(model: nn.Module, path: Path) -> None:
    """Write the weights as fp16, leaving out the counters that only training needs."""
    state = {
        key: value.half().contiguous()
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    save_file(state, path)


def load_weights(model: nn.Module, path: Path) -> None:
    """Read what :func:`export` wrote."""
    weights = {key: value.float() for key, value in load_file(path).items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and all(key.endswith("num_batches_tracked") for key in missing)


@torch.inference_mode()
def top1(model: nn.Module, photos: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of photos whose highest score is the right class, in fp32, at 64 px, no crop."""
    model.eval()
    hits = 0
    for start in range(0, len(photos), 500):
        scores = model(normalise(photos[start : start + 500]))
        hits += int((scores.argmax(1) == labels[start : start + 500]).sum())
    return hits / len(labels)
