"""Bundling a finished network, measuring what is shipped, and looking for near-copies."""

from __future__ import annotations

import argparse
import json
import shutil
import sys

import torch

from tl_core.data import decode, open_dataset
from tools.near_copies import crops, fingerprints, to_tensor
from tools.pretraining.data import WEIGHTS, load_split
from tools.pretraining.networks import build, load_weights, name_of, top1


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
