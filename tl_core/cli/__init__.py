"""The command line: ``python -m tl_core COMMAND``, or ``tl-core COMMAND`` where it is installed.

With ``--json``, stdout holds one JSON object.

Exit status: 0 done; 1 a run failed, the rehearsal found something to fix, or ``predict`` left files
out (it answers for all others and names each with its reason, also where it can read none at all);
2 something the user gave has to change, such as a RUN_DIR that holds no finished run; 130 and 141
as a shell reports a program that was interrupted, or whose reader went away.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tl_core import __version__
from tl_core.cli import commands, output
from tl_core.cli.options import (
    add_data,
    add_one_run,
    add_ranking_options,
    add_run_options,
    count,
    list_of,
)
from tl_core.cli.ready import rehearse, show_ready
from tl_core.errors import RunError, TLError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    args = _parser().parse_args(arguments)
    try:
        result = args.command(args)
        _print(args, result)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # A reader such as `head` has seen enough; what is still buffered must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except TLError as error:
        print(f"tl_core: {error}", file=sys.stderr)
        return 1 if isinstance(error, RunError) else 2
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"tl_core: {error.strerror or error}{where}", file=sys.stderr)
        return 2
    return int(args.failed(result))


def _print(args: argparse.Namespace, result: Any) -> None:
    if args.json:
        print(json.dumps(result))
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that the terminal has no letters for must not end the program.
            sys.stdout.reconfigure(errors="backslashreplace")
        args.show(result)
    sys.stdout.flush()


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the command line."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help).\n")


def _parser() -> argparse.ArgumentParser:
    script = Path(sys.argv[0]).stem == "tl-core"
    program = "tl-core" if script else "python -m tl_core"
    parser = Parser(prog=program, description="Transfer learning.")
    parser.add_argument("--version", action="version", version=f"tl_core {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., Any], show: Callable[..., None], text: str) -> Any:
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        sub.set_defaults(command=run, show=show, failed=lambda result: False)
        return sub

    command(
        "backbones",
        commands.list_backbones,
        output.show_backbones,
        "List the backbones and their stages.",
    )
    sub = command(
        "inspect", commands.inspect, output.show_report, "Check a folder or zip of class folders."
    )
    add_data(sub)
    sub = command(
        "prefetch",
        commands.prefetch_weights,
        output.show_prefetched,
        "Download weights before class.",
    )
    sub.add_argument("names", nargs="+", metavar="NAME")
    sub = command(
        "prefetch-data",
        commands.prefetch_sets,
        output.show_prefetched,
        "Download public sets of photos before class.",
    )
    sub.add_argument("names", nargs="+", metavar="NAME")
    sub = command(
        "rank",
        commands.rank,
        output.show_ranking,
        "Forecast which backbones suit the photos, without training.",
    )
    add_data(sub)
    add_ranking_options(sub)
    sub = command(
        "cost",
        commands.tell_cost,
        output.show_cost,
        "Predict what a run will take, before it starts.",
    )
    add_one_run(sub)
    sub = command("train", commands.train_one, output.show_run, "Train one run.")
    add_one_run(sub)
    sub.add_argument("--profile", action="store_true", help="say where the time went")
    sub = command(
        "compare",
        commands.compare_runs,
        output.show_comparison,
        "Train several runs and compare them.",
    )
    add_run_options(sub)
    sub.add_argument("--strategies", type=list_of(str), required=True, metavar="A,B,...")
    sub.add_argument(
        "--seeds", "--seed", type=list_of(int), default=[0], dest="seeds", metavar="N,N,..."
    )
    sub = command("predict", commands.predict, output.show_predictions, "Answer for new photos.")
    sub.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    sub.add_argument("images", nargs="+", metavar="IMAGE", help="a photo, or a folder of them")
    sub.set_defaults(failed=lambda result: bool(result["left_out"]))
    command(
        "begin-afresh",
        commands.set_store_aside,
        output.show_set_aside,
        "Set a damaged database aside and go on with an empty one; nothing is deleted.",
    )
    sub = command("ready", rehearse, show_ready, "Rehearse a class here, without a network.")
    sub.add_argument("--learners", type=count, default=30, metavar="N", help="how many will come")
    sub.set_defaults(failed=lambda result: not result["ready"])
    return parser
