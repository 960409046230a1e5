r"""Pretrain the bundled backbones on the Tiny ImageNet pack.

    python tools/pretrain.py train resnet_mini --pack tiny_imagenet_200.npz --out work/
    python tools/pretrain.py train resnet_mini --pack tiny_imagenet_200.npz --out polish/ \
        --init work/resnet_mini.safetensors --epochs 5 --small-epochs 0 --lr 0.03 \
        --smallest-area 0.7
    python tools/pretrain.py publish resnet_mini --pack tiny_imagenet_200.npz --out work/ polish/
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
import shutil
import sys
import time
from pathlib import Path

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
from tl_core.data import decode, open_dataset  # noqa: E402
from tools.near_copies import crops, fingerprints, to_tensor  # noqa: E402

MEAN = (0.481, 0.449, 0.398)
STD = (0.275, 0.268, 0.280)
"""Of the pack's training photos, measured over all pixels."""
SIDE, SMALL = 64, 48
"""Sides in pixels of the photos, and of what the network sees in the first epochs."""
WEIGHTS = ROOT / "assets" / "weights"
PARTS = ("model", "average", "optimizer", "schedule")
"""What a checkpoint holds besides the history."""

Tensors = tuple[torch.Tensor, torch.Tensor]


def main() -> None:
    """Read the command line and run one of the sub-commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    train_parser = commands.add_parser("train", help="pretrain one backbone")
    train_parser.add_argument("--out", type=Path, required=True, help="checkpoint and history")
    train_parser.add_argument("--epochs", type=int, default=26)
    train_parser.add_argument("--small-epochs", type=int, default=12, help="first ones at 48 px")
    train_parser.add_argument("--batch-size", type=int, default=128)
    train_parser.add_argument("--lr", type=float, default=0.15)
    train_parser.add_argument("--weight-decay", type=float, default=5e-4)
    train_parser.add_argument("--smallest-area", type=float, default=0.35, help="of a crop")
    train_parser.add_argument("--init", type=Path, help="weights to start from, to polish them")
    train_parser.add_argument("--seed", type=int, default=0)
    train_parser.set_defaults(run=train)
    evaluate_parser = commands.add_parser("evaluate", help="top-1 of the shipped file")
    evaluate_parser.set_defaults(run=evaluate)
    publish_parser = commands.add_parser("publish", help="bundle a finished network")
    publish_parser.add_argument(
        "--out", type=Path, nargs="+", required=True, help="folders of its trainings, in order"
    )
    publish_parser.set_defaults(run=publish)
    overlap_parser = commands.add_parser("overlap", help="near-copies between pack and a data set")
    overlap_parser.add_argument("data", type=Path, help="a folder of photos")
    overlap_parser.add_argument("--threshold", type=float, default=0.95)
    overlap_parser.set_defaults(run=overlap)
    for sub in (train_parser, evaluate_parser, publish_parser):
        sub.add_argument("network", help="a function of tl_core.backbones.mini")
        sub.add_argument("--world", choices=source_worlds(), help="see it alone; default: all")
    for sub in (train_parser, evaluate_parser, publish_parser, overlap_parser):
        sub.add_argument("--pack", type=Path, required=True)
    args = parser.parse_args()
    args.run(args)


# ---------------------------------------------------------------------------------------- data


def source_worlds() -> dict[str, dict[str, int]]:
    """Return, for each world, its classes and how many training photos each of them gives."""
    worlds: dict[str, dict[str, int]] = json.loads((WEIGHTS / "source_worlds.json").read_text())
    return worlds


def load_split(pack: Path, split: str, world: str | None = None) -> Tensors:
    """Decode one split, or a world of it, into uint8 photos (N, 3, 64, 64) and labels."""
    with np.load(pack) as arrays:
        wnids, labels = arrays["wnid"].tolist(), arrays[f"{split}_label"].astype(np.int64)
        data, offset = arrays[f"{split}_bytes"], arrays[f"{split}_offset"]
    chosen = np.arange(len(labels))
    if world:
        classes = source_worlds()[world]
        limits = classes.values() if split == "train" else [None] * len(classes)
        of_class = [np.flatnonzero(labels == wnids.index(wnid)) for wnid in classes]
        of_class = [found[:limit] for found, limit in zip(of_class, limits, strict=True)]
        chosen = np.concatenate(of_class)
        labels = np.repeat(np.arange(len(classes)), [len(found) for found in of_class])
    pixels = np.empty((len(labels), SIDE, SIDE, 3), np.uint8)
    for row, i in enumerate(chosen):
        blob = io.BytesIO(data[offset[i] : offset[i + 1]].tobytes())
        pixels[row] = np.asarray(Image.open(blob).convert("RGB"))
    return torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.from_numpy(labels)


def normalise(photos: torch.Tensor) -> torch.Tensor:
    """Scale uint8 photos to zero mean and unit variance, channels last."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD).view(1, 3, 1, 1) * 255
    return ((photos.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(images: torch.Tensor, rng: torch.Generator, size: int, smallest: float) -> torch.Tensor:
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


def name_of(args: argparse.Namespace) -> str:
    """Return the name of the backbone: the network, and its world if it has seen but one."""
    return f"{args.network}_{args.world}" if args.world else args.network


def build(args: argparse.Namespace) -> nn.Module:
    """Build the network with random weights and a head for the classes of its world."""
    make = getattr(mini, args.network)
    model: nn.Module = make(len(source_worlds()[args.world])) if args.world else make()
    return model


class Training:
    """SGD with a one-cycle schedule over a network, and an exponential average of its weights.

    Parameters
    ----------
    args
        Of the sub-command ``train``.
    steps
        Optimiser steps in an epoch.
    """

    def __init__(self, args: argparse.Namespace, steps: int) -> None:
        self.args = args
        self.model = build(args).to(memory_format=torch.channels_last)
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
        self.optimizer = torch.optim.SGD(groups, lr=args.lr, momentum=0.9, nesterov=True)
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
            with torch.autocast("cpu", torch.bfloat16):
                scores = self.model(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(scores.float(), labels[batch], label_smoothing=0.1)
            self.optimizer.zero_grad()
            loss.backward()
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


def publish(args: argparse.Namespace) -> None:
    """Bundle a finished network: its weights, and beside them its measured accuracy and history."""
    name = name_of(args)
    file = f"{name}.safetensors"
    shutil.copyfile(args.out[-1] / file, WEIGHTS / file)
    histories = [json.loads((f / f"{name}.history.json").read_text()) for f in args.out]
    history = [epoch for part in histories for epoch in part]
    facts = {"val_top1": round(shipped_top1(args), 4), "history": history}
    (WEIGHTS / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{name}: {facts['val_top1']:.2%}; now run tools/describe_backbones.py")


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


def shipped_top1(args: argparse.Namespace) -> float:
    """Return the top-1 accuracy of the shipped fp16 file on the pack's validation photos."""
    model = build(args)
    load_weights(model, WEIGHTS / f"{name_of(args)}.safetensors")
    return top1(model, *load_split(args.pack, "val", args.world))


def evaluate(args: argparse.Namespace) -> None:
    """Print the top-1 accuracy of the shipped file."""
    print(f"{name_of(args)}: top-1 {shipped_top1(args):.4f} on the pack's validation photos")


def overlap(args: argparse.Namespace) -> None:
    """List photos of a data set that look like near-copies of source photos; fail if there are any.

    Each photo is looked at whole and through five square crops, both ways round, at 16 x 16; two
    photos with a correlation above the threshold are taken for copies.
    """
    photos, _ = load_split(args.pack, "train")
    source = torch.cat([photos, load_split(args.pack, "val")[0]])
    known = torch.cat([fingerprints(part) for part in source.split(4096)])
    dataset, _ = open_dataset(args.data)
    found = 0
    for index, photo in enumerate(dataset.photos):
        views = torch.stack([to_tensor(view) for view in crops(decode(dataset.file(index)))])
        views = fingerprints(torch.cat([views, views.flip(3)]))
        likeness, where = (views @ known.T).flatten().max(0)
        if likeness > args.threshold:
            found += 1
            number = int(where) % len(known)
            name = f"train {number}" if number < len(photos) else f"val {number - len(photos)}"
            print(f"{photo.path} is like source photo {name}: {float(likeness):.3f}")
    print(
        f"{found} of {len(dataset.photos)} photos look like copies of one of {len(known)} sources"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
