"""Options of ``train`` and ``compare``: what a person may choose about a run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tl_core.freezing import BATCH_NORM_POLICIES
from tl_core.heads import HEADS
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.strategies import STRATEGIES
from tl_core.training import config as options

CHOICES: dict[str, tuple[type, str, str]] = {
    "backbone": (str, "NAME", "see 'backbones'"),
    "weights": (str, "pretrained|none", "start from pretrained or random weights"),
    "epochs": (int, "N", "total over the strategy's phases"),
    "batch_size": (int, "N", ""),
    "lr": (float, "X", "peak learning rate of the head"),
    "weight_decay": (float, "X", ""),
    "label_smoothing": (float, "X", ""),
    "early_stopping": (int, "N", "epochs without a lower validation loss; 0 never stops early"),
    "input_size": (int, "N", "side of the network's input in pixels"),
    "augment": (str, "|".join(AUGMENTATIONS.names()), ""),
    "augment_views": (int, "N", "views of a photo that are kept; 0 decides by epochs and photos"),
    "head": (str, "|".join(HEADS.names()), ""),
    "batch_norm": (str, "|".join(BATCH_NORM_POLICIES), ""),
    "optimizer": (str, "|".join(options.OPTIMIZERS), ""),
    "schedule": (str, "|".join(options.SCHEDULES), ""),
    "val_fraction": (float, "X", "share that validates where the folders do not say"),
    "per_class": (int, "N", "at most N training photos a class"),
    "test": (str, "DATA", "another set of the same classes that is only tested on"),
    "device": (str, "|".join(options.DEVICES), ""),
    "precision": (str, "|".join(options.PRECISIONS), ""),
    "threads": (int, "N", "0 shares the cores out among the slots"),
}
"""Settings of a run that are options of ``train`` and ``compare``: type, metavar, help."""

RANKING = ("val_fraction", "per_class", "device")
"""Those that matter for ``rank`` too."""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add where the photos are."""
    text = "a folder or zip of class folders, or a set by name, such as produce/market"
    parser.add_argument("data", metavar="DATA", help=text)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``train`` and ``compare`` have in common."""
    add_data(parser)
    for name in CHOICES:
        _add_setting(parser, name)
    parser.add_argument(
        "--trainable", nargs="+", metavar="all|last:N|STAGE", help="stages that may be thawed"
    )
    parser.add_argument("--class-weights", action="store_true", default=None)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the record")


def add_one_run(parser: argparse.ArgumentParser) -> None:
    """Add what decides a single run."""
    add_run_options(parser)
    parser.add_argument(
        "--strategy", default="feature_extraction", metavar="|".join(STRATEGIES.names())
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N")


def add_ranking_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides which photos train, and which backbones are asked."""
    parser.add_argument(
        "--backbones", type=list_of(str), metavar="A,B,...", help="all whose weights are here"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    for name in RANKING:
        _add_setting(parser, name)


def _add_setting(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the option of a setting; what it used to be called is an alias."""
    kind, metavar, text = CHOICES[name]
    former = [old for old, new in options.FORMER_NAMES.items() if new == name]
    flags = ["--" + key.replace("_", "-") for key in (name, *former)]
    parser.add_argument(*flags, type=kind, metavar=metavar, help=text)


def choices(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was chosen, for ``make_config``; None where the strategy decides."""
    chosen = {name: getattr(args, name) for name in (*CHOICES, "class_weights")}
    chosen["trainable"] = ",".join(args.trainable) if args.trainable else None
    return chosen


def list_of(kind: type) -> Callable[[str], list[Any]]:
    """Return a reader of different values separated by commas."""

    def read(text: str) -> list[Any]:
        try:
            values = [kind(part.strip()) for part in text.split(",") if part.strip()]
        except ValueError:
            values = []
        if not values:
            wanted = "whole numbers, such as 0,1" if kind is int else "names, such as A,B"
            raise argparse.ArgumentTypeError(f"{text!r} is no list of {wanted}")
        if twice := [value for i, value in enumerate(values) if value in values[:i]]:
            raise argparse.ArgumentTypeError(f"{twice[0]} stands twice in {text!r}")
        return values

    return read


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
