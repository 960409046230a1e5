"""The index of jobs and their events: one SQL database that every process of a server shares.

SQLite in write-ahead mode by default; any URL that SQLAlchemy knows works (``TL_STORE_URL``). The
folder of a run is its record; what stands here is how to find it and what happened so far.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row

from tl_core.runs.schema import connect
from tl_core.runs.schema import events as _events
from tl_core.runs.schema import jobs as _jobs
from tl_core.runs.schema import settings as _settings
from tl_core.runs.schema import workspaces as _workspaces

WAITING, RUNNING = "waiting", "running"
FINAL = ("finished", "failed", "cancelled", "interrupted")
"""Every accepted job ends in exactly one of these."""


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes
    ----------
    id
        Unguessable; also names the folder of a run.
    kind, payload
        ``train`` with a configuration, ``predict`` with runs and a photo.
    owner, comparison, room
        Whose it is, and which comparison and which class it belongs to.
    status, reason
        ``waiting``, ``running`` or one of the final ones, and why it ended.
    request
        What was asked of it and not yet done: ``cancel``, ``pause`` or nothing.
    created, started, ended
        Seconds since the epoch.
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

    @property
    def active(self) -> bool:
        """Whether it still waits or runs."""
        return self.status not in FINAL


class Store:
    """Jobs, events, workspaces and settings.

    Parameters
    ----------
    url
        SQLAlchemy URL; default ``TL_STORE_URL``, else a SQLite file in ``TL_HOME``.
    """

    def __init__(self, url: str | None = None) -> None:
        self.engine = connect(url)
        self.url = self.engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    # ---------------------------------------------------------------------------------- jobs

    def add_job(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        owner: str,
        comparison: str | None = None,
        room: str | None = None,
    ) -> str:
        """Put a job at the end of the queue; return its id."""
        identifier = secrets.token_hex(12)
        last = select(func.coalesce(func.max(_jobs.c.position), 0)).scalar_subquery()
        with self.engine.begin() as connection:
            connection.execute(
                insert(_jobs).values(
                    id=identifier,
                    position=last + 1,
                    kind=kind,
                    owner=owner,
                    comparison=comparison,
                    room=room,
                    payload=dict(payload),
                    status=WAITING,
                    request="",
                    created=time.time(),
                )
            )
        return identifier

    def job(self, identifier: str) -> Job | None:
        """Return one job, or None if there is none of that id."""
        with self.engine.connect() as connection:
            row = connection.execute(select(_jobs).where(_jobs.c.id == identifier)).first()
        return _job(row) if row else None

    def jobs(
        self,
        *,
        owner: str | None = None,
        comparison: str | None = None,
        room: str | None = None,
        kind: str | None = None,
        status: str | Sequence[str] | None = None,
    ) -> list[Job]:
        """Return the jobs that fit, in the order in which they were accepted."""
        query = select(_jobs).order_by(_jobs.c.position)
        wanted = {"owner": owner, "comparison": comparison, "room": room, "kind": kind}
        for column, value in wanted.items():
            if value is not None:
                query = query.where(_jobs.c[column] == value)
        if status is not None:
            statuses = [status] if isinstance(status, str) else list(status)
            query = query.where(_jobs.c.status.in_(statuses))
        with self.engine.connect() as connection:
            return [_job(row) for row in connection.execute(query)]

    def start(self, identifier: str) -> bool:
        """Move a job from waiting to running; False if somebody else already moved it."""
        return self._move(identifier, (WAITING,), status=RUNNING, started=time.time())

    def end(self, identifier: str, status: str, reason: str | None = None) -> bool:
        """Give an active job its final status; False if it already has one."""
        if status not in FINAL:
            raise ValueError(f"{status!r} is not final. Allowed: {', '.join(FINAL)}.")
        return self._move(
            identifier, (WAITING, RUNNING), status=status, reason=reason, ended=time.time()
        )

    def request(self, identifier: str, what: str) -> bool:
        """Ask an active job to ``cancel`` or ``pause``; an empty request lets it go on."""
        if what not in ("cancel", "pause", ""):
            raise ValueError(f"{what!r} cannot be requested. Allowed: cancel, pause or ''.")
        return self._move(identifier, (WAITING, RUNNING), request=what)

    def _move(self, identifier: str, origins: Sequence[str], **values: Any) -> bool:
        change = update(_jobs).where(_jobs.c.id == identifier, _jobs.c.status.in_(list(origins)))
        with self.engine.begin() as connection:
            return connection.execute(change.values(**values)).rowcount == 1

    # -------------------------------------------------------------------------------- events

    def append(self, identifier: str, first: int, events: Sequence[Mapping[str, Any]]) -> None:
        """Add events numbered from ``first``; a number is taken once, so none can be doubled."""
        rows = [
            {"job": identifier, "number": first + offset, "data": dict(data)}
            for offset, data in enumerate(events)
        ]
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(_events), rows)

    def events(self, identifier: str, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Return the events of a job whose number is greater than ``after``, in order."""
        query = (
            select(_events.c.number, _events.c.data)
            .where(_events.c.job == identifier, _events.c.number > after)
            .order_by(_events.c.number)
        )
        with self.engine.connect() as connection:
            return [(row.number, row.data) for row in connection.execute(query)]

    # ---------------------------------------------------------------------------- workspaces

    def workspace(self, owner: str) -> dict[str, Any]:
        """Return what a learner had set up, or an empty dictionary."""
        query = select(_workspaces.c.state).where(_workspaces.c.owner == owner)
        with self.engine.connect() as connection:
            return dict(connection.execute(query).scalar_one_or_none() or {})

    def save_workspace(self, owner: str, state: Mapping[str, Any]) -> None:
        """Keep what a learner has set up."""
        change = update(_workspaces).where(_workspaces.c.owner == owner).values(state=dict(state))
        with self.engine.begin() as connection:
            if connection.execute(change).rowcount == 0:
                connection.execute(insert(_workspaces).values(owner=owner, state=dict(state)))

    # ------------------------------------------------------------------------------ settings

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting of this server, such as ``queue_paused``."""
        query = select(_settings.c.value).where(_settings.c.name == name)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return default if row is None else row.value

    def set_setting(self, name: str, value: Any) -> None:
        """Change a setting of this server; the value is plain data."""
        with self.engine.begin() as connection:
            connection.execute(delete(_settings).where(_settings.c.name == name))
            connection.execute(insert(_settings).values(name=name, value=value))


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
