"""Runs each job at once, in the process that asks: for notebooks and tests."""

from __future__ import annotations

from collections.abc import Sequence

from tl_core.execution import Executor


class InlineExecutor(Executor):
    """Does jobs before ``submit`` returns."""

    def dispatch(self, identifiers: Sequence[str]) -> None:
        """Do the jobs that wait, one after the other."""
        from tl_core.execution.worker import run_job

        for identifier in identifiers:
            if self.store.start(identifier):
                run_job(self.store.url, identifier)
