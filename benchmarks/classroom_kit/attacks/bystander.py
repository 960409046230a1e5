"""An honest visitor beside an attack, in a process of their own, and how long they wait."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from classroom_kit.learner import SET, Learner

PAUSE_SECONDS = 0.25
"""Between an answer and the next click."""
PATIENCE = 30.0
"""Seconds after which no answer is one; then the page is loaded again."""
PAGES = ("data", "compare", "predict", "classroom", "")


@dataclass(frozen=True)
class Click:
    """When it was made, on the clock of the machine, and the seconds until the page was drawn."""

    at: float
    seconds: float


class Bystander:
    """Somebody who clicks through the pages from now on.

    Parameters
    ----------
    url
        Of the server.
    room
        Code of the room they are in, if there is one.
    """

    def __init__(self, url: str, room: str = "") -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_click, args=(url, room, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._clicks: list[Click] = []

    def __enter__(self) -> Bystander:
        if self._ours.poll(120):  # the pages are warm by then
            self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join(5)
        self._ours.close()

    def waited(self, since: float) -> list[float]:
        """Return the seconds of every answer since a time, the one that is waited for included.

        Whoever waits cannot click: an answer that takes long stands also for the clicks that would
        have been made meanwhile (else a stall of ten seconds would be one click of fifty).
        """
        with contextlib.suppress(EOFError, OSError):
            while self._ours.poll():
                self._clicks.append(Click(*self._ours.recv()))
        now = time.monotonic()
        clicks = [c for c in self._clicks if c.at + c.seconds >= since]
        last = max((c.at + c.seconds for c in self._clicks), default=since)
        if (open_for := now - last - PAUSE_SECONDS) > PAUSE_SECONDS:
            clicks.append(Click(last, open_for))
        return [s for click in clicks for s in with_missed(click.seconds)]


def with_missed(seconds: float) -> list[float]:
    """Return the waits of a click and of those that could not be made because of it."""
    count = int(seconds / PAUSE_SECONDS)
    return [seconds, *(seconds - n * PAUSE_SECONDS for n in range(1, count))]


def _click(url: str, room: str, pipe: Connection) -> None:
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_go_about(url, room, pipe))


async def _go_about(url: str, room: str, pipe: Connection) -> None:
    learner = Learner(url, 0)
    await learner.arrive("data")
    if room:
        await learner.join(room)
        await learner.tab.go("data")
    await learner.tab.click(SET)
    for path in PAGES:
        await learner.tab.go(path)
    pipe.send((time.monotonic(), 0.0))
    while True:
        for path in PAGES:
            await asyncio.sleep(PAUSE_SECONDS)
            at = time.monotonic()
            try:
                await asyncio.wait_for(learner.tab.go(path), PATIENCE)
            except Exception:  # no answer, or the connection was lost: until the page is back
                await _again(learner)
            pipe.send((at, time.monotonic() - at))


async def _again(learner: Learner) -> None:
    """Load the page again until it is there."""
    while True:
        with contextlib.suppress(Exception):
            learner.tab.drop()
            await asyncio.wait_for(learner.arrive(), PATIENCE)
            return
        await asyncio.sleep(PAUSE_SECONDS)
