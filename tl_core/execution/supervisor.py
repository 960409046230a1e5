"""The one process of a machine that runs jobs: ``python -m tl_core.execution.supervisor [URL]``.

It is started by :class:`~tl_core.execution.local.LocalExecutor`, which gives it ``-`` in place of
the store's URL, and the URL, whatever password it has, on the standard input. It holds a fork
server into which torch is loaded once, so that a worker starts in milliseconds. (A page cannot fork
workers itself: both spawn and forkserver would run the page's script again in the child.) The fork
server never touches CUDA, which does not survive a fork.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from filelock import Timeout
from sqlalchemy.exc import OperationalError

from tl_core.errors import DamagedStore
from tl_core.execution import outcome, put_away
from tl_core.execution.entry import run_in_process
from tl_core.execution.local import FROM_STDIN, supervisor_lock
from tl_core.execution.queue import in_order, turns_over
from tl_core.home import home, write_atomically
from tl_core.machine import gpus, run_memory, run_seconds, slots, turn_seconds
from tl_core.memory import process_memory
from tl_core.store.database import RUNNING, WAITING, Job, Store
from tl_core.throttle import Throttle
from tl_core.training.events import RunFailed, to_dict

TICK_SECONDS, QUIET_TICK_SECONDS = 0.05, 0.1
"""Between two looks whether the store has changed: beside workers, and without any."""
WATCH_SECONDS = 0.5
"""Workers and their memory are looked at this often, whatever the store says."""
QUIET_SECONDS = 5.0
"""Without workers nothing happens that the store does not say."""
GRACE_SECONDS = 0.7
"""A worker that was asked to cancel may finish its step for so long; then it is ended."""
LATE_SECONDS = 60.0
"""A worker stops by itself when its time is over; one that does not is ended so much later."""
IDLE_SECONDS = float(os.environ.get("TL_IDLE_SECONDS", 900))
"""Without work for so long, the supervisor gives its memory back; the next job starts another."""

GOES_ON = "It can go on from the last epoch that was saved: choose Resume."

log = logging.getLogger("supervisor")


@dataclass
class Worker:
    """A process and the job it does.

    Attributes
    ----------
    deadline
        On the monotonic clock: when the process is ended.
    verdict
        What the job's end will be then: status and reason.
    """

    process: BaseProcess
    job: Job
    gpu: str | None
    deadline: float
    verdict: tuple[str, str]


class Supervisor:
    """Starts waiting jobs in free slots, holds workers to their limits and notices the dead ones.

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
        self._memory, self._gpus = run_memory(), gpus()
        self._watching = Throttle(WATCH_SECONDS)
        self._context = _context()
        for job in store.jobs(status=RUNNING):
            self._settle(job, "interrupted", f"The server was restarted meanwhile. {GOES_ON}")

    def tick(self) -> bool:
        """Look after all jobs once; return whether there is anything to do."""
        active = self.store.jobs(status=(WAITING, RUNNING))
        for job in active:
            if job.request == "cancel" and job.id in self.workers:
                self._cancel(self.workers[job.id])
        self._watch_memory()
        for worker in list(self.workers.values()):
            if not worker.process.is_alive():
                self._bury(worker)
            elif time.monotonic() > worker.deadline:
                worker.process.kill()
        # A job that was paused and goes on must not overtake its old process.
        waiting = [j for j in active if j.status == WAITING and j.id not in self.workers]
        self._fill(waiting)
        self._end_turns(waiting, active)
        return bool(active or self.workers)

    def rest(self) -> None:
        """Wait until the store has changed, a worker ends, or it is time to look at all again."""
        sentinels = [worker.process.sentinel for worker in self.workers.values()]
        deadlines = [worker.deadline for worker in self.workers.values()]
        longest = WATCH_SECONDS if self.workers else QUIET_SECONDS
        until = min([time.monotonic() + longest, *deadlines])
        while True:
            if sentinels and wait(sentinels, TICK_SECONDS):
                return
            if not sentinels:
                time.sleep(QUIET_TICK_SECONDS)
            if self.store.changed() or time.monotonic() >= until:
                return

    def shut_down(self) -> None:
        """End all workers; their jobs are interrupted."""
        ended = list(self.workers.values())
        for worker in ended:
            worker.verdict = ("interrupted", f"The server was shut down. {GOES_ON}")
            worker.deadline = 0.0
            worker.process.kill()
        with contextlib.suppress(DamagedStore):  # no database is left to write it into
            for worker in ended:
                self._bury(worker)

    def _fill(self, waiting: list[Job]) -> None:
        """Give free slots to those who are next."""
        for kind in {job.kind for job in waiting}:
            training = kind == "train"
            running = [w.job for w in self.workers.values() if w.job.kind == kind]
            free = (self.slots if training else 1) - len(running)
            if free <= 0 or (training and self.store.setting("queue_paused", False)):
                continue
            line = [job for job in waiting if job.kind == kind]
            for job in in_order(line, running, self.store.served(kind))[:free]:
                self._start(job)

    def _end_turns(self, waiting: list[Job], active: list[Job]) -> None:
        """Let runs that had their turn wait again, where others do."""
        line = [job for job in waiting if job.kind == "train"]
        running = [j for j in active if j.kind == "train" and j.status == RUNNING]
        turn, now = turn_seconds(), time.time()
        due = any(now - (job.started or now) >= turn for job in running)
        if not line or not due or self.store.setting("queue_paused", False):
            return
        served = self.store.served("train")
        over = turns_over(line, running, served, slots=self.slots, turn=turn, now=now)
        for job in over:
            if self.store.ask_to_yield(job.id):
                log.info("job %s had its turn: it waits again after this epoch", job.id)

    def _start(self, job: Job) -> None:
        if not self.store.start(job.id):
            return
        used = Counter(worker.gpu for worker in self.workers.values())
        gpu = min(self._gpus, key=lambda name: used[name], default=None)
        process = self._context.Process(  # type: ignore[attr-defined]
            target=run_in_process, args=(self.store.url, job.id, gpu), name=f"job {job.id}"
        )
        process.start()
        log.info("job %s (%s) runs in process %s", job.id, job.kind, process.pid)
        seconds = run_seconds()
        late = f"It was ended after {seconds / 60:g} minutes, the limit for a run on this server."
        deadline = time.monotonic() + seconds + LATE_SECONDS
        self.workers[job.id] = Worker(process, job, gpu, deadline, ("failed", late))

    def _cancel(self, worker: Worker) -> None:
        worker.deadline = min(worker.deadline, time.monotonic() + GRACE_SECONDS)
        worker.verdict = "cancelled", "Stopped on request."

    def _watch_memory(self) -> None:
        if self._memory is None or not self._watching.take():
            return
        taken = {i: process_memory(w.process.pid or 0) or 0 for i, w in self.workers.items()}
        runs = [[i] for i, worker in self.workers.items() if worker.job.kind == "train"]
        beside = [i for i, worker in self.workers.items() if worker.job.kind != "train"]
        each, rest = self._memory
        for group, limit in [*((run, each) for run in runs), (beside, rest)]:
            if sum(taken[i] for i in group) > limit:
                worker = self.workers[max(group, key=taken.__getitem__)]
                worker.deadline = 0.0
                worker.verdict = "failed", _too_much(limit, beside=group is beside)

    def _bury(self, worker: Worker) -> None:
        """Give the job of a process that ended its final status, unless it has one."""
        worker.process.join()
        job = self.store.job(worker.job.id)
        if job is not None and job.status == RUNNING:
            _, last = self.store.last_event(job.id)
            self._settle(job, *(outcome(last) or self._verdict(worker)))
        del self.workers[worker.job.id]

    def _verdict(self, worker: Worker) -> tuple[str, str]:
        if time.monotonic() > worker.deadline or worker.verdict[0] == "cancelled":
            return worker.verdict
        code = worker.process.exitcode
        return (
            "interrupted",
            f"Its process ended without a word (exit code {code}); perhaps the machine ran out of "
            f"memory. {GOES_ON} A smaller batch or smaller photos need less memory.",
        )

    def _settle(self, job: Job, status: str, reason: str | None) -> None:
        if status == "failed" and job.kind == "train":
            number, last = self.store.last_event(job.id)
            if outcome(last) is None:
                self.store.append(job.id, number + 1, [to_dict(RunFailed(reason or ""))])
        if status != "interrupted":
            put_away(self.store, job.id, status, reason)
        self.store.end(job.id, status, reason)


