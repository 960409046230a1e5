"""The index of jobs and their events: one SQL database that every process of a server shares.

SQLite in write-ahead mode by default; any URL that SQLAlchemy knows works (``TL_STORE_URL``). The
folder of a run is its record; what stands here is how to find it and what happened so far.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, case, delete, event, func, insert, select, update
from sqlalchemy.engine import ExceptionContext, Row
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from tl_core.errors import UserError
from tl_core.store.jobs import FINAL, PAUSED, REQUESTS, RUNNING, WAITING, YIELD, Bound, Job
from tl_core.store.schema import connect
from tl_core.store.schema import events as _events
from tl_core.store.schema import jobs as _jobs
from tl_core.store.schema import settings as _settings
from tl_core.store.schema import workspaces as _workspaces

__all__ = ["FINAL", "PAUSED", "REQUESTS", "RUNNING", "WAITING", "YIELD", "Bound", "Job", "Store"]

PATIENCE_SECONDS = 60.0
"""So long a writer tries again while the database is locked or its disk is full."""
IMPATIENT_SECONDS = 5.0
"""So long one waits for a locked database while a person looks on; for a full disk not at all."""

T = TypeVar("T")


class Store:
    """Jobs, events, workspaces and settings.

    Parameters
    ----------
    url
        SQLAlchemy URL; default ``TL_STORE_URL``, else a SQLite file in ``TL_HOME``.
    patience
        Seconds for which a writer tries again while the database is locked or its disk is full.
    impatient
        Whether a person looks on: what cannot be written soon is refused in a sentence then, with a
        ``UserError``, and nobody tries again.
    """

    def __init__(
        self,
        url: str | None = None,
        patience: float = PATIENCE_SECONDS,
        *,
        impatient: bool = False,
    ) -> None:
        self.engine, self.patience = connect(url), patience
        if impatient:
            event.listen(self.engine, "handle_error", _in_a_sentence)
            if self.engine.dialect.name == "sqlite":
                event.listen(self.engine, "connect", _wait_no_longer)
                self.engine.dispose()  # the connection that looked at the schema waits for longer
        self.url = self.engine.url.render_as_string(hide_password=False)
        self._watch: PoolProxiedConnection | None = None
        self._version: int | None = None

    @property
    def label(self) -> str:
        """The database for logs: its address without a password, wherever in it one may stand."""
        return self.engine.url.set(query={}).render_as_string(hide_password=True)

    def close(self) -> None:
        """Give all connections back."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.engine.dispose()

    def changed(self) -> bool:
        """Tell whether anything was written since the last time; True where that is not known.

        SQLite keeps a number for this (https://www.sqlite.org/pragma.html#pragma_data_version),
        which is read without a query.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        if self._watch is None:
            self._watch = self.engine.raw_connection()
        before, connection = self._version, self._watch.driver_connection
        assert connection is not None
        try:
            [self._version] = connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:  # whoever looks closer is told why
            return True
        return self._version != before

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
        bounds: Sequence[Bound] = (),
    ) -> list[str]:
        """Put jobs at the end of the queue, all or none; return their ids.

        Raises
        ------
        UserError
            If there would be more jobs of this kind than one of ``bounds`` allows.
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

        def work(connection: Connection) -> None:
            for row in rows:
                connection.execute(insert(_jobs).values(position=last + 1, **row))
            _keep_within(bounds, connection, kind, owner, added=len(rows))

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
        asked, now = _jobs.c.request, time.time()
        return self._move(
            identifier,
            (RUNNING,),
            status=case({"pause": PAUSED, "cancel": "cancelled"}, value=asked, else_=WAITING),
            started=now,  # its owner was served until now: others are next
            ended=case({"cancel": now}, value=asked, else_=None),
            request="",
        )

    def ask_to_yield(self, identifier: str) -> bool:
        """Ask a run that had its turn to wait again, unless something else was asked of it."""
        this = update(_jobs).where(_jobs.c.id == identifier, _jobs.c.status == RUNNING)
        note = this.where(_jobs.c.request == "").values(request=YIELD)
        return self._write(lambda connection: connection.execute(note).rowcount == 1)

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

    def request(self, identifier: str, what: str, bounds: Sequence[Bound] = ()) -> bool:
        """Ask a job to ``cancel``, ``pause`` or ``resume``; tell whether it can.

        A job without a process is moved at once. Of a running one it is noted: its process does it
        soon. Only a job that is paused, interrupted or about to be paused can resume.

        Raises
        ------
        UserError
            If there would be more jobs of its kind than one of ``bounds`` allows.
        """
        if what not in REQUESTS:
            raise ValueError(f"{what!r} cannot be asked. Allowed: {', '.join(REQUESTS)}.")
        new = _jobs.c.started.is_(None)
        reason = case((new, "Stopped before it began."), else_="Stopped on request.")
        over: dict[str, Any] = {"ended": time.time(), "reason": reason}
        origins, values = {
            "cancel": (
                (WAITING, PAUSED, "interrupted"),
                {"status": "cancelled", "bytes": None, **over},
            ),
            "pause": ((WAITING,), {"status": PAUSED}),
            "resume": (
                (PAUSED, "interrupted"),
                {"status": WAITING, "ended": None, "reason": None, "bytes": None},
            ),
        }[what]
        this = update(_jobs).where(_jobs.c.id == identifier)
        move = this.where(_jobs.c.status.in_(origins)).values(**values)
        note = this.where(_jobs.c.status == RUNNING, _jobs.c.request != "cancel")
        note = note.values(request="" if what == "resume" else what)
        whose = select(_jobs.c.kind, _jobs.c.owner).where(_jobs.c.id == identifier)

        def work(connection: Connection) -> bool:
            if not any(connection.execute(change).rowcount for change in (move, note)):
                return False
            _keep_within(bounds, connection, *connection.execute(whose).one(), added=1)
            return True

        return self._write(work)

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


def _keep_within(
    bounds: Sequence[Bound], connection: Connection, kind: str, owner: str, added: int
) -> None:
    """Refuse what goes beyond a bound, in the transaction that has ``added`` so many jobs."""
    for bound in bounds:
        counted = select(func.count()).where(
            _jobs.c.kind == kind, _jobs.c.status.in_(bound.statuses)
        )
        if not bound.of_all:
            counted = counted.where(_jobs.c.owner == owner)
        count = connection.execute(counted).scalar_one()
        if count > bound.most:
            raise UserError(bound.refusal.format(most=bound.most, there=count - added, added=added))


def _wait_no_longer(connection: Any, _: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={1000 * IMPATIENT_SECONDS:.0f}").close()


def _in_a_sentence(context: ExceptionContext) -> None:
    """Turn what a person can only wait for into words, at once."""
    if isinstance(context.sqlalchemy_exception, OperationalError):
        what = str(context.original_exception)
        raise UserError(
            "This server cannot keep anything just now: its disk is full. What is kept already "
            "stays. Tell whoever leads the class, and try again when there is room."
            if "full" in what or "I/O" in what
            else "The server is busy and could not keep this. Try again in a moment."
        ) from context.original_exception


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
