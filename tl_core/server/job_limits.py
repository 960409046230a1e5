"""How many jobs of each kind there may be at once: of one learner, and of all together.

Jobs of a kind go one after another and in a fair line, so these numbers bound how long the line
gets and what the store keeps, never how much a learner gets done.
"""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.machine import whole_number
from tl_core.store.database import PAUSED, RUNNING, WAITING, Bound


@dataclass(frozen=True)
class JobLimit:
    """The limit of one kind of job.

    Attributes
    ----------
    each
        How many one learner may have.
    variable
        Of the environment, which sets another number.
    refusal
        What a learner reads who wants more; see :class:`~tl_core.store.jobs.Bound`.
    together
        How many there may be of all learners; None where each one's own are limit enough.
    statuses
        Jobs with one of these count.
    """

    each: int
    variable: str
    refusal: str
    together: int | None = None
    statuses: tuple[str, ...] = (WAITING, RUNNING)


JOB_LIMITS = {
    "train": JobLimit(
        8,
        "TL_MAX_WAITING",
        "At most {most} of your runs may wait; there are {there} in line, and this would add "
        "{added}. Wait until one has started, or stop one.",
        statuses=(WAITING, PAUSED),
    ),
    "predict": JobLimit(
        3,
        "TL_MAX_QUESTIONS",
        "Your networks still work on {there} of your questions; at most {most} at a time. Wait for "
        "an answer, then bring the next photos.",
    ),
    "preview": JobLimit(
        3,
        "TL_MAX_PREVIEWS",
        "{there} of your previews are still being drawn; at most {most} at a time. Try again in a "
        "moment.",
    ),
    "rank": JobLimit(
        2,
        "TL_MAX_RANKINGS",
        "{there} rankings of yours are under way; at most {most} at a time. Wait until one is "
        "done.",
    ),
    "measure_costs": JobLimit(
        3,
        "TL_MAX_MEASUREMENTS",
        "Other networks are being measured first. What this plan costs is told a little later.",
        together=20,
    ),
    "prefetch_data": JobLimit(
        2,
        "TL_MAX_DOWNLOADS",
        "{there} downloads are under way; at most {most} at a time. Wait until one is done.",
        together=4,
    ),
}
"""What holds for each kind of job that a learner can cause."""


def bounds(kind: str) -> tuple[Bound, ...]:
    """Return what the store holds a kind of job to.

    Raises
    ------
    ConfigError
        If the variable that sets it is no whole number above zero.
    """
    limit = JOB_LIMITS[kind]
    each = whole_number(limit.variable, usual=limit.each) or limit.each
    found = [Bound(each, limit.refusal, limit.statuses)]
    if limit.together is not None:
        most = max(each, limit.together)
        found.append(Bound(most, limit.refusal, limit.statuses, of_all=True))
    return tuple(found)
