"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

OVERHEAD = "overhead"
"""What belongs to no part."""

_NOTHING = nullcontext()


class Stopwatch:
    """Counts the seconds of each part of some work, from now on.

    A part inside another interrupts it, so each second counts once, and the parts add up to all of
    the time. One that does not run costs next to nothing.

    Parameters
    ----------
    running
        Whether it counts at all.
    clock
        Returns seconds.

    Attributes
    ----------
    synchronize
        Called before each look at the clock: waits for a device that works on its own.
    """

    def __init__(
        self, running: bool = True, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.running = running
        self.synchronize: Callable[[], None] = lambda: None
        self._clock = clock
        self._part, self._since = OVERHEAD, clock()
        self._seconds: dict[str, float] = {}

    def part(self, name: str) -> AbstractContextManager[None]:
        """Count what is done inside this context for a part."""
        return self._count(name) if self.running else _NOTHING

    @contextmanager
    def _count(self, name: str) -> Iterator[None]:
        outer = self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def _switch(self, name: str) -> str:
        """Begin a part; return the one that was going on."""
        self.synchronize()
        now, before = self._clock(), self._part
        self._seconds[before] = self._seconds.get(before, 0.0) + now - self._since
        self._part, self._since = name, now
        return before

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part up to now; nothing if it does not run."""
        if not self.running:
            return {}
        self._switch(self._part)
        return dict(self._seconds)
