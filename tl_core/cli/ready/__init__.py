"""``python -m tl_core ready``: the rehearsal before class, without a network.

Looks at the machine, trains once for real, lets as many learners as will come train small runs at
the same time, and gives one verdict with what to fix. Whatever it makes lies in a folder of its own
in ``TL_HOME`` that is removed at the end; the learners' jobs, runs and photos are never touched.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from typing import Any

from tl_core.cli.output import Progress
from tl_core.cli.ready.check import Check, guarded
from tl_core.cli.ready.machine import MACHINE_CHECKS
from tl_core.cli.ready.rehearsal import Rehearsal

RUNS_EACH = 2
"""How many runs a learner of the rehearsal starts."""


def rehearse(args: argparse.Namespace) -> dict[str, Any]:
    """Return every check, the verdict, and how long a round of the class takes."""
    with Progress("Rehearsal") as progress:
        rehearsal = Rehearsal(args.learners, RUNS_EACH)
        checks: list[Check] = []
        for done, check in enumerate(_checks(rehearsal), start=1):
            checks.append(check)
            progress(done, len(MACHINE_CHECKS) + len(rehearsal.steps), check.name)
    failed = [check for check in checks if check.status == "fail"]
    verdict = f"Ready for {args.learners} learner{'s' * (args.learners != 1)}."
    if failed:
        verdict = "Not ready: " + "; ".join(check.name.lower() for check in failed) + "."
    return {
        "ready": not failed,
        "verdict": verdict,
        "learners": args.learners,
        "round_seconds": rehearsal.round_seconds,
        "checks": [dataclasses.asdict(check) for check in checks],
    }


def _checks(rehearsal: Rehearsal) -> Iterator[Check]:
    for name, check in MACHINE_CHECKS.items():
        yield guarded(name, check)
    with rehearsal:
        for name, check in rehearsal.steps.items():
            yield guarded(name, check)


def show_ready(result: dict[str, Any]) -> None:
    """Print a line a check, what to fix, and the verdict."""
    signs = {"ok": "ok  ", "note": "note", "fail": "FAIL"}
    for check in result["checks"]:
        print(f"{signs[check['status']]}  {check['name']}: {check['text']}")
        if check["fix"]:
            print(f"      -> {check['fix']}")
    print(result["verdict"])
