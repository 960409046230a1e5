"""Who may open the instructor's screen."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from tl_core.errors import UserError

SHORTEST = 8
"""Characters of an instructor's code; with a shorter one the screen stays closed."""

ADVISED = 12
"""Characters that the rehearsal asks for: at random, out of reach of any guesser."""

FREE = 2
"""Wrong codes of a learner that cost them nothing: everybody mistypes."""

LONGEST_OWN, LONGEST_SHARED = 30.0, 5.0
"""Seconds that somebody waits at most for their own wrong codes, and for those of others."""

_SHARED_STEP = 0.1


@dataclass(frozen=True)
class SignedIn:
    """What the session of somebody who gave the right code holds.

    Attributes
    ----------
    code
        Digest of the code; another code asks for a new sign-in.
    until
        On the clock of the login that made it.
    """

    code: bytes
    until: float


class InstructorLogin:
    """Checks the instructor's code; wrong ones make their sender wait for the next answer.

    Nobody is refused: whoever guesses could then lock the instructor out. Right and wrong codes are
    answered alike after a wait that grows with the wrong codes of the last minutes. A learner's own
    double it. Learners can be made up at will, an address in a classroom's network hardly, so the
    wrong codes from one address count too; but a whole class stands behind one, the instructor
    included, so what others do there delays nobody by more than ``LONGEST_SHARED`` seconds.

    Parameters
    ----------
    window
        Seconds for which a wrong code counts.
    lasts
        Seconds until somebody who signed in has to do so again.
    clock, sleep
        Return seconds, and wait for some; replaced in tests.
    """

    def __init__(
        self,
        window: float = 300,
        lasts: float = 12 * 3600,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.window, self.lasts = window, lasts
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()  # each session asks from a thread of its own
        self._wrong: deque[tuple[float, str, str]] = deque()  # when, who, from where
        self._by_learner: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()

    def sign_in(self, who: str, address: str, given: str, code: str) -> SignedIn:
        """Answer, after a wait, whether a code is the right one.

        Parameters
        ----------
        who, address
            The learner, and where their browser is; empty where that is not known.
        given, code
            What was typed, and what is right.

        Raises
        ------
        UserError
            If the code is wrong.
        """
        right = hmac.compare_digest(_digest(given.strip()), _digest(code))
        with self._lock:
            self._forget_old()
            wait = self._wait(who, address)
            if not right:  # counted before the wait, so that nobody hangs up to escape it
                self._wrong.append((self._clock(), who, address))
                self._by_learner[who] += 1
                self._by_address[address] += 1
            following = self._wait(who, address)
        self._sleep(wait)
        if right:
            return SignedIn(_digest(code), self._clock() + self.lasts)
        later = f" The next one is answered after {following:.0f} s." if following >= 1 else ""
        raise UserError(f"This is not the instructor's code of this server.{later}")

    def holds(self, signed_in: SignedIn, code: str) -> bool:
        """Tell whether a sign-in was with this code, and not too long ago."""
        return self._clock() < signed_in.until and hmac.compare_digest(
            signed_in.code, _digest(code)
        )

    def _wait(self, who: str, address: str) -> float:
        own = self._by_learner[who] - FREE
        shared = _SHARED_STEP * (self._by_address[address] - self._by_learner[who])
        return max(
            0.0 if own <= 0 else min(LONGEST_OWN, 2.0 ** min(own - 1, 10)),
            min(LONGEST_SHARED, max(0.0, shared)),
        )

    def _forget_old(self) -> None:
        while self._wrong and self._wrong[0][0] <= self._clock() - self.window:
            _, who, address = self._wrong.popleft()
            for counter, key in ((self._by_learner, who), (self._by_address, address)):
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]


def weakness(code: str) -> str | None:
    """Say why a code could be guessed; None if it could not.

    The app answers some hundred codes a second at most, since each takes a run of the page.
    ``SHORTEST`` letters and digits at random withstand that for centuries, what people make up for
    minutes.
    """
    if len(code) < ADVISED:
        return f"it has {len(code)} characters; {ADVISED} or more cannot be guessed"
    if code.isdecimal() or len(set(code)) < ADVISED // 2:
        return "it consists of digits alone, or of few different characters"
    return None


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
