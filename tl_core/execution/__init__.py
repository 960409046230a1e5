"""Runs happen here, outside of whoever asked for them.

Everything goes through the :class:`Executor` protocol: submit a job, ask it to pause or stop, and
follow its events in the store. Pages use :class:`~tl_core.execution.local.LocalExecutor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tl_core.home import home
from tl_core.runs.store import Store


class Executor(Protocol):
    """Takes jobs; their events and final status appear in its store."""

    store: Store

    def submit(
        self, kind: str, payload: Mapping[str, Any], *, owner: str, comparison: str | None = None
    ) -> str:
        """Accept a job and return its id without waiting for it to end."""
        ...

    def request(self, identifier: str, what: str) -> None:
        """Ask a job to ``cancel`` or ``pause``; an empty request lets it go on."""
        ...


def run_folder(identifier: str) -> Path:
    """Return the folder of a run's record."""
    return home() / "runs" / identifier


__all__ = ["Executor", "run_folder"]
