"""What time it was a while ago, whatever somebody has done to the clock of the machine since.

What has served its time is removed for good, so one reading of the wall clock must not decide that:
a clock that jumps forward by a day would make everything a day older. A steady clock, which nobody
can set, tells by how much the wall clock really should have moved. The difference is a jump, and
what is older than the jump is that much younger than the wall clock says.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from tl_core.errors import UserError
from tl_core.store.database import Store

TOLERANCE_SECONDS = 120.0
"""A wall clock that is off by less is being corrected as all clocks are."""

DOUBT_SECONDS = 3600.0
"""After the machine was off nothing tells how long, so for this time nothing of that gap counts."""

REMEMBERED_SECONDS = 60 * 24 * 3600.0
"""Jumps longer ago than anything is kept are forgotten."""

_KEPT = "clock"
"""The setting that holds the last reading."""


@dataclass(frozen=True)
class Jump:
    """A jump of the wall clock.

    Attributes
    ----------
    at, seconds
        What the wall clock showed after it, and by how much it went too far.
    until
        On the steady clock: when it counts no longer. None if it is certain.
    """

    at: float
    seconds: float
    until: float | None = None


class Clock:
    """A wall clock whose jumps are known.

    Parameters
    ----------
    store
        Where the last reading is kept, so that a restart of the server does not hide a jump.
    wall, steady
        Return seconds since the epoch, and seconds that go on while the machine sleeps.
    boot
        Names the time for which ``steady`` counts on without a break.
    """

    def __init__(
        self,
        store: Store,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
        boot: str | None = None,
    ) -> None:
        self._store, self._wall = store, wall
        self._steady = steady or _steady
        self._boot = boot or _boot()
        self._jumps = [Jump(*jump) for jump in self._last().get("jumps", ())]

    def tick(self) -> None:
        """Read both clocks, and keep in mind what they say."""
        wall, steady = self._wall(), self._steady()
        self._jumps = self._jumps_by(wall, steady)
        kept = {
            "wall": wall,
            "steady": steady,
            "boot": self._boot,
            "jumps": [[jump.at, jump.seconds, jump.until] for jump in self._jumps],
        }
        with contextlib.suppress(OperationalError, UserError):  # the next time may go better
            self._store.set_setting(_KEPT, kept)

    def ago(self, seconds: float) -> float:
        """Return what the wall clock showed so many seconds ago."""
        then = self._wall() - seconds
        for jump in reversed(self._jumps):
            if then < jump.at:
                then -= jump.seconds
        return then

    def until(self, then: float, seconds: float) -> float:
        """Return the seconds that are left until something of that time is so many seconds old."""
        skipped = sum(jump.seconds for jump in self._jumps if then < jump.at)
        return max(0.0, then + skipped + seconds - self._wall())

    def _last(self) -> dict[str, Any]:
        return dict(self._store.setting(_KEPT, {}))

    def _jumps_by(self, wall: float, steady: float) -> list[Jump]:
        last = self._last()
        jumps = [Jump(*jump) for jump in last.get("jumps", ())]
        if not last:
            return jumps
        moved = wall - last["wall"]
        if last["boot"] == self._boot:
            jumps = [jump for jump in jumps if jump.until is None or steady < jump.until]
            off = moved - (steady - last["steady"])
            if abs(off) > TOLERANCE_SECONDS:
                jumps = _with(jumps, Jump(wall, off))
        else:
            jumps = [jump for jump in jumps if jump.until is None]
            if moved > DOUBT_SECONDS:
                jumps.append(Jump(wall, moved, steady + DOUBT_SECONDS))
        return [jump for jump in jumps if wall - REMEMBERED_SECONDS < jump.at <= wall]


def _with(jumps: list[Jump], new: Jump) -> list[Jump]:
    """Add a jump; one back undoes the last ones forward, as far as it goes."""
    if new.seconds > 0:
        return [*jumps, new]
    back = -new.seconds
    while jumps and back > TOLERANCE_SECONDS:
        *jumps, last = jumps
        if (left := last.seconds - back) > TOLERANCE_SECONDS:
            return [*jumps, Jump(last.at - back, left, last.until)]
        back -= last.seconds
    return jumps  # what is left makes everything seem younger, which removes nothing


def _steady() -> float:
    """Return seconds that nobody can set; on Linux they count while the machine sleeps, too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@functools.cache
def _boot() -> str:
    """Return a name of the time since the machine started, or where it has none of the process."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return secrets.token_hex(8)
