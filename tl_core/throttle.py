"""Something that may happen often, done only now and then."""

from __future__ import annotations

import math
import time


class Throttle:
    """Says when something is due that is done at most every so many seconds.

    Parameters
    ----------
    seconds
        Between two times; the first is due at once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = -math.inf

    @property
    def due(self) -> bool:
        """Whether the last time is long enough ago."""
        return time.monotonic() - self._last >= self._seconds

    def done(self) -> None:
        """Note that it is done now."""
        self._last = time.monotonic()

    def take(self, *, always: bool = False) -> bool:
        """Tell whether it is due, or to be done in any case; it is then taken as done."""
        if take := always or self.due:
            self.done()
        return take
