"""The index of jobs and their events: one SQL database that every process of a server shares.

SQLite in write-ahead mode by default; any URL that SQLAlchemy knows works (``TL_STORE_URL``). The
folder of a run is its record; what stands here is how to find it and what happened so far.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, case, delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import OperationalError

from tl_core.errors import UserError
from tl_core.store.jobs import FINAL, PAUSED, REQUESTS, RUNNING, WAITING, Job
from tl_core.store.schema import INCREMENTAL, connect
from tl_core.store.schema import events as _events
from tl_core.store.schema import jobs as _jobs
from tl_core.store.schema import settings as _settings
from tl_core.store.schema import workspaces as _workspaces

__all__ = ["FINAL", "PAUSED", "REQUESTS", "RUNNING", "WAITING", "Job", "Store"]

PATIENCE_SECONDS = 60.0
"""So long a writer tries again while the database is locked or its disk is full."""

T = TypeVar("T")


class Store:
    """Jobs, events, workspaces and settings.

    Parameters
    ----------
    url
        SQLAlchemy URL; default ``TL_STORE_URL``, else a SQLite file in ``TL_HOME``.
    patience
        Seconds for which a writer tries again while the database is locked or its disk is full.
    """

    def __init__(self, url: str | None = None, patience: float = PATIENCE_SECONDS) -> None:
        self.engine, self.patience = connect(url), patience
        self.url = self.engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    # ---------------------------------------------------------------------------------- jobs

    def add_job(self, kind: str, payload: Mapping[str, Any], **more: Any) -> str:
        """Put a job at the end of the queue; return its id. See :meth:`add_jobs`."""
        return self.add_jobs(kind, [payload], **more)[0]

    def add_jobs(
        self,
        kind: str,
        payloads: Sequence[Mapping[str, Any]],
        *,
        owner: str,
        comparison: str | None = None,
        room: str | None = None,
        most: int | None = None,
    ) -> list[str]:
        """Put jobs at the end of the queue, all or none; return their ids.

        Raises
        ------
        UserError
            If more than ``most`` jobs of this kind and owner would then wait or be paused.
        """
        rows = [
            {
                "id": secrets.token_hex(12),
                "kind": kind,
                "owner": owner,
                "comparison": comparison,
                "room": room,
                "payload": dict(payload),
                "status": WAITING,
                "request": "",
                "created": time.time(),
            }
            for payload in payloads
        ]
        last = select(func.coalesce(func.max(_jobs.c.position), 0)).scalar_subquery()
        unstarted = select(func.count()).where(
            _jobs.c.kind == kind, _jobs.c.owner == owner, _jobs.c.status.in_((WAITING, PAUSED))
        )

        def work(connection: Connection) -> None:
            for row in rows:
                connection.execute(insert(_jobs).values(position=last + 1, **row))
            count = connection.execute(unstarted).scalar_one()
            if most is not None and count > most:
                raise UserError(
                    f"At most {most} of your runs may wait; there are {count - len(rows)} in line, "
                    f"and this would add {len(rows)}. Wait until one has started, or stop one."
                )

        self._write(work)
        return [str(row["id"]) for row in rows]

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

    def hold(self, identifier: str) -> bool:
        """Take a job that stopped at a checkpoint out of its process, as it was asked to.

        It is then paused; or cancelled, or waiting again, if that was asked of it meanwhile.
        """
        asked = _jobs.c.request
        cancelled = {"cancel": time.time()}
        return self._move(
            identifier,
            (RUNNING,),
            status=case({"pause": PAUSED, "cancel": "cancelled"}, value=asked, else_=WAITING),
            ended=case(cancelled, value=asked, else_=None),
            request="",
        )

    def end(self, identifier: str, status: str, reason: str | None = None) -> bool:
        """Give an active job its final status; False if it already has one."""
        if status not in FINAL:
            raise ValueError(f"{status!r} is not final. Allowed: {', '.join(FINAL)}.")
        return self._move(
            identifier,
            (WAITING, RUNNING, PAUSED),
            status=status,
            reason=reason,
            request="",
            ended=time.time(),
        )

    def request(self, identifier: str, what: str) -> bool:
        """Ask a job to ``cancel``, ``pause`` or ``resume``; tell whether it can.

        A job without a process is moved at once. Of a running one it is noted: its process does it
        soon. Only a job that is paused, interrupted or about to be paused can resume.
        """
        if what not in REQUESTS:
            raise ValueError(f"{what!r} cannot be asked. Allowed: {', '.join(REQUESTS)}.")
        new = _jobs.c.started.is_(None)
        reason = case((new, "Stopped before it began."), else_="Stopped on request.")
        over: dict[str, Any] = {"ended": time.time(), "reason": reason}
        origins, values = {
            "cancel": ((WAITING, PAUSED), {"status": "cancelled", **over}),
            "pause": ((WAITING,), {"status": PAUSED}),
            "resume": ((PAUSED, "interrupted"), {"status": WAITING, "ended": None, "reason": None}),
        }[what]
        this = update(_jobs).where(_jobs.c.id == identifier)
        move = this.where(_jobs.c.status.in_(origins)).values(**values)
        note = this.where(_jobs.c.status == RUNNING, _jobs.c.request != "cancel")
        note = note.values(request="" if what == "resume" else what)
        return self._write(
            lambda connection: any(connection.execute(s).rowcount for s in (move, note))
        )

    def served(self, kind: str) -> dict[str, float]:
        """Return the time at which a job of each owner was last started."""
        query = (
            select(_jobs.c.owner, func.max(_jobs.c.started))
            .where(_jobs.c.kind == kind, _jobs.c.started.is_not(None))
            .group_by(_jobs.c.owner)
        )
        with self.engine.connect() as connection:
            return {owner: started for owner, started in connection.execute(query)}

    def durations(self, kind: str, limit: int = 20) -> list[float]:
        """Return the seconds that the jobs took which finished last."""
        query = (
            select(_jobs.c.ended - _jobs.c.started)
            .where(_jobs.c.kind == kind, _jobs.c.status == "finished")
            .order_by(_jobs.c.ended.desc())
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def _move(self, identifier: str, origins: Sequence[str], **values: Any) -> bool:
        change = update(_jobs).where(_jobs.c.id == identifier, _jobs.c.status.in_(list(origins)))
        change = change.values(**values)
        return self._write(lambda connection: connection.execute(change).rowcount == 1)

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do some work in one transaction; again if the database cannot be written just now."""
        give_up = time.monotonic() + self.patience
        while True:
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except OperationalError:  # locked or full; the transaction left nothing behind
                if time.monotonic() >= give_up:
                    raise
                time.sleep(0.1)

    # -------------------------------------------------------------------------------- events

    def append(self, identifier: str, first: int, events: Sequence[Mapping[str, Any]]) -> None:
        """Add events numbered from ``first``; a number is taken once, so none can be doubled."""
        rows = [
            {"job": identifier, "number": first + offset, "data": dict(data)}
            for offset, data in enumerate(events)
        ]
        if rows:
            self._write(lambda connection: connection.execute(insert(_events), rows))

    def last_event(self, identifier: str) -> tuple[int, dict[str, Any]]:
        """Return the last event of a job and its number; (0, {}) before the first."""
        query = (
            select(_events.c.number, _events.c.data)
            .where(_events.c.job == identifier)
            .order_by(_events.c.number.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return (row.number, row.data) if row else (0, {})

    def events(self, identifier: str, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Return the events of a job whose number is greater than ``after``, in order."""
        query = (
            select(_events.c.number, _events.c.data)
            .where(_events.c.job == identifier, _events.c.number > after)
            .order_by(_events.c.number)
        )
        with self.engine.connect() as connection:
            return [(row.number, row.data) for row in connection.execute(query)]

    def shrink(self, most: int = 5000) -> None:
        """Give the disk back what removed rows have left empty, if nobody else is writing now.

        Parameters
        ----------
        most
            Pages of the file that are given back at once; the rest waits for the next time.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(self.engine.raw_connection()) as connection,
        ):
            ask = connection.cursor().execute
            if ask("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):  # made by an older version
                ask(f"PRAGMA auto_vacuum={INCREMENTAL}")
                ask("VACUUM")
            elif ask("PRAGMA freelist_count").fetchone() != (0,):
                # A page each step: as a script, all of them are taken.
                connection.cursor().executescript(f"PRAGMA incremental_vacuum({most:d})")
            else:
                return
            ask("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # ---------------------------------------------------------------------------- workspaces

    def workspace(self, owner: str) -> dict[str, Any]:
        """Return a learner's workspace, or an empty dictionary."""
        query = select(_workspaces.c.state).where(_workspaces.c.owner == owner)
        with self.engine.connect() as connection:
            return dict(connection.execute(query).scalar_one_or_none() or {})

    def save_workspace(self, owner: str, state: Mapping[str, Any]) -> None:
        """Keep what a learner has set up."""
        change = update(_workspaces).where(_workspaces.c.owner == owner).values(state=dict(state))

        def work(connection: Connection) -> None:
            if connection.execute(change).rowcount == 0:
                connection.execute(insert(_workspaces).values(owner=owner, state=dict(state)))

        self._write(work)

    # ------------------------------------------------------------------------------ settings

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting of this server, such as ``queue_paused``."""
        query = select(_settings.c.value).where(_settings.c.name == name)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return default if row is None else row.value

    def set_setting(self, name: str, value: Any) -> None:
        """Change a setting of this server; the value is plain data."""

        def work(connection: Connection) -> None:
            connection.execute(delete(_settings).where(_settings.c.name == name))
            connection.execute(insert(_settings).values(name=name, value=value))

        self._write(work)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
