"""A store and its supervisor without pages, for faults that no page has a part in."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from classroom_kit.records import faults_of
from tl_core.execution.local import LocalExecutor, stop_supervisor
from tl_core.store.database import Job, Store
from tl_core.training.config import make_config

PATIENCE = 600.0
POLL_SECONDS = 0.1


class Laboratory:
    """Two learners' runs in a home of their own.

    Parameters
    ----------
    home
        ``TL_HOME``.
    photos
        The set that is trained on.
    """

    def __init__(self, home: Path, photos: Path) -> None:
        self.home, self.photos = home, photos
        self.executor = LocalExecutor(Store())

    @property
    def store(self) -> Store:
        """Where the jobs are."""
        return self.executor.store

    def start(self, owner: str, strategy: str = "feature_extraction", **choices: object) -> str:
        """Start a run; return its id."""
        config = make_config(str(self.photos), strategy=strategy, **choices)
        return self.executor.submit("train", config.to_dict(), owner=owner)

    def job(self, identifier: str) -> Job:
        """Return a job as it is now."""
        job = self.store.job(identifier)
        assert job is not None
        return job

    def until(self, reached: Callable[[], bool]) -> bool:
        """Look, as a page does, until something is so; False if it never is."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(Exception):  # a page tries again when the store is locked
                self.executor.watch()
                if reached():
                    return True
            time.sleep(POLL_SECONDS)
        return False

    def until_epoch(self, identifier: str) -> bool:
        """Wait until a run has ended its first epoch."""
        return self.until(
            lambda: any(e["event"] == "EpochEnded" for _, e in self.store.events(identifier))
        )

    def until_over(self, *identifiers: str) -> bool:
        """Wait until runs are in a final state."""
        return self.until(lambda: not any(self.job(i).active for i in identifiers))

    def process(self, identifier: str) -> int:
        """Return the process that does a job, as the supervisor's log tells."""
        log = (self.home / "logs" / "supervisor.log").read_text()
        return int(re.findall(rf"job {identifier} .* in process (\d+)", log)[-1])

    def supervisor(self) -> int:
        """Return the supervisor's process."""
        return int((self.home / "supervisor.pid").read_text())

    def whole(self, *identifiers: str) -> bool:
        """Tell whether nothing of these runs is half-written."""
        return not [f for i in identifiers for f in faults_of(self.home, self.job(i), self.store)]

    def ended(self, identifier: str) -> str:
        """Return how a run has ended, in words."""
        job = self.job(identifier)
        return f"{job.status}: {job.reason}" if job.reason else job.status


@contextlib.contextmanager
def laboratory(home: Path, photos: Path, **env: str) -> Iterator[Laboratory]:
    """Set the environment up, and take down what was started."""
    home.mkdir(parents=True, exist_ok=True)
    wanted = {"TL_HOME": str(home), "TL_SLOTS": "2", **env}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        lab = Laboratory(home, photos)
        yield lab
        stop_supervisor()
        lab.store.close()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
