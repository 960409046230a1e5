"""What one learner keeps on a server, and what they may: one budget over everything.

It counts photos, runs that have ended as they lie on the disk, runs that have not as what they will
take at most, and questions. The bytes of an ended run are added up once and then stand in the
database, so that asking costs a query and no walk through folders.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, func, select, union, update
from sqlalchemy.exc import OperationalError

from tl_core.cost.estimate import OPTIMIZER_STATE
from tl_core.data.limits import MB, megabytes
from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.home import home
from tl_core.server.clock import Clock
from tl_core.server.limits import UploadLimits
from tl_core.server.load import folder_bytes
from tl_core.store.database import PAUSED, RUNNING, WAITING, Job, Store
from tl_core.store.schema import jobs, questions, uploads
from tl_core.training.config import REMEMBERED, RunConfig

ALLOWANCE = 2 * MB
"""For the record of a run, its predictions and its metadata."""

_SETTLED_SECONDS = 5.0
"""After its end the folder of a run may be tidied for so long."""

_FLOAT, _HALF = 4, 2
_ACTIVE = (WAITING, RUNNING, PAUSED)


@dataclass(frozen=True)
class Kept:
    """Bytes that a learner keeps, by what takes them."""

    photos: int
    runs: int
    questions: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.photos + self.runs + self.questions


def run_bytes(payload: Mapping[str, Any]) -> int:
    """Return what a run takes on the disk at most: while it trains, with its checkpoint.

    Parameters
    ----------
    payload
        Of its job.

    Raises
    ------
    UserError
        If the configuration is not one.
    """
    config = RunConfig.from_dict(dict(payload))
    spec = config.spec
    head = _FLOAT * (spec.num_features + 1)
    weights = _FLOAT * spec.total_parameters + head
    thawed = (phase.plan.trainable for phase in config.phases)
    learned = max(
        sum(_FLOAT * stage.parameters for stage in spec.stages if stage.name in names)
        for names in thawed
    )
    # The classifier as it is and at its best, and what the optimiser keeps of what learns.
    checkpoint = 2 * weights + OPTIMIZER_STATE[config.optimizer] * (learned + head)
    return weights + checkpoint + REMEMBERED * spec.num_features * _HALF + ALLOWANCE


class Budget:
    """What the learners of a server keep and may keep.

    Parameters
    ----------
    store
        Whose database holds the records.
    limits
        What is allowed; as the environment says unless given.
    """

    def __init__(self, store: Store, limits: UploadLimits | None = None) -> None:
        self._store = store
        self.limits = limits or UploadLimits.from_environment()

    @functools.cached_property
    def _clock(self) -> Clock:
        return Clock(self._store)  # which asks the store; a list of runs needs one

    def kept(self, owner: str) -> Kept:
        """Return what a learner keeps; every set of photos counts in full."""
        return Kept(
            self._sum(uploads, owner),
            sum(self.runs(owner).values()),
            self._sum(questions, owner),
        )

    def runs(self, owner: str) -> dict[str, int]:
        """Return what each run of a learner takes, or will take at most, by its id."""
        return {job.id: self._of(job) for job in self._store.jobs(owner=owner, kind="train")}

    def owners(self) -> list[str]:
        """Return all who keep something here."""
        each = (select(table.c.owner) for table in (jobs, uploads, questions))
        with self._store.engine.connect() as connection:
            return sorted(connection.execute(union(*each)).scalars())

    def left(self, job: Job) -> float:
        """Return the seconds until an ended run is removed."""
        return self._clock.until(job.ended or job.created, self.limits.run_seconds)

    def check_runs(
        self,
        owner: str,
        payloads: Iterable[Mapping[str, Any]],
        instead_of: str | None = None,
    ) -> None:
        """Refuse runs that the learner or the disk has no room for.

        Parameters
        ----------
        instead_of
            A run that is kept and will be one of these.

        Raises
        ------
        UserError
            In a sentence that says what takes how much.
        """
        planned = [run_bytes(payload) for payload in payloads]
        needed = sum(planned)
        kept = self.kept(owner).total - self.runs(owner).get(instead_of or "", 0)
        what = "This run" if len(planned) == 1 else "These runs"
        if kept + needed > self.limits.learner_bytes:
            raise UserError(
                f"{what} may take {megabytes(needed)} on this server while training goes on. You "
                f"keep {megabytes(kept)}, and each learner may keep "
                f"{megabytes(self.limits.learner_bytes)}. Remove runs or photos on Data, start "
                "fewer runs at once, or choose a smaller network."
            )
        active = self._store.jobs(kind="train", status=_ACTIVE)
        promised = sum(max(0, self._of(job) - folder_bytes(run_folder(job.id))) for job in active)
        if needed + promised > free_bytes() - self.limits.disk_floor:
            raise UserError(
                f"{what} may take {megabytes(needed)} while training goes on, and this server's "
                "disk has no room for that beside the runs that it has taken already. Wait until "
                "some have ended, or choose a smaller network."
            )

    def _sum(self, table: Table, owner: str) -> int:
        query = select(func.sum(table.c.bytes)).where(table.c.owner == owner)
        with self._store.engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def _of(self, job: Job) -> int:
        if job.active:
            # What an older version has written, and this one does not start, takes nothing.
            with contextlib.suppress(UserError, TypeError):
                return run_bytes(job.payload)
            return 0
        if job.bytes is not None:
            return job.bytes
        found = folder_bytes(run_folder(job.id))
        if time.time() - (job.ended or 0) > _SETTLED_SECONDS:
            this = update(jobs).where(jobs.c.id == job.id, jobs.c.ended == job.ended)
            # On a full disk it is added up once more the next time.
            with (
                contextlib.suppress(OperationalError, UserError),
                self._store.engine.begin() as connection,
            ):
                connection.execute(this.values(bytes=found))
        return found


def free_bytes() -> int:
    """Return what is free on the disk where everything is kept."""
    return shutil.disk_usage(home()).free


def check_disk(limits: UploadLimits) -> None:
    """Refuse what is new while the disk is almost full.

    Raises
    ------
    UserError
        In one sentence.
    """
    free = free_bytes()
    if free < limits.disk_floor:
        raise UserError(full_disk(free))


def full_disk(free: int) -> str:
    """Return the sentence for a disk with so little room."""
    return (
        f"The disk of this server is almost full ({megabytes(free)} free), so it takes nothing "
        "new. What is here stays, and runs that train go on. Remove what you no longer need on "
        "Data, or tell whoever leads the class."
    )
