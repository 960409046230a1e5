"""Takes things away for good, from the store and from the disk: jobs, and all that is a learner's.

:func:`sweep` is for a process that lives as long as the server; it may be called at any time, by
several processes, and takes little time when there is nothing to do.
"""

from __future__ import annotations

import shutil

from sqlalchemy import case, delete, func, select, update

from tl_core import cache
from tl_core.execution import Executor, asked_about, run_folder
from tl_core.server.clock import Clock
from tl_core.server.limits import UploadLimits
from tl_core.server.upload_spool import discard
from tl_core.server.uploads import Uploads, shots_folder
from tl_core.server.visitors import forget_newcomers
from tl_core.store.database import FINAL, PAUSED, Store
from tl_core.store.schema import events, jobs, members, shrink, workspaces

NOBODY = ""
"""Owner of jobs that are to be removed as soon as they have ended."""

PASSING, PASSING_SECONDS = ("measure_costs", "preview"), 600.0
"""Kinds of jobs whose outcome lies elsewhere or was looked at at once, and how long they stay."""


def remove_job(store: Store, identifier: str) -> bool:
    """Remove a job that has ended, with its events and its folder.

    Returns
    -------
    bool
        False if there is no such job or it is still active: ask it to cancel first.
    """
    ended = delete(jobs).where(jobs.c.id == identifier, jobs.c.status.in_(FINAL))
    with store.engine.begin() as connection:
        if connection.execute(ended).rowcount == 0:
            return False
        connection.execute(delete(events).where(events.c.job == identifier))
    shutil.rmtree(run_folder(identifier), ignore_errors=True)
    return True


def take_away(executor: Executor, identifier: str) -> None:
    """Stop a job and remove it; nobody owns it from now on, until it has ended and is gone."""
    executor.request(identifier, "cancel")
    with executor.store.engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == identifier).values(owner=NOBODY))
    remove_forgotten(executor.store)


def forget(executor: Executor, owner: str) -> None:
    """Remove everything that a learner brought and made: photos, runs, questions, settings.

    It is gone for the learner at once. A run that is still going on is cancelled and removed by the
    next :func:`sweep` after it has ended. Photos that others sent as well, or that an open room
    starts from, stay for them.
    """
    store = executor.store
    for job in store.jobs(owner=owner):
        if job.active:
            executor.request(job.id, "cancel")
    uploads = Uploads(store)
    brought = uploads.of(owner)
    with store.engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.owner == owner).values(owner=NOBODY))
        for table in (workspaces, members):
            connection.execute(delete(table).where(table.c.owner == owner))
    remove_forgotten(store)
    uploads.questions.forget(owner)
    discard(shots_folder() / owner)
    for upload in brought:
        uploads.delete(owner, upload.folder)
    if brought:
        cache.clear()  # decoded photos and their features; others' are made again


def remove_forgotten(store: Store) -> None:
    """Remove the jobs that belong to nobody, as far as they have ended."""
    for job in store.jobs(owner=NOBODY, status=FINAL):
        for item in asked_about(job.payload):
            Uploads(store).questions.forget_file(item)
        remove_job(store, job.id)


def remove_old_jobs(store: Store, limits: UploadLimits, clock: Clock) -> None:
    """Remove what has ended long ago: runs after days, whatever else was asked after hours.

    A run that has been paused for so long is not going to go on, and is cancelled and removed, too.
    """
    run, other = clock.ago(limits.run_seconds), clock.ago(limits.hours * 3600)
    passing = jobs.c.kind.in_(PASSING), clock.ago(PASSING_SECONDS)
    last = func.coalesce(jobs.c.ended, jobs.c.started, jobs.c.created)
    old = select(jobs.c.id, jobs.c.status).where(
        jobs.c.status.in_((*FINAL, PAUSED)),
        last < case((jobs.c.kind == "train", run), passing, else_=other),
    )
    with store.engine.connect() as connection:
        found = connection.execute(old).all()
    for identifier, status in found:
        if status == PAUSED:
            store.request(identifier, "cancel")
        remove_job(store, identifier)


def sweep(store: Store, clock: Clock | None = None) -> None:
    """Remove what has served its time, on a clock that no jump of the machine's makes older.

    See :class:`~tl_core.server.clock.Clock` and :class:`~tl_core.server.uploads.Uploads`.
    """
    clock = clock or Clock(store)
    clock.tick()
    remove_forgotten(store)
    uploads = Uploads(store)
    remove_old_jobs(store, uploads.limits, clock)
    uploads.clean_up(clock)
    forget_newcomers(store, clock)
    cache.clear(unused_since=clock.ago(uploads.limits.hours * 3600))
    shrink(store.engine)
