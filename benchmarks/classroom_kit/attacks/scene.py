"""Where an attack takes place, and what is said of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom_kit.attacks.forger import Visitor
from classroom_kit.server import cpu_seconds, pss

INSTRUCTOR = "a-benchmark-only"
"""The instructor's code of servers that have one."""

LIGHT = "epochs=1&input_size=32&strategies=feature_extraction"
"""A link to one run that is over soon."""

QUICK = {"TL_NICE": "0", "TL_SLOTS": "2"}
"""For attacks that need a run only to have one: it gets its share of the processor."""
RUN_SECONDS = 240.0
"""That a small run may take on a machine with other work to do."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Told:
    """How an attack went: the figures in words, and whether its own bar was held."""

    text: str
    held: bool


@dataclass(frozen=True)
class Attack:
    """One thing that a hostile visitor does.

    Attributes
    ----------
    name, item
        How it is chosen, and what it is filed under.
    what, bar
        In words; beside the bar of every attack, the app's memory and others' answers.
    play
        Does it.
    prepare
        Makes what will be sent, before anything is measured.
    env
        What the server needs to be told for it.
    alone
        Whether it needs a server of its own, so that it cannot be played beside the others.
    calm
        Whether nobody else is there.
    own_checkout, disk_mb
        Whether the server runs from a copy of the checkout, and on a disk of its own of so many
        megabytes (0: on this machine's).
    seconds
        After which nothing more is waited for.
    """

    name: str
    item: str
    what: str
    bar: str
    play: Callable[[Scene], Awaitable[Told]]
    prepare: Callable[[], object] = lambda: None
    env: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    calm: bool = False
    own_checkout: bool = False
    disk_mb: int = 0
    seconds: float = 60.0


class Scene:
    """A server as an attack sees it: its address, and what its owner could look up afterwards.

    Parameters
    ----------
    url, home, root, pid
        Of the server: address, ``TL_HOME``, checkout and process.
    room
        Code of the room that learners join; none where the server has no instructor.
    """

    def __init__(self, url: str, home: Path, root: Path, pid: int, room: str = "") -> None:
        self.url, self.home, self.root, self.pid, self.room = url, home, root, pid, room
        self.visitors: list[Visitor] = []

    async def visitor(self, path: str = "", query: str = "", code: str = "") -> Visitor:
        """Let somebody new come in, or somebody whose code is known open another tab.

        A link, the ``query``, is opened at the door, as all links are; then they go on to ``path``.
        """
        visitor = Visitor(self.url, next(_numbers))
        visitor.code = code or visitor.code
        self.visitors.append(visitor)
        if self.room and not code:
            await visitor.arrive()
            await visitor.join(self.room)
            await visitor.tab.close()
        await visitor.arrive("" if query else path, query)
        if query and path:
            await visitor.tab.go(path)
        return visitor

    async def leave(self) -> None:
        """Close every tab."""
        for visitor in self.visitors:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(visitor.tab.close(), 5)
        self.visitors.clear()

    # ------------------------------------------------------------------- what the owner looks up

    def memory(self) -> float:
        """Return the app's memory in megabytes."""
        return pss(self.pid)

    def cpu(self) -> float:
        """Return the app's processor time in seconds."""
        return cpu_seconds(self.pid)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the server's database."""
        with closing(sqlite3.connect(self.home / "lab.sqlite3", timeout=10)) as connection:
            found = connection.execute(query, values).fetchall()
            connection.commit()
            return found

    def count(self, query: str, *values: Any) -> int:
        """Ask the server's database for a number."""
        return int(self.rows(query, *values)[0][0] or 0)

    def jobs(self, kind: str, *status: str) -> int:
        """Return how many jobs of a kind there are, all or those with a status."""
        among = f" and status in ({','.join('?' * len(status))})" if status else ""
        return self.count(f"select count(*) from jobs where kind = ?{among}", kind, *status)

    def stored(self, *parts: str) -> int:
        """Return the bytes of the files in some folders of the home, all that exist."""
        found = 0
        for part in parts:
            for path in (self.home / part).rglob("*"):
                with contextlib.suppress(OSError):
                    found += path.stat().st_size if path.is_file() else 0
        return found

    def log(self) -> str:
        """Return what the app has written to its log."""
        return (self.home / "app.log").read_text(errors="replace")

    async def until(self, reached: Callable[[], bool], seconds: float) -> float | None:
        """Wait until something is so; return the seconds, None if it never was."""
        start = time.monotonic()
        while not reached():
            if time.monotonic() - start > seconds:
                return None
            await asyncio.sleep(0.1)
        return time.monotonic() - start


def mega(count: float) -> str:
    """Write bytes in megabytes."""
    return f"{count / 1e6:,.0f} MB"


async def sign_in(visitor: Visitor, code: str = INSTRUCTOR) -> None:
    """Give an instructor's code on Classroom."""
    await visitor.tab.set("text_input", "Instructor's code", string_value=code)
    await visitor.tab.click("Open the classroom")


async def open_room(visitor: Visitor) -> str:
    """Open a room as an instructor who is signed in; return its code."""
    await visitor.tab.click("Open")
    text = visitor.tab.page.text()
    return text.partition("room code **`")[2].partition("`")[0]
