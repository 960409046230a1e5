"""What each command does: arguments in, JSON-ready data out."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tl_core.backbones.spec import backbones
from tl_core.backbones.weights import location, prefetch
from tl_core.cli.given import given_files
from tl_core.cli.options import RANKING, choices, read_as
from tl_core.cli.output import Progress
from tl_core.data.catalog import PUBLIC, bundled_sets, locate
from tl_core.errors import RunError
from tl_core.home import home
from tl_core.machine import share_heaps
from tl_core.training.config import RunConfig, make_config

MANY_FILES = 100
"""Of so many, it is shown how far a command has come."""


def list_backbones(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return facts about every backbone."""
    return [
        {
            "name": spec.name,
            "title": spec.title,
            "family": spec.family,
            "source": spec.weights.origin,
            "source_task": spec.weights.source_task,
            "source_top1": spec.weights.top1,
            "license": spec.weights.license,
            "available": location(spec) != "download",
            "location": location(spec),
            "download_bytes": spec.weights.bytes if location(spec) == "download" else 0,
            "input_size": spec.input_size,
            "total_parameters": spec.total_parameters,
            "stages": [
                {
                    "name": stage.name,
                    "title": stage.title,
                    "parameters": stage.parameters,
                    "output_shape": list(stage.output_shape),
                    "multiply_adds": stage.multiply_adds,
                }
                for stage in spec.stages
            ],
        }
        for spec in backbones()
    ]


def set_store_aside(args: argparse.Namespace) -> dict[str, str]:
    """Move a damaged database away; return where it lies."""
    from tl_core.server.afresh import begin_afresh

    return {"location": str(begin_afresh())}


def inspect(args: argparse.Namespace) -> dict[str, Any]:
    """Return the health report of a data set."""
    from tl_core.data import open_dataset

    _, report = open_dataset(args.data, read_as(args))
    return report.to_dict()


def prefetch_weights(args: argparse.Namespace) -> list[dict[str, str]]:
    """Bring weights onto this machine."""
    specs = [backbones().get(name) for name in args.names]
    for spec in specs:
        with Progress(f"{spec.name} weights") as progress:
            prefetch(spec, progress)
    return [{"name": spec.name, "location": location(spec)} for spec in specs]


def prefetch_sets(args: argparse.Namespace) -> list[dict[str, str]]:
    """Bring public sets of photos onto this machine."""
    from tl_core.data.public import prefetch_data

    result = []
    for name in args.names:
        if any(name == bundled.name for bundled in bundled_sets()):
            result.append({"name": name, "location": "bundled"})
            continue
        entry = PUBLIC.get(name)
        with Progress(entry.title) as progress:
            prefetch_data(entry, progress)
        result.append({"name": name, "location": "cached"})
    return result


def rank(args: argparse.Namespace) -> dict[str, Any]:
    """Forecast which backbones suit some photos, from one forward pass of each."""
    from tl_core.analysis.backbone_ranking import forecasts

    chosen = {name: getattr(args, name) for name in RANKING}
    config = make_config(args.data, seed=args.seed, **chosen)  # checks them as for a training
    settings = {name: getattr(config, name) for name in RANKING}
    with Progress("ranking") as progress:
        found = forecasts(args.data, args.backbones, seed=args.seed, **settings, report=progress)
        ranked = sorted(found, key=lambda forecast: -forecast.log_me)
    return {"data": args.data, "forecasts": [vars(forecast) for forecast in ranked]}


