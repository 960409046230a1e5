"""Work on many files at once, in a few threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from tl_core.steps import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")
WORKERS = min(4, os.cpu_count() or 1)
"""Few: each may hold a whole decoded item in memory."""

AHEAD = 16 * WORKERS
"""Items that are begun before the first result is taken."""


def each(
    function: Callable[[Item], Result], items: Sequence[Item], progress: Progress | None = None
) -> list[Result]:
    """Return ``[function(item) for item in items]``, worked out in threads, in order.

    The first exception ends the work and is raised.
    """
    return list(stream(function, items, progress))


def stream(
    function: Callable[[Item], Result], items: Sequence[Item], progress: Progress | None = None
) -> Iterator[Result]:
    """Yield what :func:`each` returns, one by one; no more than a few are held at a time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: deque[Future[Result]] = deque()
        try:
            for done, item in enumerate(items):
                ahead.append(pool.submit(function, item))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
                    if progress:
                        progress(done + 1 - len(ahead), len(items), "files")
            while ahead:
                yield ahead.popleft().result()
                if progress:
                    progress(len(items) - len(ahead), len(items), "files")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
