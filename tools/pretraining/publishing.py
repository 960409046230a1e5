"""Bundling a finished network, measuring what is shipped, and looking for near-copies."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tl_core.data import open_dataset
from tl_core.modalities.photo.decode import decode
from tools.near_copies import crops, fingerprints, to_tensor
from tools.pretraining.card import Facts, write_card
from tools.pretraining.data import WEIGHTS, load_split, source_worlds
from tools.pretraining.networks import build, load_weights, name_of, top1


def publish(args: argparse.Namespace) -> None:
    """Bundle a finished network: its weights, what was measured, and the card written from it."""
    name = name_of(args)
    file = WEIGHTS / f"{name}.safetensors"
    shutil.copyfile(args.out[-1] / file.name, file)
    facts = {
        **source_facts(args.pack, args.world),
        "val_top1": round(shipped_top1(args), 4),
        "parameters": sum(p.numel() for p in build(args).parameters()) / 1e6,
        "trainings": [_json(folder / f"{name}.options.json") for folder in args.out],
        "history": [e for folder in args.out for e in _json(folder / f"{name}.history.json")],
    }
    file.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    file.with_suffix(".md").write_text(write_card(name, args.network, args.world, facts))
    print(
        f"{name}: {facts['val_top1']:.2%}. Now add its row to tl_core/backbones/catalog.py and run "
        "tools/describe_backbones.py"
    )


def source_facts(pack: Path, world: str | None) -> Facts:
    """Return what the pack, or a world of it, holds: a title, the classes, counts of photos."""
    with np.load(pack) as arrays:
        names = dict(zip(arrays["wnid"].tolist(), arrays["name"].tolist(), strict=True))
    classes = list(source_worlds()[world] if world else names)
    kind = f" of {world}" if world else ""
    return {
        "source_task": f"Tiny ImageNet, {len(classes)} classes{kind}",
        "classes": [names[wnid].split(",")[0] for wnid in classes],
        "train_photos": len(load_split(pack, "train", world)[1]),
        "val_photos": len(load_split(pack, "val", world)[1]),
    }


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


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
    for index, photo in enumerate(dataset.items):
        views = torch.stack([to_tensor(view) for view in crops(decode(dataset.file(index)))])
        views = fingerprints(torch.cat([views, views.flip(3)]))
        likeness, where = (views @ known.T).flatten().max(0)
        if likeness > args.threshold:
            found += 1
            number = int(where) % len(known)
            name = f"train {number}" if number < len(photos) else f"val {number - len(photos)}"
            print(f"{photo.path} is like source photo {name}: {float(likeness):.3f}")
    print(f"{found} of {len(dataset.items)} photos look like copies of one of {len(known)} sources")
    sys.exit(1 if found else 0)
