"""Options of ``train`` and ``compare``: what a person may choose about a run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tl_core.data.read_as import READINGS, ReadAs
from tl_core.training.config import DEFAULTS, FORMER_NAMES, settings_for

OF_THEIR_OWN = ("data", "strategy", "seed", "trainable", "class_weights", "cache")
"""Settings that are no plain option of ``train`` and ``compare``."""

SETTINGS = settings_for(None)

CHOICES = {name: setting for name, setting in SETTINGS.items() if name not in OF_THEIR_OWN}
"""Settings of a run that are."""

RANKING = ("val_fraction", "per_class", "device", *READINGS)
"""Those that matter for ``rank`` too."""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add where the photos are, and how they are to be read."""
    text = "a folder, zip or tar of class folders, or a set by name, such as produce/market"
    parser.add_argument("data", metavar="DATA", help=text)
    for name in READINGS:
        _add_setting(parser, name)


def read_as(args: argparse.Namespace) -> ReadAs:
    """Return how the data are to be read; as they are found where nothing was chosen.

    Raises
    ------
    ConfigError
        If a name is none.
    """
    chosen = {name: getattr(args, name) for name in READINGS}
    how = ReadAs(**{name: value for name, value in chosen.items() if value is not None})
    how.check()
    return how


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``train`` and ``compare`` have in common."""
    add_data(parser)
    for name in CHOICES:
        if name not in READINGS:
            _add_setting(parser, name)
    parser.add_argument(
        "--trainable", nargs="+", metavar="all|last:N|STAGE", help=_help("trainable")
    )
    parser.add_argument(
        "--class-weights", action="store_true", default=None, help=_help("class_weights")
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the record")


def add_one_run(parser: argparse.ArgumentParser) -> None:
    """Add what decides a single run."""
    add_run_options(parser)
    _add_setting(parser, "strategy", default=DEFAULTS["strategy"])
    _add_setting(parser, "seed", default=DEFAULTS["seed"])


def add_ranking_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides which photos train, and which backbones are asked."""
    parser.add_argument(
        "--backbones", type=list_of(str), metavar="A,B,...", help="all whose weights are here"
    )
    _add_setting(parser, "seed", default=DEFAULTS["seed"])
    for name in RANKING:
        if name not in READINGS:
            _add_setting(parser, name)


def _add_setting(parser: argparse.ArgumentParser, name: str, **more: Any) -> None:
    """Add the option of a setting; what it used to be called is an alias."""
    setting = SETTINGS[name]
    former = [old for old, new in FORMER_NAMES.items() if new == name]
    flags = ["--" + key.replace("_", "-") for key in (name, *former)]
    parser.add_argument(
        *flags, type=setting.kind, metavar=setting.metavar, help=_help(name), **more
    )


def _help(name: str) -> str:
    about = SETTINGS[name].about
    return f"{about.title}: {about.help}".replace("%", "%%")


def choices(args: argparse.Namespace) -> dict[str, Any]:
    """Return the chosen settings for ``make_config``; None where the strategy decides."""
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
