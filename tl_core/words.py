"""Numbers and lists in words for people."""

from __future__ import annotations

from collections.abc import Iterable


def some_of(names: Iterable[str], most: int = 5) -> str:
    """Name the first few, and say how many more there are."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
