"""What a process has one of, whatever happens to Streamlit's caches.

Streamlit empties its caches whenever a visitor's message or a line of code asks for it. What must
go on until the process ends is therefore no cached resource.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A function that makes its value at the first call and returns the same one from then on.

    Parameters
    ----------
    make
        Makes the value.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.__doc__ = make.__doc__
        self._make = make
        self._made: list[T] = []
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """Return the value, made by whoever asks first."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def forget(self) -> T | None:
        """Let the next call make a new value; return the one that is no longer kept, if any."""
        with self._lock:
            return self._made.pop() if self._made else None
