"""How one machine's cores are shared out; the same for every run, whoever starts it."""

from __future__ import annotations

import os


def slots() -> int:
    """Return how many runs this machine trains at once: ``TL_SLOTS``, else one for two cores."""
    return int(os.environ.get("TL_SLOTS", 0)) or max(1, (os.cpu_count() or 1) // 2)


def default_threads() -> int:
    """Return the threads of one run: the cores shared out among the slots."""
    return max(1, (os.cpu_count() or 1) // slots())
