"""Progress of what takes a while, as part of a run's stream of events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from tl_core.machine import give_back_memory
from tl_core.steps import Progress, StepRunner, Steps
from tl_core.throttle import Throttle
from tl_core.training.events import PreparationAdvanced

REPORT_SECONDS = 0.2
"""Progress is reported at most this often."""

T = TypeVar("T")
Preparing = Generator[PreparationAdvanced, None, T]


def report_steps(what: str, steps: Steps[T], total: int) -> Preparing[T]:
    """Take all steps of some work, here and now, and yield how far it is.

    Parameters
    ----------
    what
        Is counted, in words for people.
    total
        What the steps count up to.
    """
    throttle = Throttle(REPORT_SECONDS)
    runner = StepRunner(steps)
    try:
        for done in runner:
            if throttle.take(always=done >= total):
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
    throttle = Throttle(REPORT_SECONDS)

    def report(done: int, total: int, _: str) -> None:
        if throttle.take(always=done >= total):
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
