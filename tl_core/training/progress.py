"""Progress of what takes a while, as part of a run's stream of events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from tl_core.machine import give_back_memory
from tl_core.steps import Progress, StepRunner, Steps
from tl_core.training.events import PreparationAdvanced

REPORT_SECONDS = 0.2
"""Progress is reported at most this often."""

T = TypeVar("T")
Preparing = Generator[PreparationAdvanced, None, T]


def _now_and_then() -> Callable[[int, int], bool]:
    """Return what tells whether it is time to report so much done of so much."""
    last = -REPORT_SECONDS

    def due(done: int, total: int) -> bool:
        nonlocal last
        if done < total and time.monotonic() - last < REPORT_SECONDS:
            return False
        last = time.monotonic()
        return True

    return due


def report_steps(what: str, steps: Steps[T], total: int) -> Preparing[T]:
    """Take all steps of some work, here and now, and yield how far it is.

    Parameters
    ----------
    what
        Is counted, in words for people.
    total
        What the steps count up to.
    """
    due = _now_and_then()
    runner = StepRunner(steps)
    try:
        for done in runner:
            if due(done, total):
                yield PreparationAdvanced(what, done, total)
    finally:
        steps.close()  # a run may be stopped meanwhile
        give_back_memory()
    return runner.outcome


def report_work(what: str, work: Callable[[Progress], T]) -> Preparing[T]:
    """Run ``work``, which is not torch's, in a thread, and yield what it reports."""
    reports: queue.Queue[tuple[int, int] | None] = queue.Queue()
    outcome: list[T] = []
    failure: list[BaseException] = []
    due = _now_and_then()

    def report(done: int, total: int, _: str) -> None:
        if due(done, total):
            reports.put((done, total))

    def run() -> None:
        try:
            outcome.append(work(report))
        except BaseException as error:
            failure.append(error)
        finally:
            give_back_memory()
            reports.put(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while (told := reports.get()) is not None:
        yield PreparationAdvanced(what, *told)
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
