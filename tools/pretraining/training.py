"""The training itself: one-cycle, augmented, averaged, resumed after each epoch."""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tl_core.device import autocast, to_device
from tools.pretraining.data import SIDE, SMALL, augment, load_split, normalise
from tools.pretraining.networks import build, export, load_weights, name_of, top1

PARTS = ("model", "average", "optimizer", "schedule")
"""What a checkpoint holds besides the history."""

OPTIONS = (
    "epochs", "small_epochs", "batch_size", "optimizer", "lr", "weight_decay", "clip",
    "smallest_area", "init", "seed",
)  # fmt: skip
"""What decides the outcome, besides network, world and pack."""

OPTIMIZERS = {
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    "adamw": torch.optim.AdamW,
}


class Training:
    """A network on a one-cycle schedule, and an exponential average of its weights.

    Parameters
    ----------
    args
        Of the sub-command ``train``.
    steps
        Optimiser steps in an epoch.
    """

    def __init__(self, args: argparse.Namespace, steps: int) -> None:
        self.args = args
        self.model = to_device(build(args), "cpu")
        if args.init:
            load_weights(self.model, args.init)
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True
        )
        # Weight decay for kernels and matrices, none for norms and biases.
        groups = [
            {
                "params": [p for p in self.model.parameters() if (p.ndim > 1) == decays],
                "weight_decay": args.weight_decay * decays,
            }
            for decays in (True, False)
        ]
        self.optimizer = OPTIMIZERS[args.optimizer](groups, lr=args.lr)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            args.lr,
            total_steps=args.epochs * steps,
            pct_start=0.2,
            cycle_momentum=False,
        )
        self.history: list[dict[str, float]] = []

    def epoch(self, photos: torch.Tensor, labels: torch.Tensor) -> float:
        """Train one epoch on uint8 photos (N, 3, 64, 64) and return the mean loss."""
        number, size = len(self.history), self.args.batch_size
        rng = torch.Generator().manual_seed(self.args.seed * 1000 + number)
        order = torch.randperm(len(photos), generator=rng)
        batches = order[: len(order) // size * size].view(-1, size)
        side = SMALL if number < self.args.small_epochs else SIDE
        self.model.train()
        total = 0.0
        for batch in batches:
            images = augment(normalise(photos[batch]), rng, side, self.args.smallest_area)
            # Attention in one piece has a slow gradient on a processor.
            with autocast("cpu", "bf16"), sdpa_kernel(SDPBackend.MATH):
                scores = self.model(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(scores.float(), labels[batch], label_smoothing=0.1)
            self.optimizer.zero_grad()
            loss.backward()
            if self.args.clip:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.args.clip)
            self.optimizer.step()
            self.schedule.step()
            self.average.update_parameters(self.model)
            total += loss.item()
        return total / len(batches)

    def save(self, path: Path) -> None:
        """Write all that a restart needs, whole or not at all."""
        parts = {name: getattr(self, name).state_dict() for name in PARTS}
        torch.save({**parts, "history": self.history}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def resume(self, path: Path) -> None:
        """Go on where :meth:`save` was called."""
        saved = torch.load(path, weights_only=True)
        self.history = saved["history"]
        for name in PARTS:
            getattr(self, name).load_state_dict(saved[name])


def train(args: argparse.Namespace) -> None:
    """Pretrain a network; after each epoch write its weights, its history and a checkpoint."""
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    name = name_of(args)
    options = {key: value for key, value in vars(args).items() if key in OPTIONS}
    # Of a file its name alone: these options are published, and folders differ among machines.
    text = json.dumps(options, default=lambda path: path.name)
    (args.out / f"{name}.options.json").write_text(text + "\n")
    checkpoint = args.out / f"{name}.checkpoint.pt"
    photos, labels = load_split(args.pack, "train", args.world)
    val = load_split(args.pack, "val", args.world)
    training = Training(args, steps=len(photos) // args.batch_size)
    if checkpoint.exists():
        training.resume(checkpoint)
    while len(training.history) < args.epochs:
        start = time.perf_counter()
        loss = training.epoch(photos, labels)
        training.history.append(
            {
                "epoch": len(training.history) + 1,
                "train_loss": round(loss, 4),
                "val_top1": round(top1(training.average.module, *val), 4),
                "seconds": round(time.perf_counter() - start, 1),
            }
        )
        print(json.dumps(training.history[-1]), flush=True)
        training.save(checkpoint)
        export(training.average.module, args.out / f"{name}.safetensors")
        history = json.dumps(training.history, indent=1) + "\n"
        (args.out / f"{name}.history.json").write_text(history)
