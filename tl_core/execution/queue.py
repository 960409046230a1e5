"""Who is next: a fair line, and how long it will take. Pure functions.

Whoever has the fewest runs going is next; among equals, whoever was served least recently; a
learner's own runs go in the order in which they were accepted. So thirty learners with two runs
each all see their first run before anyone sees a second one.

Whoever has a slot keeps it for a turn; after that a run waits again, at the end of its epoch, if
somebody else would get the slot then.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tl_core.store.database import YIELD, Job


@dataclass(frozen=True)
class Place:
    """The place of a waiting job.

    Attributes
    ----------
    position
        1 is next.
    seconds
        Expected time until it starts; None where nothing is known to go by.
    """

    position: int
    seconds: float | None


def in_order(
    waiting: Sequence[Job], running: Sequence[Job], served: Mapping[str, float]
) -> list[Job]:
    """Return waiting jobs of one kind in the order in which they get a slot.

    Parameters
    ----------
    running
        The jobs of that kind that have one.
    served
        Until when each owner was served, as far as is known; who is missing never was.
    """
    lines: dict[str, deque[Job]] = {}
    for job in sorted(waiting, key=lambda job: job.position):
        lines.setdefault(job.owner, deque()).append(job)
    going = Counter(job.owner for job in running)
    last = dict(served)
    now = max(served.values(), default=0.0)
    ordered = []
    while lines:
        owner = min(lines, key=lambda o: (going[o], last.get(o, 0.0), lines[o][0].position))
        ordered.append(lines[owner].popleft())
        going[owner] += 1
        now += 1.0
        last[owner] = now
        if not lines[owner]:
            del lines[owner]
    return ordered


def turns_over(
    waiting: Sequence[Job],
    running: Sequence[Job],
    served: Mapping[str, float],
    *,
    slots: int,
    turn: float,
    now: float,
) -> list[Job]:
    """Return the running jobs that had their turn and are to let others go on.

    A job stays unless another owner would really get its slot: nobody waits for their own runs, and
    nobody gives way to who has as many slots as they would have left.

    Parameters
    ----------
    waiting, running, served
        As for :func:`in_order`; a running job that was asked already counts as having given way.
    slots
        How many run at once; a free one is given away before anybody has to yield.
    turn
        Seconds that a job may go on while others wait.
    now
        Seconds since the epoch.
    """
    line, going, last = list(waiting), list(running), dict(served)
    for _ in range(slots - len(going)):
        line, going = _served(in_order(line, going, last), going)
    asked = [job for job in running if job.request]
    due = [j for j in running if not j.request and j.started and now - j.started >= turn]
    over = []
    for job in (*asked, *sorted(due, key=lambda job: job.started or now)):
        left = [other for other in going if other.id != job.id]
        since = {**last, job.owner: now}
        returns = job.request in ("", YIELD)  # what is cancelled or paused only leaves
        ordered = in_order([*line, job] if returns else line, left, since)
        if job.request or ordered[0].owner != job.owner:
            line, going = _served(ordered, left)
            last = {**since, **{next.owner: now for next in ordered[:1]}}
            over += [] if job.request else [job]
    return over


def _served(ordered: list[Job], going: list[Job]) -> tuple[list[Job], list[Job]]:
    """Give a slot to the first of a line: return the rest of the line, and who has a slot now."""
    return ordered[1:], [*going, *ordered[:1]]


def places(
    ordered: Sequence[Job],
    running: Sequence[Job],
    *,
    slots: int,
    durations: Sequence[float],
    turn: float,
    now: float,
) -> dict[str, Place]:
    """Return the place of each waiting job, by id.

    Parameters
    ----------
    ordered
        The waiting jobs, from :func:`in_order`.
    running
        The jobs that have a slot now.
    slots
        How many run at once.
    durations
        Seconds that recent jobs took; their median is what a job is expected to take.
    turn
        Seconds after which a job gives way to those who wait.
    now
        Seconds since the epoch.
    """
    typical = min(median(durations), turn) if durations else None
    free: list[float] = [0.0] * max(0, slots - len(running))
    if typical is not None:
        free += [max(0.0, (job.started or now) + typical - now) for job in running]
    heapq.heapify(free)
    found = {}
    for position, job in enumerate(ordered, start=1):
        seconds = heapq.heappop(free) if free else None
        if seconds is not None and typical is not None:
            heapq.heappush(free, seconds + typical)
        found[job.id] = Place(position, seconds)
    return found
