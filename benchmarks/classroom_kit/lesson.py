"""Thirty learners at once: everything ends well, and pages stay quick."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from classroom_kit.learner import Learner
from classroom_kit.records import check
from classroom_kit.report import Row, percentile
from classroom_kit.server import Server

P50, P95 = 0.3, 1.0
SETTINGS = {"Epochs": 3.0, "Photo_size_in_pixels": 64.0}


async def attend(learner: Learner, wait: float, room: str = "") -> None:
    """Do what a learner does in a lesson, in a room if there is one."""
    await asyncio.sleep(wait)
    await learner.arrive()
    if room:
        await learner.join(room)
    await learner.bring_photos()
    await learner.start(**SETTINGS)
    await learner.look_around()
    await learner.wait()
    await learner.leave()


def lesson(home: Path, learners: int, arrival: float = 1.0) -> list[Row]:
    """Hold a lesson; learners arrive one after another, ``arrival`` seconds apart."""
    with Server(home, TL_SLOTS="2") as server:
        people = [Learner(server.url, number) for number in range(learners)]
        start = time.monotonic()

        async def attend_all() -> None:
            work = (attend(p, arrival * i) for i, p in enumerate(people))
            await asyncio.gather(*work)

        asyncio.run(attend_all())
        seconds = time.monotonic() - start
    count, faults = check(home)
    reactions = [r for p in people for r in p.reactions]
    polls = [r for p in people for r in p.polls]
    uploads = [r for p in people for r in p.uploads]
    middle, high = percentile(reactions, 50), percentile(reactions, 95)
    return [
        Row(
            f"{learners} learners, {count} accepted runs that end in a final state, complete",
            "all",
            f"{count - len({f.split()[1] for f in faults})} of {count} in {seconds:.0f} s"
            + (f"; {faults[0]}" if faults else ""),
            not faults and count == 2 * learners,
        ),
        Row(
            f"page reaction with all {learners} there and two runs training, p50 / p95",
            f"{P50} s / {P95} s",
            f"{middle:.2f} s / {high:.2f} s ({len(reactions)} messages; looks of live charts "
            f"{percentile(polls, 50):.2f} s / {percentile(polls, 95):.2f} s; checking 20 photos "
            f"{percentile(uploads, 50):.1f} s)",
            middle <= P50 and high <= P95,
        ),
    ]
