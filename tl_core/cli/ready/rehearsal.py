"""The training part of the rehearsal: one real run, then a class of learners at once."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tl_core.cli.ready.check import Check, fail, ok
from tl_core.data.catalog import bundled_sets
from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.execution.local import LocalExecutor, stop_supervisor
from tl_core.home import home
from tl_core.machine import slots
from tl_core.store.database import Job, Store
from tl_core.training.config import make_config
from tl_core.training.record import RunRecord

TYPICAL = {"per_class": 20}
"""A run as learners start it: twenty photos a class, everything else as recommended."""
SMALL = {"per_class": 4, "epochs": 1}
STRATEGIES = ("feature_extraction", "fine_tune")
POLL_SECONDS = 0.2
STUCK_SECONDS = 180
"""When nothing at all has happened for so long, the rehearsal gives up."""
LATE_SECONDS = 1.0
"""A run may overtake one that was accepted less than so long before it started."""
MINUTES_OF_PATIENCE = 15
"""A round of the class that takes longer than this makes a lesson tedious."""


class Rehearsal:
    """A laboratory of its own inside ``TL_HOME``, with its own store, supervisor and runs.

    Parameters
    ----------
    learners
        How many train at once.
    runs_each
        How many runs each of them starts, one after another without waiting.

    Attributes
    ----------
    round_seconds
        Estimate, once known: how long it takes until everybody's two usual runs are through.
    """

    def __init__(self, learners: int, runs_each: int) -> None:
        self.learners, self.runs_each = learners, runs_each
        self.round_seconds: float | None = None
        self.steps: dict[str, Callable[[str], Check]] = {
            "Training": self.train_once,
            f"Class of {learners}": self.hold_class,
        }

    def __enter__(self) -> Rehearsal:
        machine = home() / "machine.json"
        self._outside = {name: os.environ.get(name) for name in ("TL_HOME", "TL_STORE_URL")}
        folder = Path(tempfile.mkdtemp(dir=home(), prefix="rehearsal-"))
        if machine.exists():  # which precision is the faster one is known
            shutil.copy(machine, folder)
        os.environ["TL_HOME"] = str(folder)
        os.environ.pop("TL_STORE_URL", None)
        self._folder = folder
        self._executor = LocalExecutor(Store())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            stop_supervisor()
        finally:
            self._executor.store.close()
            for name, value in self._outside.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            shutil.rmtree(self._folder, ignore_errors=True)

    def train_once(self, name: str) -> Check:
        """Train one usual run through the supervisor and a worker, as the app does."""
        start = time.monotonic()
        [job] = self._follow([self._submit("rehearsal", "feature_extraction", TYPICAL)])
        seconds = time.monotonic() - start
        if why := self._incomplete(job):
            return fail(name, f"the run ended badly: {why}", "Look at memory and disk above.")
        record = RunRecord.load(run_folder(job.id))
        self.round_seconds = self.learners * self.runs_each * record.seconds / slots()
        return ok(
            name,
            f"a run of {len(record.history)} epochs took {record.seconds:.1f} s, "
            f"{seconds - record.seconds:.1f} s more to start",
        )

    def hold_class(self, name: str) -> Check:
        """Let all learners start small runs at once; all have to end well, and in a fair order."""
        start = time.monotonic()
        ids = [
            self._submit(f"learner-{number}", strategy, SMALL | {"seed": number})
            for number in range(self.learners)
            for strategy in STRATEGIES[: self.runs_each]
        ]
        jobs = self._follow(ids)
        seconds = time.monotonic() - start
        bad = [why for job in jobs if (why := self._incomplete(job))]
        if bad:
            text = f"{len(bad)} of {len(jobs)} runs ended badly, the first because: {bad[0]}"
            return fail(name, text, "Try a smaller TL_SLOTS; look at memory and disk above.")
        if overtaken := unfair(jobs):
            text = f"{overtaken} of {self.learners} learners waited for another's second run"
            return fail(name, text, "Please report this: the queue should go round.")
        minutes = (self.round_seconds or 0) / 60
        text = (
            f"{len(jobs)} small runs in {seconds:.0f} s, all complete, in a fair order; a round of "
            f"{self.runs_each} usual runs each will take about {max(1, round(minutes))} min"
        )
        if minutes > MINUTES_OF_PATIENCE:
            fix = "Fewer epochs, learners in pairs, or a machine with more cores or a GPU."
            return Check(name, "note", text, fix)
        return ok(name, text)

    def _submit(self, owner: str, strategy: str, choices: dict[str, Any]) -> str:
        data = str(bundled_sets()[0].folder)
        config = make_config(data, strategy=strategy, **choices)
        return self._executor.submit("train", config.to_dict(), owner=owner, comparison=owner)

    def _follow(self, ids: list[str]) -> list[Job]:
        """Wait until all jobs have ended, as pages do: by looking into the store."""
        store = self._executor.store
        before: list[tuple[str, int]] = []
        since = time.monotonic()
        while time.monotonic() - since < STUCK_SECONDS:
            jobs = [job for job in store.jobs() if job.id in ids]
            if not any(job.active for job in jobs):
                return jobs
            now = [(job.status, len(store.events(job.id))) for job in jobs]
            if now != before:
                before, since = now, time.monotonic()
            self._executor.watch()
            time.sleep(POLL_SECONDS)
        raise UserError(f"Nothing has happened for {STUCK_SECONDS} seconds.")

    def _incomplete(self, job: Job) -> str | None:
        """Return the fault of a run that has ended, or None if its record is complete."""
        if job.status != "finished":
            return job.reason or job.status
        numbers, events = zip(*self._executor.store.events(job.id), strict=True)
        if list(numbers) != list(range(1, len(numbers) + 1)):
            return "its events are not whole"
        if events[-1]["event"] != "RunEnded":
            return "its last event is missing"
        record = RunRecord.load(run_folder(job.id))
        return None if record.status == "finished" and record.val else "its record is not whole"


def unfair(jobs: list[Job]) -> int:
    """Count the learners whose first run was overtaken by the second of somebody else."""
    runs: dict[str, list[Job]] = {}
    for job in sorted(jobs, key=lambda job: job.started or 0):
        runs.setdefault(job.owner, []).append(job)
    return sum(any(_overtakes(*pair) for pair in _rivals(runs, owner)) for owner in runs)


def _rivals(runs: dict[str, list[Job]], owner: str) -> Iterator[tuple[Job, Job]]:
    """Yield each run that is not another learner's first, with this learner's first."""
    for other, theirs in runs.items():
        if other != owner:
            yield from ((job, runs[owner][0]) for job in theirs[1:])


def _overtakes(later: Job, first: Job) -> bool:
    assert later.started is not None and first.started is not None
    return first.created + LATE_SECONDS < later.started < first.started
