"""A job's events on their way into the store: in order, each once, and no more than anyone reads.

A run of a hundred thousand steps tells of each of them, and so it should: the command line prints
them all. The store keeps what a chart can draw and a bar of progress can show.
"""

from __future__ import annotations

from typing import Any

from tl_core.store.database import Store
from tl_core.throttle import Throttle
from tl_core.training.events import PreparationAdvanced, RunResumed, RunStarted, StepEnded

FLUSH_SECONDS = 0.2
"""Steps are written, and requests read, at most this often."""

STEPS = 300
"""Steps that are kept of the first epoch, which is drawn step by step, and of the whole run."""

ADVANCES = 100
"""Reports that are kept of one preparation, the last one among them."""


class EventLog:
    """Writes a job's events to the store, steps in batches and everything else at once.

    Of steps and of a preparation's progress as many are kept as :data:`STEPS` and :data:`ADVANCES`
    say, at even distances, however long a run is.
    """

    def __init__(self, store: Store, identifier: str) -> None:
        self._store, self._identifier = store, identifier
        self._written, _ = store.last_event(identifier)  # more than 0 where a run goes on
        self._waiting: list[dict[str, Any]] = []
        self._writing = Throttle(FLUSH_SECONDS)
        self._steps = self._first_epoch = 0
        self._advanced: tuple[str, int] = ("", 0)

    @property
    def due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return self._writing.due

    def add(self, event: dict[str, Any], *, urgent: bool) -> None:
        """Note an event; write it now if it is urgent."""
        if self._is_kept(event):
            self._waiting.append(event)
        if urgent or self.due:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        self._store.append(self._identifier, self._written + 1, self._waiting)
        self._written += len(self._waiting)
        self._waiting.clear()
        self._writing.done()

    def _is_kept(self, event: dict[str, Any]) -> bool:
        match event["event"]:
            case StepEnded.__name__:
                return self._is_point(event["step"])
            case PreparationAdvanced.__name__:
                return self._is_advance(event["what"], event["done"], event["total"])
            case RunStarted.__name__:
                self._measure(event)
            case RunResumed.__name__:
                self._measure(self._started())
        return True

    def _is_point(self, step: int) -> bool:
        """Tell whether a step is the first or the last, or one of those between them."""
        if step == 1 or step >= self._steps:
            return True
        total = self._first_epoch if step <= self._first_epoch else self._steps
        return step * STEPS // total > (step - 1) * STEPS // total

    def _is_advance(self, what: str, done: int, total: int) -> bool:
        """Tell whether a preparation begins, is done, or has got on by enough to be seen."""
        before, last = self._advanced
        if what == before and last <= done < total and (done - last) * ADVANCES < total:
            return False
        self._advanced = (what, done)
        return True

    def _measure(self, started: dict[str, Any]) -> None:
        """Learn from a run's first event how many steps it will take."""
        self._steps = started.get("steps", 0)
        self._first_epoch = self._steps // max(1, started.get("epochs", 1))

    def _started(self) -> dict[str, Any]:
        """Return the first event of the run that goes on."""
        events = (event for _, event in self._store.events(self._identifier))
        return next((e for e in events if e["event"] == RunStarted.__name__), {})
