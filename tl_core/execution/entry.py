"""Where a worker process begins; light, so that the supervisor need not load torch."""

from __future__ import annotations

import os


def run_in_process(url: str, identifier: str) -> None:
    """Do one job in a process of its own, politely: the pages come first."""
    if hasattr(os, "nice"):
        os.nice(10)
    from tl_core.execution.worker import run_job

    run_job(url, identifier)
