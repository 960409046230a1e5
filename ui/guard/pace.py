"""How fast somebody may go on: a stock that refills and is drawn from (a token bucket)."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Lets ``burst`` pass at once and ``rate`` a second from then on.

    Parameters
    ----------
    rate, burst
        In whatever is counted.
    clock
        Tells the time, in seconds.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._then = burst, clock()

    def spend(self, amount: float) -> float:
        """Draw an amount; return the seconds to wait before going on, 0 while there is stock."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._then) * self._rate) - amount
        self._then = now
        return max(0.0, -self._left / self._rate)
