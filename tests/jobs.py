"""What tests of executors share: quick runs, and patience with a bound."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tl_core.execution import Executor
from tl_core.home import home
from tl_core.store.database import Job
from tl_core.training.config import RunConfig, make_config

QUICK = {"epochs": 2, "input_size": 32, "batch_size": 8, "precision": "fp32", "threads": 1}
ENDLESS = 5000
"""Epochs of a run that does not end by itself while a test looks on."""


def quick(photos: Path, **choices: object) -> RunConfig:
    return make_config(str(photos), **{**QUICK, **choices})  # type: ignore[arg-type]


def payload(photos: Path, **choices: object) -> dict[str, object]:
    return quick(photos, **choices).to_dict()


def submit(executor: Executor, photos: Path, owner: str = "ada", **choices: object) -> str:
    return executor.submit("train", payload(photos, **choices), owner=owner, comparison="c")


def job_of(executor: Executor, identifier: str) -> Job:
    job = executor.store.job(identifier)
    assert job is not None
    return job


def wait(
    executor: Executor,
    identifier: str,
    until: Callable[[Job], bool],
    seconds: float = 120,
    meanwhile: Callable[[], object] = lambda: None,
) -> Job:
    """Return the job once it is as it should be; ``meanwhile`` is done between two looks."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until(job := job_of(executor, identifier)):
            return job
        meanwhile()
        time.sleep(0.02)
    pytest.fail(f"still {job.status} after {seconds} s: {executor.store.events(identifier)[-3:]}")


def over(job: Job) -> bool:
    return not job.active


def told(executor: Executor, identifier: str) -> list[dict[str, Any]]:
    """Return a job's events, whose numbers have no gap and no double."""
    events = executor.store.events(identifier)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    return [data for _, data in events]


def names(executor: Executor, identifier: str) -> list[str]:
    """Return the names of a job's events."""
    return [data["event"] for data in told(executor, identifier)]


def learning(executor: Executor) -> Callable[[Job], bool]:
    """Say whether a job has ended an epoch, and so has a checkpoint soon."""
    return lambda job: "EpochEnded" in names(executor, job.id)


def supervisor_serving(seconds: float = 60) -> int:
    """Wait until a supervisor looks for jobs; return its process."""
    log, end = home() / "logs" / "supervisor.log", time.monotonic() + seconds
    while time.monotonic() < end:
        if log.exists() and " serving " in log.read_text():
            return int((home() / "supervisor.pid").read_text())
        time.sleep(0.02)
    pytest.fail(f"no supervisor after {seconds} s")


def worker_of(identifier: str) -> int:
    """Return the process of a job, the latest if it had several."""
    log = (home() / "logs" / "supervisor.log").read_text()
    return int(re.findall(rf"job {identifier} \(\w+\) runs in process (\d+)", log)[-1])


def share_right(run_dir: Path, split: str = "val") -> float:
    """Return the accuracy of a run, counted anew from the probabilities that it wrote down."""
    rows = json.loads((run_dir / "predictions.json").read_text())[split]
    right = [max(row["probabilities"]) == row["probabilities"][row["label"]] for row in rows]
    return sum(right) / len(right)
