"""Who may have their page drawn next: a few at a time, those first who have had least of late.

A page is drawn by a thread of Python, and many of them at once keep the server from hearing
anybody. Whoever asks again and again gets every page all the same, but after the others.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field

SLOTS = 4
"""Pages that begin to be drawn at the same time."""

HOLD_SECONDS = 0.5
"""After which a page that takes longer counts no more; some wait for a check or a download."""

HALF_LIFE_SECONDS = 10.0
"""In which half of what somebody has had is forgotten."""


@dataclass(eq=False)
class Taker:
    """One connection: what it has had of late, in seconds, and whether a page is drawn for it."""

    had: float = 0.0
    when: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    def lately(self, now: float) -> float:
        """Return the seconds that it has had of late."""
        return float(self.had * 0.5 ** ((now - self.when) / HALF_LIFE_SECONDS))


class Turns:
    """The line of all connections; used in one event loop.

    Parameters
    ----------
    slots
        How many have a turn at the same time.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self._free = slots
        self._line: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    async def take(self, taker: Taker) -> None:
        """Wait for a turn; it ends with :meth:`end`, or by itself after a while."""
        while taker.timer is not None:
            await taker.over.wait()
        loop = asyncio.get_running_loop()
        if self._free and not self._line:
            self._free -= 1
        else:
            mine: asyncio.Future[None] = loop.create_future()
            heapq.heappush(self._line, (taker.lately(loop.time()), next(self._number), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._next()
                raise
        taker.had, taker.when = taker.lately(loop.time()), loop.time()
        taker.over.clear()
        taker.timer = loop.call_later(HOLD_SECONDS, self.end, taker)

    def end(self, taker: Taker) -> None:
        """End a turn, if there is one; the next in line has theirs."""
        if taker.timer is None:
            return
        taker.timer.cancel()
        taker.timer = None
        taker.had += asyncio.get_running_loop().time() - taker.when
        taker.over.set()
        self._next()

    def _next(self) -> None:
        while self._line:
            waiting = heapq.heappop(self._line)[2]
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1
