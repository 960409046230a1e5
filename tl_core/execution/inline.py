"""Runs each job at once, in the process that asks: for notebooks and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tl_core.runs.store import Store


class InlineExecutor:
    """Does a job before ``submit`` returns."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    def submit(
        self, kind: str, payload: Mapping[str, Any], *, owner: str, comparison: str | None = None
    ) -> str:
        """Do the job and return its id."""
        from tl_core.execution.worker import run_job

        identifier = self.store.add_job(kind, payload, owner=owner, comparison=comparison)
        self.store.start(identifier)
        run_job(self.store.url, identifier)
        return identifier

    def request(self, identifier: str, what: str) -> None:
        """Do nothing: the job is already over."""
        self.store.request(identifier, what)