def _too_much(limit: int, *, beside: bool) -> str:
    if beside:
        return (
            f"More than {limit >> 20} MB of memory were asked for at once beside the runs, the "
            "limit on this server. Try again in a moment, or choose a smaller network."
        )
    return (
        f"This run took more than {limit >> 20} MB of memory, the limit for a run on this server. "
        "Try a smaller batch, smaller photos or a smaller network."
    )


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tl_core.execution.preload"])
    forkserver.ensure_running()  # it loads torch while the learner still chooses settings
    return context


def main() -> None:
    """Serve until there has been nothing to do for a while."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    url = sys.argv[1] if len(sys.argv) > 1 else None
    if url == FROM_STDIN:
        url = sys.stdin.read()
    try:
        # A page that looks whether a supervisor is alive holds the lock for an instant.
        with supervisor_lock(patience=2):
            badge = home() / "supervisor.pid"
            write_atomically(badge, str(os.getpid()))
            _serve(Store(url, patience=0), badge)
    except Timeout:
        log.info("another supervisor is alive")


def _serve(store: Store, badge: Path) -> None:
    """Work until there is nothing to do for long, or the home that ``badge`` lies in is gone."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    supervisor = Supervisor(store, slots())
    log.info("serving %s with %d slots", store.label, supervisor.slots)
    last_busy = time.monotonic()
    try:
        while time.monotonic() - last_busy < IDLE_SECONDS and badge.exists():
            try:
                if supervisor.tick():
                    last_busy = time.monotonic()
            except OperationalError as error:  # locked or full: look again
                log.warning("the store cannot be used now: %s", error.orig)
                time.sleep(WATCH_SECONDS)
            else:
                supervisor.rest()
    except KeyboardInterrupt:
        log.info("stopping")
    except DamagedStore as error:
        log.error("%s", error)
    finally:
        supervisor.shut_down()
        store.close()


if __name__ == "__main__":
    main()
