"""Who may open the instructor's screen."""

from __future__ import annotations

import hmac
import time
from collections import deque
from collections.abc import Callable

from tl_core.errors import UserError

SHORTEST = 8
"""Characters of an instructor's code; a shorter one could be guessed."""


class InstructorLogin:
    """Checks the instructor's code, and how often it was tried.

    Somebody who tries codes in one browser locks out that browser alone; only many browsers
    together lock out everyone. Who is in stays in for some hours, as long as the code is the same.

    Parameters
    ----------
    tries, tries_of_all
        Wrong codes that one learner, and all together, may give within ``window`` seconds.
    lasts
        Seconds until somebody who signed in has to do so again.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(
        self,
        tries: int = 5,
        tries_of_all: int = 50,
        window: float = 300,
        lasts: float = 12 * 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tries, self.tries_of_all = tries, tries_of_all
        self.window, self.lasts = window, lasts
        self._clock = clock
        self._wrong: deque[tuple[float, str]] = deque()  # when, and who
        self._inside: dict[str, tuple[str, float]] = {}

    def sign_in(self, who: str, given: str, code: str) -> None:
        """Let somebody in who gives the right code.

        Raises
        ------
        UserError
            If the code is wrong, or wrong codes were given too often.
        """
        now = self._clock()
        while self._wrong and self._wrong[0][0] <= now - self.window:
            self._wrong.popleft()
        theirs = sum(name == who for _, name in self._wrong)
        if theirs >= self.tries or len(self._wrong) >= self.tries_of_all:
            wait = max(1, round((self._wrong[0][0] + self.window - now) / 60))
            raise UserError(f"Too many wrong codes were given. Wait {wait} min, then try again.")
        if not hmac.compare_digest(given.strip().encode(), code.encode()):
            self._wrong.append((now, who))
            raise UserError("This is not the instructor's code of this server.")
        self._inside[who] = (code, now + self.lasts)

    def inside(self, who: str, code: str) -> bool:
        """Tell whether somebody has signed in with this code, not too long ago."""
        given, until = self._inside.get(who, ("", 0.0))
        return self._clock() < until and hmac.compare_digest(given.encode(), code.encode())

    def sign_out(self, who: str) -> None:
        """Ask somebody for the code again."""
        self._inside.pop(who, None)
