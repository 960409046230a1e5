"""The command line: ``python -m tl_core COMMAND``. With ``--json``, stdout holds one JSON object.

Exit status: 0 done, 1 a run failed, 2 something the user gave has to change.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from tl_core.backbones.spec import backbones
from tl_core.backbones.weights import location, prefetch
from tl_core.data.augment import AUGMENTATIONS
from tl_core.errors import RunError, TLError
from tl_core.freezing import BATCH_NORM_POLICIES
from tl_core.heads import HEADS
from tl_core.home import home
from tl_core.strategies import STRATEGIES
from tl_core.training import config as options
from tl_core.training.config import RunConfig, make_config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    args = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], Any] = args.command
        result = command(args)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except TLError as error:
        print(f"tl_core: {error}", file=sys.stderr)
        return 1 if isinstance(error, RunError) else 2
    except OSError as error:
        print(f"tl_core: {error.strerror}: {error.filename}", file=sys.stderr)
        return 2
    if args.json:
        json.dump(result, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        args.show(result)
    return 0


# ------------------------------------------------------------------------------------ commands


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


def inspect(args: argparse.Namespace) -> dict[str, Any]:
    """Return the health report of a data set."""
    from tl_core.data import open_dataset

    _, report = open_dataset(args.data)
    return report.to_dict()


def prefetch_weights(args: argparse.Namespace) -> list[dict[str, str]]:
    """Bring weights onto this machine."""
    specs = [backbones().get(name) for name in args.names]
    for spec in specs:
        with Progress(f"{spec.name} weights") as progress:
            prefetch(spec, progress)
    return [{"name": spec.name, "location": location(spec)} for spec in specs]


def train_one(args: argparse.Namespace) -> dict[str, Any]:
    """Train one run."""
    config = make_config(args.data, strategy=args.strategy, seed=args.seed, **_choices(args))
    return _run(config, args.out or _new_folder())


def compare_runs(args: argparse.Namespace) -> dict[str, Any]:
    """Train several strategies on the same split, for each seed, and compare them."""
    from tl_core.runs.compare import compare
    from tl_core.training.record import RunRecord

    out: Path = args.out or _new_folder()
    configs = [
        make_config(args.data, strategy=strategy, seed=seed, **_choices(args))
        for seed in args.seeds
        for strategy in args.strategies
    ]
    runs = [_run(c, out / f"{c.strategy}-seed{c.seed}") for c in configs]
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
    """Answer for new photos with a finished run."""
    from tl_core.runs.restore import predict_files

    return {
        "run_dir": str(args.run_dir),
        "predictions": predict_files(args.run_dir, [Path(image) for image in args.images]),
    }


def _run(config: RunConfig, run_dir: Path) -> dict[str, Any]:
    from tl_core.training.events import (
        EpochEnded,
        PreparationAdvanced,
        RunEnded,
        RunFailed,
        RunStarted,
    )
    from tl_core.training.loop import train

    summary: dict[str, Any] = {}
    epochs = config.epochs
    with Progress(f"{config.strategy} seed {config.seed}") as progress:
        for event in train(config, run_dir):
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


def _new_folder() -> Path:
    return home() / "runs" / secrets.token_hex(8)


# -------------------------------------------------------------------------------------- output


class Progress:
    """One line on stderr that is written over; lines of their own where that is no terminal."""

    def __init__(self, title: str, stream: TextIO = sys.stderr) -> None:
        self._title, self._stream = title, stream
        self.live = stream.isatty()
        self._shown = -1

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and self._shown >= 0:
            self._stream.write("\n")

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` is reached."""
        tenth = 10 * done // max(total, 1)
        text = f"{self._title}: {done}/{total} {note}"
        if self.live:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
        elif tenth != self._shown:
            self._stream.write(text + "\n")
        self._shown = tenth


def _show_backbones(result: list[dict[str, Any]]) -> None:
    where = {"bundled": "bundled", "cached": "downloaded", "download": "to download"}
    print(f"{'name':<20} {'parameters':>12} {'input':>6} {'source top-1':>12}  weights")
    for b in result:
        size = f" ({b['download_bytes'] / 1e6:.0f} MB)" if b["download_bytes"] else ""
        print(
            f"{b['name']:<20} {b['total_parameters']:>12,} {b['input_size']:>6} "
            f"{b['source_top1']:>12.1%}  {where[b['location']]}{size}; {b['source_task']}"
        )


def _show_report(result: dict[str, Any]) -> None:
    print(f"Classes: {', '.join(map(repr, result['classes']))}")
    for split, counts in result["splits"].items():
        print(f"{split}: " + ", ".join(f"{name!r} {count}" for name, count in counts.items()))
    for entry in result["unreadable"]:
        print(f"Unreadable: {entry['file']!r}: {entry['reason']}")
    for kind, groups in result["duplicates"].items():
        for group in groups:
            print(f"Copies ({kind.replace('_', ' ')}): {', '.join(map(repr, group))}")
    for warning in result["warnings"]:
        print(f"Note: {warning}")


def _show_prefetched(result: list[dict[str, str]]) -> None:
    for entry in result:
        print(f"{entry['name']}: {entry['location']}")


