"""Numbers and lists in words for people."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def shown(value: Any) -> str:
    """Write any value as Python does, in a few characters however long or deep it is."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"


def some_of(names: Iterable[str], most: int = 5) -> str:
    """Name the first few, and say how many more there are."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def bytes_text(count: float, base: int = 1000) -> str:
    """Write a number of bytes: "0.4 MB", "48 MB", "1.5 GB".

    Parameters
    ----------
    count
        The number.
    base
        1024 where a limit was set in such units, so that it is told as it was set.
    """
    unit, name = (base**3, "GB") if count >= base**3 else (base**2, "MB")
    digits = 0 if count >= 10 * unit or count % unit == 0 else 1
    return f"{count / unit:.{digits}f} {name}"


def count_text(number: float) -> str:
    """Write a large number in three digits: "46.8 M"."""
    units = ((1e9, " G"), (1e6, " M"), (1e3, " k"))
    size, name = next((unit for unit in units if number >= unit[0]), (1, ""))
    return f"{number / size:.3g}{name}"


def duration_text(seconds: float) -> str:
    """Write a duration: "8 s", "2 min 5 s", "1 h 3 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def prediction_text(seconds: float) -> str:
    """Write a predicted duration, no more precise than it is: "under 0.1 s", "2.4 s", "12 s"."""
    if seconds < 0.1:
        return "under 0.1 s"
    return f"{seconds:.1f} s" if seconds < 9.5 else duration_text(seconds)


def remaining_text(seconds: float) -> str:
    """Write how long something stays, in one unit: "6 days", "23 h", "45 min"."""
    hours = round(seconds / 3600)
    if hours > 48:
        return f"{round(hours / 24)} days"
    return f"{hours} h" if hours > 1 else f"{max(1, round(seconds / 60))} min"
