"""Takes things away for good, from the store and from the disk: jobs, and all that is a learner's.

:func:`sweep` is for a process that lives as long as the server; it may be called at any time, by
several processes, and takes little time when there is nothing to do.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from sqlalchemy import delete, update

from tl_core import cache
from tl_core.execution import Executor, run_folder
from tl_core.server.upload_spool import discard
from tl_core.server.uploads import Uploads, questions_folder
from tl_core.store.database import FINAL, Store
from tl_core.store.schema import events, jobs, members, workspaces

NOBODY = ""
"""Owner of jobs that are to be removed as soon as they have ended."""


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
    for upload in brought:
        uploads.delete(owner, upload.folder)
    if brought:
        cache.clear()  # decoded photos and their features; others' are made again


def remove_forgotten(store: Store) -> None:
    """Remove the jobs that belong to nobody, as far as they have ended."""
    for job in store.jobs(owner=NOBODY, status=FINAL):
        question = Path(job.payload.get("photo", ""))
        if question.parent == questions_folder():
            discard(question)
        remove_job(store, job.id)


def sweep(store: Store) -> None:
    """Remove what has served its time: see :class:`~tl_core.server.uploads.Uploads`."""
    remove_forgotten(store)
    uploads = Uploads(store)
    uploads.clean_up()
    cache.clear(unused_since=time.time() - uploads.limits.hours * 3600)
    store.shrink()
