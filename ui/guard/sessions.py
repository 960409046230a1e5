"""Sessions of closed tabs: kept for a while, so that a lost connection finds its tab again.

Streamlit's own storage lets go of a session when the next one comes, whenever that is.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable

from streamlit.runtime.session_manager import SessionInfo, SessionStorage

MOST = 64
"""Sessions that are kept; the one that was left first goes first."""


class Sessions(SessionStorage):
    """Sessions without a tab, each for ``seconds``; :meth:`expire` shuts down those that are over.

    Parameters
    ----------
    seconds
        For how long a tab may come back.
    clock
        Tells the time, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._kept: dict[str, tuple[float, SessionInfo]] = {}

    def get(self, session_id: str) -> SessionInfo | None:
        """Return a session that may still go on."""
        left, info = self._kept.get(session_id, (0.0, None))
        return info if info is not None and self._clock() < left + self._seconds else None

    def save(self, session_info: SessionInfo) -> None:
        """Keep a session whose tab is gone."""
        self._kept[session_info.session.id] = (self._clock(), session_info)
        self.expire()

    def delete(self, session_id: str) -> None:
        """Forget a session that goes on in a tab, or has ended."""
        self._kept.pop(session_id, None)

    def list(self) -> builtins.list[SessionInfo]:
        """Return all that are kept."""
        return [info for _, info in self._kept.values()]

    def expire(self) -> None:
        """End what nobody has come back to; its files, pictures and state go with it."""
        over, surplus = self._clock() - self._seconds, len(self._kept) - MOST
        for number, (name, (left, info)) in enumerate(list(self._kept.items())):
            if left <= over or number < surplus:
                del self._kept[name]
                info.session.shutdown()
