"""Tidies up while the app runs, whether or not anybody trains; a thread that draws nothing."""

from __future__ import annotations

import logging
import threading

from tl_core.server.cleanup import sweep
from tl_core.store.database import Store
from ui.shared.once import Once

INTERVAL = 60.0
"""Seconds from one cleanup to the next."""

log = logging.getLogger(__name__)


class Cleanup:
    """Removes photos and runs that have served their time, from now on until it is stopped."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cleanup", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let it end; what it is doing now is finished first."""
        self._stopped.set()
        self._thread.join(10)

    def _work(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                store = Store(patience=0)
                sweep(store)
                store.close()
            except Exception:  # a locked database or a full disk: the next time may go better
                log.exception("cleaning up")


@Once
def cleanup() -> Cleanup:
    """Return the one of this process."""
    return Cleanup()
