"""The tables of a server's database, and how an older one is brought up to date.

SQLite in write-ahead mode by default; any URL that SQLAlchemy knows works (``TL_STORE_URL``).
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import Engine

from tl_core.errors import UserError
from tl_core.home import close_to_others, home, private_file
from tl_core.store.damage import tell_damage
from tl_core.store.learner_code import owner_of

INCREMENTAL = 2
"""What SQLite calls it to give room back piece by piece (``auto_vacuum``)."""

metadata = MetaData()

meta = Table("meta", metadata, Column("schema_version", Integer, nullable=False))

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("position", Integer, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("comparison", String(32), nullable=True, index=True),
    Column("room", String(16), nullable=True, index=True),
    Column("payload", JSON, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("request", String(16), nullable=False, default=""),
    Column("reason", String, nullable=True),
    Column("created", Float, nullable=False),
    Column("started", Float, nullable=True),
    Column("ended", Float, nullable=True),
    Column("bytes", Integer, nullable=True),
)

events = Table(
    "events",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", JSON, nullable=False),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("state", JSON, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("folder", String(80), primary_key=True),
    Column("name", String, nullable=False),
    Column("photos", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

questions = Table(
    "questions",
    metadata,
    Column("file", String(80), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("bytes", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

newcomers = Table(
    "newcomers",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("address", String(64), nullable=False, index=True),
    Column("since", Float, nullable=False),
)

rooms = Table(
    "rooms",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("title", String, nullable=False),
    Column("pack", JSON, nullable=False),
    Column("created", Float, nullable=False),
    Column("closed", Float, nullable=True),
)

members = Table(
    "members",
    metadata,
    Column("room", String(16), primary_key=True),
    Column("owner", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("joined", Float, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)


def _digest_owners(connection: Connection) -> None:
    """Forget the learners' own tokens, which were written down before version 3."""
    for table in (jobs, workspaces, uploads):
        if not inspect(connection).has_table(table.name):
            continue
        for owner in connection.execute(select(table.c.owner).distinct()).scalars().all():
            if re.fullmatch("[0-9a-f]{32}", owner):
                known = update(table).where(table.c.owner == owner)
                connection.execute(known.values(owner=owner_of(owner)))


KEPT_STEPS = 600
"""Steps that are kept of a run which an older version has written down step by step."""


def _thin_steps(connection: Connection) -> None:
    """Leave of each run's steps as many as can be shown, the last one among them."""
    if not inspect(connection).has_table(events.name):
        return
    job, number, name = events.c.job, events.c.number, events.c.data["event"].as_string()
    rows = select(job, number).where(name == "StepEnded").order_by(job, number)
    every: dict[str, list[int]] = {}
    for one, place in connection.execute(rows):
        every.setdefault(one, []).append(place)
    for one, places in every.items():
        distance = len(places) / KEPT_STEPS
        kept = {round(i * distance) for i in range(KEPT_STEPS)} | {len(places) - 1}
        gone = [{"gone": place} for i, place in enumerate(places) if i not in kept]
        if distance > 1 and gone:
            connection.execute(delete(events).where(job == one, number == bindparam("gone")), gone)


MIGRATIONS: dict[int, tuple[str | Callable[[Connection], None], ...]] = {
    2: (
        "ALTER TABLE jobs ADD COLUMN room VARCHAR(16)",
        "CREATE INDEX ix_jobs_room ON jobs (room)",
    ),
    3: (_digest_owners,),
    4: ("ALTER TABLE jobs ADD COLUMN bytes INTEGER",),
    6: (_thin_steps,),
}
"""Version -> what turns a database of the version before into it; new tables need no word here."""

SCHEMA_VERSION = max(MIGRATIONS)


def connect(url: str | None = None) -> Engine:
    """Open the database and bring it up to date.

    Parameters
    ----------
    url
        SQLAlchemy URL; default ``TL_STORE_URL``, else a SQLite file in ``TL_HOME``.

    Raises
    ------
    UserError
        If a newer version of this program has written it.
    DamagedStore
        If it cannot be read; whatever is done with it later may raise that, too.
    """
    engine = create_engine(url or store_url())
    if engine.dialect.name == "sqlite":
        _close_to_others(engine)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "handle_error", tell_damage)
    with engine.connect() as connection:
        if not _current(connection):
            _upgrade(connection)
    return engine


def _close_to_others(engine: Engine) -> None:
    """See to it that no other account reads the file, nor what SQLite lays beside it."""
    name = engine.url.database
    if name and name != ":memory:" and not name.startswith("file:"):
        file = private_file(Path(name))  # SQLite gives its companions the same rights
        for suffix in ("-wal", "-shm"):
            close_to_others(file.with_name(file.name + suffix))


def store_url() -> str:
    """Return the URL of this server's database."""
    return os.environ.get("TL_STORE_URL") or f"sqlite:///{home() / 'lab.sqlite3'}"


def _version(connection: Connection) -> int | None:
    """Return the version that is there, or None in an empty database."""
    if not inspect(connection).has_table("meta"):
        return None
    version: int | None = connection.execute(select(meta.c.schema_version)).scalar()
    return version


def _current(connection: Connection) -> bool:
    version = _version(connection)
    connection.rollback()
    if version is not None and version > SCHEMA_VERSION:
        raise UserError(
            f"The database was written by a newer version of this program (schema {version}, "
            f"here {SCHEMA_VERSION}). Update the program, or set TL_HOME to another folder."
        )
    return version == SCHEMA_VERSION


def _upgrade(connection: Connection) -> None:
    """Make or migrate all tables in one transaction, whichever process comes first."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = _version(connection)
    for step in range((version or SCHEMA_VERSION) + 1, SCHEMA_VERSION + 1):
        for change in MIGRATIONS.get(step, ()):
            if isinstance(change, str):
                connection.exec_driver_sql(change)
            else:
                change(connection)
    metadata.create_all(connection)
    if version is None:
        connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION))
    else:
        connection.execute(update(meta).values(schema_version=SCHEMA_VERSION))
    connection.commit()


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    if cursor.execute("PRAGMA page_count").fetchone() == (0,):  # later only VACUUM can change it
        cursor.execute(f"PRAGMA auto_vacuum={INCREMENTAL}")
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def shrink(engine: Engine, most: int = 5000) -> None:
    """Give the disk back what removed rows have left empty, if nobody else is writing now.

    Parameters
    ----------
    engine
        Of the database; of SQLite's files alone this is anybody's work but the database's own.
    most
        Pages of the file that are given back at once; the rest waits for the next time.
    """
    if engine.dialect.name != "sqlite":
        return
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(engine.raw_connection()) as connection,
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
