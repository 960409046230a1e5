"""Whether there is room for new jobs, and whether their owner may start them.

The checks are made where jobs are accepted, whatever a page has shown before; each raises a
sentence for a person and changes nothing that belongs to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tl_core.server.budget import Budget, check_disk
from tl_core.server.cleanup import NOBODY
from tl_core.server.limits import UploadLimits
from tl_core.server.visitors import check_member, check_newcomer
from tl_core.store.database import Job, Store

_OPEN_TO_ALL = ("preview",)
"""Kinds of jobs that only show something."""


def check(store: Store, owner: str, kind: str, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Check whether jobs may be accepted.

    Parameters
    ----------
    owner
        Whose they will be.
    kind, payloads
        As they go to :meth:`~tl_core.execution.Executor.submit_all`.

    Raises
    ------
    UserError
        In one sentence, if they may not.
    """
    limits = UploadLimits.from_environment()
    check_disk(limits)
    if owner == NOBODY:
        return
    if kind not in _OPEN_TO_ALL:
        check_member(store, owner)
    check_newcomer(store, owner)
    if kind == "train":
        Budget(store, limits).check_runs(owner, payloads)


def check_resumed(store: Store, job: Job) -> None:
    """Check whether a run that was accepted before may go on: see :func:`check`.

    A paused one has its share of the budget; an interrupted one needs what it will take once more
    while it trains.
    """
    limits = UploadLimits.from_environment()
    check_disk(limits)
    check_member(store, job.owner)
    if not job.active:
        Budget(store, limits).check_runs(job.owner, [job.payload], instead_of=job.id)
