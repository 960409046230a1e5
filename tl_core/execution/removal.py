"""Takes jobs away for good: from the store and from the disk."""

from __future__ import annotations

import shutil

from sqlalchemy import delete

from tl_core.execution import run_folder
from tl_core.runs.schema import events, jobs
from tl_core.runs.store import FINAL, Store


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
