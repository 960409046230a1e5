"""One line of the rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tl_core.errors import TLError


@dataclass(frozen=True)
class Check:
    """What was looked at and what was found.

    Attributes
    ----------
    name
        What was looked at, in two or three words.
    status
        ``ok``; ``note`` for what a class can live with; ``fail`` for what has to be fixed before.
    text
        What was found.
    fix
        How to fix it; empty where nothing has to be.
    """

    name: str
    status: Literal["ok", "note", "fail"]
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name, "ok", text)


def note(name: str, text: str, fix: str) -> Check:
    """Return a check that found something that a class can live with."""
    return Check(name, "note", text, fix)


def fail(name: str, text: str, fix: str) -> Check:
    """Return a check that found what has to be fixed."""
    return Check(name, "fail", text, fix)


def guarded(name: str, check: Callable[[str], Check]) -> Check:
    """Make a check; whatever it raises is its finding, so that the others are made too."""
    try:
        return check(name)
    except (TLError, OSError) as error:
        return fail(name, str(error), "Fix this, then run the rehearsal again.")
    except Exception as error:
        text = f"something unexpected: {type(error).__name__}: {error}"
        return fail(name, text, "Please report this; the class may still work without it.")
