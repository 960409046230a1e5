"""Work on many files at once, in a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

WORKERS = min(4, os.cpu_count() or 1)
"""Few: each may hold a decoded photo of ``decode.MAX_PIXELS`` in memory."""


def each(
    function: Callable[[Item], Result], items: Sequence[Item], progress: Progress | None = None
) -> list[Result]:
    """Return ``[function(item) for item in items]``, worked out in threads, in order.

    The first exception ends the work and is raised.
    """
    results: list[Result] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for result in pool.map(function, items):
                results.append(result)
                if progress:
                    progress(len(results), len(items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results
