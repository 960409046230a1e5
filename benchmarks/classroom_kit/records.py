"""Whether what a server has kept is whole: final states, events, records, no scraps."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from tl_core.errors import UserError
from tl_core.store.database import FINAL, Job, Store
from tl_core.training.record import RunRecord


def open_store(home: Path) -> Store:
    """Return the store of a server's home."""
    return Store(f"sqlite:///{home / 'lab.sqlite3'}")


def faults_of(home: Path, job: Job, store: Store) -> list[str]:
    """Return what is wrong with a job that should be over; empty if its record is complete."""
    found = []
    if job.status not in FINAL:
        found.append(f"is still {job.status}")
    if job.status != "finished" and not job.reason:
        found.append("has no reason")
    numbers = [number for number, _ in store.events(job.id)]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append("has gaps in its events")
    folder = home / "runs" / job.id
    if job.status == "finished":
        try:
            RunRecord.load(folder)
        except UserError as error:
            found.append(str(error))
    if job.status != "interrupted":  # what a killed process was writing is removed when it goes on
        found += [f"left {path.name}" for path in folder.glob(".*.*")]
    return [f"{job.kind} {job.id} {fault}" for fault in found]


def check(home: Path, owners: Collection[str] | None = None) -> tuple[int, list[str]]:
    """Return how many training jobs there are, and what is wrong with them or the database.

    Parameters
    ----------
    owners
        Whose jobs are looked at; everybody's unless given.
    """
    store = open_store(home)
    jobs = [job for job in store.jobs(kind="train") if owners is None or job.owner in owners]
    faults = [fault for job in jobs for fault in faults_of(home, job, store)]
    store.close()
    with closing(sqlite3.connect(home / "lab.sqlite3")) as connection:
        [[sound]] = connection.execute("PRAGMA quick_check(1)").fetchall()
    return len(jobs), faults + ([] if sound == "ok" else [f"database: {sound}"])
