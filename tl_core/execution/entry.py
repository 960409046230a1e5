"""Where a worker process begins; light, so that the supervisor need not load torch."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

from tl_core.machine import share_heaps, step_back


def run_in_process(url: str, identifier: str, gpu: str | None = None) -> None:
    """Do one job in a process of its own, which ends when its supervisor does.

    Parameters
    ----------
    url
        Of the store.
    gpu
        The only CUDA device that the job is to see; None for all there are.
    """
    step_back()
    share_heaps()
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    from tl_core.execution.worker import run_job

    run_job(url, identifier)


def _end_with_supervisor() -> None:
    """Wait until there is no supervisor any more (or no fork server), then end at once.

    Nobody would know of this process then, and its run may be started a second time.
    """
    supervisor, parent = multiprocessing.parent_process(), os.getppid()
    assert supervisor is not None
    while not wait([supervisor.sentinel], timeout=1) and os.getppid() == parent:
        pass
    os._exit(1)
