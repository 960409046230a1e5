"""What tests of executors share: quick runs, and patience with a bound."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

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
    executor: Executor, identifier: str, until: Callable[[Job], bool], seconds: float = 120
) -> Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until(job := job_of(executor, identifier)):
            return job
        time.sleep(0.02)
    pytest.fail(f"still {job.status} after {seconds} s: {executor.store.events(identifier)[-3:]}")


def over(job: Job) -> bool:
    return not job.active


def names(executor: Executor, identifier: str) -> list[str]:
    """Return the names of a job's events, whose numbers have no gap and no double."""
    events = executor.store.events(identifier)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    return [data["event"] for _, data in events]


def learning(executor: Executor) -> Callable[[Job], bool]:
    """Say whether a job has ended an epoch, and so has a checkpoint soon."""
    return lambda job: "EpochEnded" in names(executor, job.id)


def worker_of(identifier: str) -> int:
    """Return the process of a job, the latest if it had several."""
    log = (home() / "logs" / "supervisor.log").read_text()
    return int(re.findall(rf"job {identifier} \(\w+\) runs in process (\d+)", log)[-1])