def tell_cost(args: argparse.Namespace) -> dict[str, Any]:
    """Predict what a run will take; its network is measured here, if it was not before."""
    from tl_core.cost.estimate import Amount, estimate_cost
    from tl_core.cost.measure import measure_costs
    from tl_core.cost.profile import CostProfile, ProfileKey
    from tl_core.data import make_split, open_dataset, require_usable

    config = _one_config(args)
    dataset, report = open_dataset(config.data, config.read_as)
    require_usable(report)
    split = make_split(
        dataset, seed=config.seed, val_fraction=config.val_fraction, per_class=config.per_class
    )
    what = ProfileKey.of(config)
    costs = CostProfile.load(what)
    if costs is None or costs.busy:
        costs = measure_costs(what)
    told = estimate_cost(config, costs, Amount.of(split, report))
    return {
        "strategy": config.strategy,
        "backbone": config.backbone,
        "device": costs.device,
        "precision": costs.precision,
        "busy": costs.busy,
        "seconds": told.total_seconds,
        "phases": [
            {"name": phase.name, "epochs": phase.epochs, "seconds_an_epoch": seconds}
            for phase, seconds in zip(config.phases, told.epoch_seconds, strict=True)
        ],
        "parts": dict(told.parts),
        "memory_bytes": told.memory_bytes,
        "cache_bytes": told.cache_bytes,
    }


def train_one(args: argparse.Namespace) -> dict[str, Any]:
    """Train one run."""
    config = _one_config(args)
    return run(config, args.out or _new_folder(), profile=args.profile)


def compare_runs(args: argparse.Namespace) -> dict[str, Any]:
    """Train several strategies on the same split, for each seed, and compare them."""
    from tl_core.runs.compare import compare
    from tl_core.training.record import RunRecord

    out: Path = args.out or _new_folder()
    configs = [
        make_config(args.data, strategy=strategy, seed=seed, **choices(args))
        for seed in args.seeds
        for strategy in args.strategies
    ]
    runs = [run(c, out / f"{c.strategy}-seed{c.seed}", configs) for c in configs]
    comparison = compare([RunRecord.load(Path(run["run_dir"])) for run in runs])
    return {
        "runs": runs,
        "differences": {key: list(values) for key, values in comparison.differences.items()},
        "tests": [
            {
                "first": runs[test.first]["run_dir"],
                "second": runs[test.second]["run_dir"],
                "both": test.both,
                "only_first": test.only_first,
                "only_second": test.only_second,
                "neither": test.neither,
                "p_value": test.p_value,
                "better": None if test.better is None else runs[test.better]["run_dir"],
            }
            for test in comparison.tests
        ],
    }


def predict(args: argparse.Namespace) -> dict[str, Any]:
    """Answer for new photos with a finished run; what is no photo is named with its reason."""
    from tl_core.runs.restore import predict_files

    given = given_files(args.images)
    with Progress("predict") as progress:
        shown = progress if len(given.files) > MANY_FILES else None
        told = predict_files(args.run_dir, given.files, shown)
    return {
        "run_dir": str(args.run_dir),
        "predictions": told.predictions,
        "left_out": [*given.left_out, *told.left_out],
        "passed_over": dict(given.passed_over),
    }


def run(
    config: RunConfig, run_dir: Path, beside: Sequence[RunConfig] = (), profile: bool = False
) -> dict[str, Any]:
    """Train one run of those ``beside`` it, show its progress on stderr, return its summary."""
    locate(config.data)  # a slip of the pen need not wait for torch
    from tl_core.training.events import (
        EpochEnded,
        PreparationAdvanced,
        RunEnded,
        RunFailed,
        RunStarted,
    )
    from tl_core.training.loop import train

    share_heaps()
    summary: dict[str, Any] = {}
    epochs = config.epochs
    with Progress(f"{config.strategy} seed {config.seed}") as progress:
        for event in train(config, run_dir, beside, profile):
            if isinstance(event, PreparationAdvanced) and progress.live:
                progress(event.done, event.total, event.what)
            elif isinstance(event, RunStarted):
                epochs = event.epochs
            elif isinstance(event, EpochEnded):
                accuracy = f"validation {event.val_accuracy:.1%}"
                progress(event.epoch, epochs, accuracy)
            elif isinstance(event, RunFailed):
                raise RunError(event.reason)
            elif isinstance(event, RunEnded):
                summary = event.summary
    return summary


def _one_config(args: argparse.Namespace) -> RunConfig:
    return make_config(args.data, strategy=args.strategy, seed=args.seed, **choices(args))


def _new_folder() -> Path:
    return home() / "runs" / secrets.token_hex(8)
