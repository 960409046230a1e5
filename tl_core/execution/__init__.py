"""Runs happen here, outside of whoever asked for them.

Everything goes through an :class:`Executor`: submit jobs, ask one to pause, go on or stop, and
follow its events in the store. Pages use :class:`~tl_core.execution.local.LocalExecutor`. ::

              ┌───────────── resume ─────────────┐
              v                                  │
    submit -> waiting -> running -> paused ──────┤
                            │                    │
                            ├─> interrupted ─────┘   its process or the machine went away
                            └─> finished, failed, cancelled
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tl_core.errors import TLError
from tl_core.home import home
from tl_core.store.database import Bound, Store
from tl_core.training.record import CHECKPOINT, RECORD, RunRecord

log = logging.getLogger(__name__)


class Executor(ABC):
    """Takes jobs; their events and status appear in its store.

    Parameters
    ----------
    store
        The server's store unless given.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    @abstractmethod
    def dispatch(self, identifiers: Sequence[str]) -> None:
        """Take care that these jobs, which wait or were asked something, are looked after."""

    def submit(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        owner: str,
        comparison: str | None = None,
        room: str | None = None,
    ) -> str:
        """Take one job and return its id; see :meth:`submit_all`."""
        return self.submit_all(kind, [payload], owner=owner, comparison=comparison, room=room)[0]

    def submit_all(
        self,
        kind: str,
        payloads: Sequence[Mapping[str, Any]],
        *,
        owner: str,
        comparison: str | None = None,
        room: str | None = None,
        bounds: Sequence[Bound] = (),
    ) -> list[str]:
        """Take some jobs, all or none, and return their ids.

        What a learner may ask for is decided before, in :mod:`tl_core.server.accept`.

        Raises
        ------
        UserError
            If there would be more jobs than one of ``bounds`` allows. Nothing is stored then.
        """
        identifiers = self.store.add_jobs(
            kind, payloads, owner=owner, comparison=comparison, room=room, bounds=bounds
        )
        self.dispatch(identifiers)
        return identifiers

    def request(self, identifier: str, what: str, bounds: Sequence[Bound] = ()) -> bool:
        """Ask a job to ``cancel``, ``pause`` or ``resume``; tell whether it can.

        ``pause`` gives its slot to somebody else; ``resume`` puts a paused or interrupted job back
        in line, and it goes on from its last checkpoint.

        Raises
        ------
        UserError
            If there would be more jobs than one of ``bounds`` allows.
        """
        possible = self.store.request(identifier, what, bounds)
        job = self.store.job(identifier)
        if job is not None and job.status == "cancelled":
            put_away(self.store, identifier, job.status, job.reason)
        if possible:
            self.dispatch([identifier])
        return possible


def run_folder(identifier: str) -> Path:
    """Return the folder of a run's record."""
    return home() / "runs" / identifier


def asked_about(payload: Mapping[str, Any]) -> list[Path]:
    """Return the items that a job of the kind ``predict`` asks about, from its payload.

    One from before several could be asked about at once names its one item as ``photo``.
    """
    photos = payload.get("photos", [payload["photo"]] if "photo" in payload else [])
    return [Path(photo) for photo in photos]


def put_away(store: Store, identifier: str, status: str, reason: str | None) -> None:
    """Leave the folder of a run that will not go on as one leaves it that ends by itself.

    It gets a record, as far as the run's events tell, unless it has one; its checkpoint goes.
    """
    folder = run_folder(identifier)
    if not (folder / RECORD).exists():
        told = (event for _, event in store.events(identifier))
        try:
            if record := RunRecord.from_events(told, status, reason):
                record.save(folder)
        except (OSError, TLError) as error:  # the disk is full: the job ends nevertheless
            log.warning("the record of job %s could not be written: %s", identifier, error)
    (folder / CHECKPOINT).unlink(missing_ok=True)


def outcome(event: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """Return the final status of a run whose last event this is, and why; None if it is not over.

    Parameters
    ----------
    event
        As :func:`tl_core.training.events.to_dict` writes it.
    """
    name = event.get("event")
    if name == "RunEnded":
        return "finished", None
    if name == "RunCancelled":
        return "cancelled", "Stopped on request."
    if name == "RunFailed":
        return "failed", event["reason"]
    return None


__all__ = ["Executor", "asked_about", "outcome", "put_away", "run_folder"]
