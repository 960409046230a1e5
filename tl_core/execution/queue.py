"""Who is next: a fair line, and how long it will take. Pure functions.

Whoever has the fewest runs going is next; among equals, whoever was served least recently; a
learner's own runs go in the order in which they were accepted. So thirty learners with two runs
each all see their first run before anyone sees a second one.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tl_core.machine import whole_number
from tl_core.store.database import Job

MAX_WAITING = 8


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


def max_waiting() -> int:
    """Return the number of runs of one learner that may wait: ``TL_MAX_WAITING``, else 8."""
    return whole_number("TL_MAX_WAITING") or MAX_WAITING


def in_order(
    waiting: Sequence[Job], running: Sequence[Job], served: Mapping[str, float]
) -> list[Job]:
    """Return waiting jobs of one kind in the order in which they get a slot.

    Parameters
    ----------
    running
        The jobs of that kind that have one.
    served
        When a job of each owner was last started; who is missing never was.
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


def places(
    ordered: Sequence[Job],
    running: Sequence[Job],
    *,
    slots: int,
    durations: Sequence[float],
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
    now
        Seconds since the epoch.
    """
    typical = median(durations) if durations else None
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
