"""The one process of a machine that runs jobs: ``python -m tl_core.execution.supervisor [URL]``.

It is started by :class:`~tl_core.execution.local.LocalExecutor` and holds a fork server into which
torch is loaded once, so that a worker starts in milliseconds. (A page cannot fork workers itself:
both spawn and forkserver would run the page's script again in the child.) The fork server never
touches CUDA, which does not survive a fork.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import FrameType

from filelock import Timeout

from tl_core.execution.local import supervisor_lock
from tl_core.home import home, write_atomically
from tl_core.machine import slots
from tl_core.runs.store import RUNNING, WAITING, Job, Store

TICK_SECONDS = 0.1
GRACE_SECONDS = 0.7
"""A worker that was asked to cancel may finish its step for so long; then it is ended."""
IDLE_SECONDS = float(os.environ.get("TL_IDLE_SECONDS", 900))
"""Without work for so long, the supervisor gives its memory back; the next job starts another."""

log = logging.getLogger("supervisor")


@dataclass
class Worker:
    """A process and the job it does."""

    process: BaseProcess
    kind: str
    cancelled_at: float | None = None


class Supervisor:
    """Starts waiting jobs in free slots, ends the cancelled ones and notices the dead ones.

    Parameters
    ----------
    store
        Where jobs come from.
    slots
        How many runs train at once; a prediction may run beside them.
    """

    def __init__(self, store: Store, slots: int) -> None:
        self.store = store
        self.slots = slots
        self.workers: dict[str, Worker] = {}
        self._context = _context()
        for job in store.jobs(status=RUNNING):
            store.end(job.id, "interrupted", "The server was restarted while this was running.")

    def tick(self) -> bool:
        """Look after all jobs once; return whether there is anything to do."""
        waiting = self.store.jobs(status=(WAITING, RUNNING))
        for job in waiting:
            if job.request == "cancel":
                self._cancel(job)
            elif job.status == WAITING and job.request != "pause" and self._free(job):
                self._start(job)
        for identifier, worker in list(self.workers.items()):
            if not worker.process.is_alive():
                self._bury(identifier, worker)
        return bool(waiting or self.workers)

    def shut_down(self) -> None:
        """End all workers; their jobs are interrupted."""
        for identifier, worker in self.workers.items():
            worker.process.terminate()
            worker.process.join(5)
            self.store.end(identifier, "interrupted", "The server was shut down.")

    def _free(self, job: Job) -> bool:
        busy = sum(worker.kind == job.kind for worker in self.workers.values())
        return busy < (self.slots if job.kind == "train" else 1)

    def _start(self, job: Job) -> None:
        from tl_core.execution.entry import run_in_process

        if self.store.start(job.id):
            process = self._context.Process(  # type: ignore[attr-defined]
                target=run_in_process, args=(self.store.url, job.id), name=f"job {job.id}"
            )
            process.start()
            log.info("job %s (%s) runs in process %s", job.id, job.kind, process.pid)
            self.workers[job.id] = Worker(process, job.kind)

    def _cancel(self, job: Job) -> None:
        worker = self.workers.get(job.id)
        if worker is None:
            self.store.end(job.id, "cancelled", "Stopped before it began.")
        elif worker.cancelled_at is None:
            worker.cancelled_at = time.monotonic()
        elif time.monotonic() - worker.cancelled_at > GRACE_SECONDS:
            worker.process.kill()

    def _bury(self, identifier: str, worker: Worker) -> None:
        worker.process.join()
        del self.workers[identifier]
        if worker.cancelled_at is not None:
            self.store.end(identifier, "cancelled", "Stopped on request.")
        else:
            code = worker.process.exitcode
            self.store.end(
                identifier,
                "failed",
                f"The training process ended without a word (exit code {code}); the machine may "
                "have run out of memory. Try a smaller batch or image size.",
            )


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tl_core.execution.worker"])
    return context


def main() -> None:
    """Serve until there has been nothing to do for a while."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        # A page that looks whether a supervisor is alive holds the lock for an instant.
        with supervisor_lock(patience=2):
            write_atomically(home() / "supervisor.pid", str(os.getpid()))
            _serve(Store(sys.argv[1] if len(sys.argv) > 1 else None))
    except Timeout:
        log.info("another supervisor is alive")


def _serve(store: Store) -> None:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    supervisor = Supervisor(store, slots())
    log.info("serving %s with %d slots", store.url, supervisor.slots)
    last_busy = time.monotonic()
    try:
        while time.monotonic() - last_busy < IDLE_SECONDS:
            if supervisor.tick():
                last_busy = time.monotonic()
            time.sleep(TICK_SECONDS)
    except KeyboardInterrupt:
        log.info("stopping")
    finally:
        supervisor.shut_down()
        store.close()


if __name__ == "__main__":
    main()
