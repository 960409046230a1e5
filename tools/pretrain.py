"""Pretrain the bundled backbones on the Tiny ImageNet pack.

    python tools/pretrain.py train resnet_mini --pack tiny_imagenet_200.npz --out work/
    python tools/pretrain.py evaluate resnet_mini --pack tiny_imagenet_200.npz
    python tools/pretrain.py overlap DATA --pack tiny_imagenet_200.npz

The pack is an npz with, for each split s of (train, val), ``s_bytes`` (all encoded photos end to
end), ``s_offset`` (n + 1 positions) and ``s_label``, besides ``wnid`` and ``name`` of each class.
Training resumes from the last epoch when it is started again with the same folder.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tl_core.backbones import mini  # noqa: E402

MEAN = (0.481, 0.449, 0.398)
STD = (0.275, 0.268, 0.280)
"""Of the pack's training photos, measured over all pixels."""

Tensors = tuple[torch.Tensor, torch.Tensor]


def main() -> None:
    """Read the command line and run one of the sub-commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    train_parser = commands.add_parser("train", help="pretrain one backbone")
    train_parser.add_argument("name")
    train_parser.add_argument("--out", type=Path, required=True, help="checkpoint and history")
    train_parser.add_argument("--epochs", type=int, default=26)
    train_parser.add_argument("--small-epochs", type=int, default=12, help="first ones at 48 px")
    train_parser.add_argument("--batch-size", type=int, default=128)
    train_parser.add_argument("--lr", type=float, default=0.15)
    train_parser.add_argument("--weight-decay", type=float, default=5e-4)
    train_parser.add_argument("--seed", type=int, default=0)
    train_parser.set_defaults(run=train)
    evaluate_parser = commands.add_parser("evaluate", help="top-1 of the shipped file")
    evaluate_parser.add_argument("name")
    evaluate_parser.set_defaults(run=evaluate)
    overlap_parser = commands.add_parser("overlap", help="near-copies between pack and a data set")
    overlap_parser.add_argument("data", type=Path, help="a folder of photos")
    overlap_parser.add_argument("--threshold", type=float, default=0.95)
    overlap_parser.set_defaults(run=overlap)
    for sub in (train_parser, evaluate_parser, overlap_parser):
        sub.add_argument("--pack", type=Path, required=True)
    args = parser.parse_args()
    args.run(args)


# ---------------------------------------------------------------------------------------- data


def load_split(pack: Path, split: str, size: int = 64) -> Tensors:
    """Decode one split into uint8 photos (N, 3, size, size) and labels."""
    with np.load(pack) as arrays:
        labels = torch.from_numpy(arrays[f"{split}_label"].astype(np.int64))
        data, offset = arrays[f"{split}_bytes"], arrays[f"{split}_offset"]
    pixels = np.empty((len(labels), size, size, 3), np.uint8)
    for i in range(len(labels)):
        blob = io.BytesIO(data[offset[i] : offset[i + 1]].tobytes())
        pixels[i] = np.asarray(Image.open(blob).convert("RGB"))
    return torch.from_numpy(pixels).permute(0, 3, 1, 2), labels


def normalise(photos: torch.Tensor) -> torch.Tensor:
    """Scale uint8 photos to zero mean and unit variance, channels last."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD).view(1, 3, 1, 1) * 255
    return ((photos.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(
    images: torch.Tensor, rng: torch.Generator, size: int, smallest: float = 0.35
) -> torch.Tensor:
    """Random resized crop to ``size`` and flip, drawn for each picture, as one resampling."""
    n = len(images)
    area = torch.rand(n, generator=rng) * (1 - smallest) + smallest
    log_ratio = (torch.rand(n, generator=rng) * 2 - 1) * math.log(4 / 3)
    width = (area * log_ratio.exp()).sqrt().clamp(max=1)
    height = (area / log_ratio.exp()).sqrt().clamp(max=1)
    x = (torch.rand(n, generator=rng) * 2 - 1) * (1 - width)
    y = (torch.rand(n, generator=rng) * 2 - 1) * (1 - height)
    flip = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 2] = width * flip, x
    theta[:, 1, 1], theta[:, 1, 2] = height, y
    grid = F.affine_grid(theta, [n, 3, size, size], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


# ------------------------------------------------------------------------------------ training


def train(args: argparse.Namespace) -> None:
    """Train with SGD and a one-cycle schedule; keep an exponential average of the weights."""
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out / f"{args.name}.checkpoint.pt"
    photos, labels = load_split(args.pack, "train")
    val = load_split(args.pack, "val")
    model = getattr(mini, args.name)().to(memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)
    optimizer = torch.optim.SGD(
        _parameter_groups(model, args.weight_decay), lr=args.lr, momentum=0.9, nesterov=True
    )
    steps = len(photos) // args.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.lr, total_steps=args.epochs * steps, pct_start=0.2, cycle_momentum=False
    )
    parts: dict[str, Any] = {
        "model": model, "average": average, "optimizer": optimizer, "schedule": schedule
    }  # fmt: skip
    history: list[dict[str, float]] = []
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        history = saved.pop("history")
        for name, state in saved.items():
            parts[name].load_state_dict(state)
    for epoch in range(len(history), args.epochs):
        start = time.perf_counter()
        loss = _train_epoch(model, average, optimizer, schedule, photos, labels, epoch, args)
        history.append(
            {
                "epoch": epoch + 1,
                "train_loss": round(loss, 4),
                "val_top1": round(top1(average.module, *val), 4),
                "seconds": round(time.perf_counter() - start, 1),
            }
        )
        print(json.dumps(history[-1]), flush=True)
        states = {name: part.state_dict() for name, part in parts.items()}
        torch.save({**states, "history": history}, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)
        _export(average.module, args.out / f"{args.name}.safetensors")
        (args.out / f"{args.name}.history.json").write_text(json.dumps(history, indent=1) + "\n")


def _train_epoch(
    model: nn.Module,
    average: AveragedModel,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    photos: torch.Tensor,
    labels: torch.Tensor,
    epoch: int,
    args: argparse.Namespace,
) -> float:
    rng = torch.Generator().manual_seed(args.seed * 1000 + epoch)
    order = torch.randperm(len(photos), generator=rng)
    order = order[: len(order) // args.batch_size * args.batch_size].view(-1, args.batch_size)
    size = 48 if epoch < args.small_epochs else 64
    model.train()
    total = 0.0
    for batch in order:
        images = augment(normalise(photos[batch]), rng, size)
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(images.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(scores.float(), labels[batch], label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        total += loss.item()
    return total / len(order)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for weight matrices and kernels, none for norms and biases."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]


def _export(model: nn.Module, path: Path) -> None:
    """Write the weights as fp16, leaving out the counters that only training needs."""
    state = {
        key: value.half().contiguous()
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    save_file(state, path)


# ---------------------------------------------------------------------------------- evaluation


@torch.inference_mode()
def top1(model: nn.Module, photos: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of photos whose highest score is the right class, in fp32, at 64 px, no crop."""
    model.eval()
    hits = 0
    for start in range(0, len(photos), 500):
        scores = model(normalise(photos[start : start + 500]))
        hits += int((scores.argmax(1) == labels[start : start + 500]).sum())
    return hits / len(labels)


def evaluate(args: argparse.Namespace) -> None:
    """Print the top-1 accuracy of the shipped fp16 file on the pack's validation photos."""
    model = getattr(mini, args.name)()
    weights = load_file(ROOT / "assets" / "weights" / f"{args.name}.safetensors")
    missing, unexpected = model.load_state_dict(
        {key: value.float() for key, value in weights.items()}, strict=False
    )
    assert not unexpected and all(key.endswith("num_batches_tracked") for key in missing)
    photos, labels = load_split(args.pack, "val")
    print(f"{args.name}: top-1 {top1(model, photos, labels):.4f} on {len(labels)} photos")


def overlap(args: argparse.Namespace) -> None:
    """List photos of a data set that look like near-copies of source photos."""


if __name__ == "__main__":
    main()