def _show_run(result: dict[str, Any]) -> None:
    low, high = result["val_interval"]
    print(
        f"{result['strategy']} on {result['backbone']}, seed {result['seed']}: "
        f"{result['best_val_accuracy']:.1%} of {result['val_count']} validation photos "
        f"(95 % interval {low:.1%} to {high:.1%}; best epoch {result['best_epoch']} of "
        f"{result['epochs']}, chosen on these photos)"
    )
    if result["test_accuracy"] is not None:
        print(f"  test: {result['test_accuracy']:.1%} of {result['test_count']} photos")
    print(
        f"  {result['trainable_parameters']:,} of {result['total_parameters']:,} parameters "
        f"learned, {result['seconds']:.1f} s, {result['run_dir']}"
    )


def _show_comparison(result: dict[str, Any]) -> None:
    for run in result["runs"]:
        _show_run(run)
    names = {run["run_dir"]: f"{run['strategy']} (seed {run['seed']})" for run in result["runs"]}
    for test in result["tests"]:
        verdict = "too close to call"
        if test["better"]:
            verdict = f"{names[test['better']]} is better"
        print(
            f"{names[test['first']]} against {names[test['second']]}: {verdict} "
            f"(right alone: {test['only_first']} and {test['only_second']}, "
            f"p = {test['p_value']:.3f})"
        )


def _show_predictions(result: dict[str, Any]) -> None:
    for answer in result["predictions"]:
        print(f"{answer['file']}: {answer['class']!r} {answer['probability']:.1%}")


# --------------------------------------------------------------------------------------- input


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the command line."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave with status 2."""
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m tl_core", description="Transfer learning.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., Any], show: Callable[..., None], text: str) -> Any:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        sub.set_defaults(command=run, show=show)
        return sub

    command("backbones", list_backbones, _show_backbones, "List the backbones and their stages.")
    sub = command("inspect", inspect, _show_report, "Check a folder or zip of class folders.")
    sub.add_argument("data", metavar="DATA")
    sub = command("prefetch", prefetch_weights, _show_prefetched, "Download weights before class.")
    sub.add_argument("names", nargs="+", metavar="NAME")
    sub = command("train", train_one, _show_run, "Train one run.")
    _add_run_options(sub)
    sub.add_argument(
        "--strategy", default="feature_extraction", metavar="|".join(STRATEGIES.names())
    )
    sub.add_argument("--seed", type=int, default=0, metavar="N")
    sub = command("compare", compare_runs, _show_comparison, "Train several runs and compare them.")
    _add_run_options(sub)
    sub.add_argument("--strategies", type=_list_of(str), required=True, metavar="A,B,...")
    sub.add_argument("--seeds", type=_list_of(int), default=[0], metavar="N,N,...")
    sub.add_argument("--seed", type=lambda text: [int(text)], dest="seeds", metavar="N")
    sub = command("predict", predict, _show_predictions, "Answer for new photos.")
    sub.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    sub.add_argument("images", nargs="+", metavar="IMAGE")
    return parser


CHOICES: dict[str, tuple[type, str, str]] = {
    "backbone": (str, "NAME", "see 'backbones'"),
    "weights": (str, "pretrained|none", "start from pretrained or random weights"),
    "epochs": (int, "N", "total over the strategy's phases"),
    "batch_size": (int, "N", ""),
    "lr": (float, "X", "peak learning rate of the head"),
    "weight_decay": (float, "X", ""),
    "label_smoothing": (float, "X", ""),
    "early_stopping": (int, "N", "epochs without a lower validation loss; 0 never stops early"),
    "image_size": (int, "N", "side of the network's input in pixels"),
    "augment": (str, "|".join(AUGMENTATIONS.names()), ""),
    "head": (str, "|".join(HEADS.names()), ""),
    "batch_norm": (str, "|".join(BATCH_NORM_POLICIES), ""),
    "optimizer": (str, "|".join(options.OPTIMIZERS), ""),
    "schedule": (str, "|".join(options.SCHEDULES), ""),
    "val_fraction": (float, "X", "share that validates where the folders do not say"),
    "per_class": (int, "N", "at most N training photos a class"),
    "test": (str, "DATA", "another set that is only tested on"),
    "device": (str, "|".join(options.DEVICES), ""),
    "precision": (str, "|".join(options.PRECISIONS), ""),
    "threads": (int, "N", "0 shares the cores out among the slots"),
}
"""Settings of a run that are options of ``train`` and ``compare``: type, metavar, help."""


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a folder or zip of class folders")
    for name, (kind, metavar, text) in CHOICES.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=kind, metavar=metavar, help=text)
    parser.add_argument(
        "--trainable", nargs="+", metavar="all|last:N|STAGE", help="stages that may be thawed"
    )
    parser.add_argument("--class-weights", action="store_true", default=None)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the record")


def _choices(args: argparse.Namespace) -> dict[str, Any]:
    chosen = {name: getattr(args, name) for name in (*CHOICES, "class_weights")}
    chosen["trainable"] = ",".join(args.trainable) if args.trainable else None
    return chosen


def _list_of(kind: type) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        return [kind(part) for part in text.split(",") if part]

    read.__name__ = f"list of {kind.__name__}"
    return read
