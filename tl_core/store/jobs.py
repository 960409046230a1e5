"""What the store knows about one piece of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WAITING, RUNNING, PAUSED = "waiting", "running", "paused"
FINAL = ("finished", "failed", "cancelled", "interrupted")
"""Every accepted job ends in exactly one of these. An interrupted one goes on if it is asked to."""

REQUESTS = ("cancel", "pause", "resume")
"""What its owner can ask of a job."""
YIELD = "yield"
"""What the line asks of a run that had its turn: to wait again, at the end of its epoch."""


@dataclass(frozen=True)
class Bound:
    """How many jobs of a kind there may be at once.

    Attributes
    ----------
    most
        So many.
    refusal
        The sentence for more, with ``{most}``, how many are ``{there}`` and what would be
        ``{added}``.
    statuses
        Jobs with one of these count.
    of_all
        Whether everybody's jobs count, or the owner's alone.
    """

    most: int
    refusal: str
    statuses: tuple[str, ...] = (WAITING, RUNNING)
    of_all: bool = False


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes
    ----------
    id
        Unguessable; also names the folder of a run.
    kind, payload
        ``train`` with a configuration, ``predict`` with runs and photos.
    owner, comparison, room
        Whose it is, and which comparison and which class it belongs to.
    status, reason
        ``waiting``, ``running``, ``paused`` or one of the final ones, and why it ended.
    request
        What was asked of it while it runs and is not yet done: ``cancel``, ``pause``, ``yield`` or
        nothing.
    created, started, ended
        Seconds since the epoch; ``started`` is when it began or last went on, and of one that waits
        again when it let others go on. None means that it never began.
    bytes
        What the folder of a run takes, once it has ended and somebody has looked.
    """

    id: str
    position: int
    kind: str
    owner: str
    comparison: str | None
    room: str | None
    payload: dict[str, Any]
    status: str
    request: str
    reason: str | None
    created: float
    started: float | None
    ended: float | None
    bytes: int | None = None

    @property
    def active(self) -> bool:
        """Whether it still waits, runs or is paused."""
        return self.status not in FINAL
