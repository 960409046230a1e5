"""A class as a room: a short code to join it, and a starting point that everyone shares."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tl_core.data.files import clean
from tl_core.errors import UserError
from tl_core.store.database import Store
from tl_core.store.schema import members as _members
from tl_core.store.schema import rooms as _rooms

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 and O, no 1, I and L: a code is read from a wall and typed."""
CODE_LENGTH = 6
NAME_LENGTH, TITLE_LENGTH = 40, 80
"""Longer names of learners and titles of rooms are cut."""


@dataclass(frozen=True)
class Room:
    """A class.

    Attributes
    ----------
    code
        What learners type; it lets one join and hands over nothing else.
    title
        For people; as the instructor wrote it.
    pack
        The shared starting point, plain data: photos, network, plan, strategies and settings.
    created, closed
        Seconds since the epoch; ``closed`` is None while it can be joined.
    """

    code: str
    title: str
    pack: dict[str, Any]
    created: float
    closed: float | None


@dataclass(frozen=True)
class Member:
    """A learner in a room; ``name`` is theirs to choose and may be empty."""

    room: str
    owner: str
    name: str
    joined: float


class Rooms:
    """The rooms of a server.

    Parameters
    ----------
    store
        Whose database holds them.
    """

    def __init__(self, store: Store) -> None:
        self._engine = store.engine

    def open(self, title: str, pack: Mapping[str, Any]) -> Room:
        """Open a room with a code that no other room has or had."""
        title = short_name(title, TITLE_LENGTH) or "A room without a name"
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
            room = Room(code, title, dict(pack), time.time(), None)
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(_rooms).values(**vars(room)))
            except IntegrityError:  # the code is taken: one chance in 900 million for each room
                continue
            return room

    def close(self, code: str) -> None:
        """End a room: nobody joins it any more, and new runs no longer belong to it."""
        change = update(_rooms).where(_rooms.c.code == code, _rooms.c.closed.is_(None))
        with self._engine.begin() as connection:
            connection.execute(change.values(closed=time.time()))

    def room(self, code: str) -> Room | None:
        """Return the room with a code, open or closed; None if there is none."""
        return self._first(select(_rooms).where(_rooms.c.code == read_room_code(code)))

    def all(self) -> list[Room]:
        """Return all rooms, open ones first, the newest first."""
        query = select(_rooms).order_by(_rooms.c.closed.isnot(None), _rooms.c.created.desc())
        with self._engine.connect() as connection:
            return [Room(**row._mapping) for row in connection.execute(query)]

    def join(self, code: str, owner: str, name: str) -> Room:
        """Make a learner a member of an open room, and of no other.

        Raises
        ------
        UserError
            If there is no open room with this code.
        """
        room = self.room(code)
        if room is None:
            raise UserError(
                f"There is no room {clean(code)[:20]!r} here. A room code has {CODE_LENGTH} "
                "letters and digits; ask whoever leads the class to show it again."
            )
        if room.closed is not None:
            raise UserError(f"The room {room.code} was closed. Ask for the code of a new one.")
        member = Member(room.code, owner, short_name(name, NAME_LENGTH), time.time())
        with self._engine.begin() as connection:
            connection.execute(delete(_members).where(_members.c.owner == owner))
            connection.execute(insert(_members).values(**vars(member)))
        return room

    def leave(self, owner: str) -> None:
        """End a learner's membership; their runs stay in the room's ranking."""
        with self._engine.begin() as connection:
            connection.execute(delete(_members).where(_members.c.owner == owner))

    def members(self, code: str | None = None) -> list[Member]:
        """Return the members of a room, or of all rooms, in the order in which they came."""
        query = select(_members).order_by(_members.c.joined, _members.c.owner)
        if code is not None:
            query = query.where(_members.c.room == code)
        with self._engine.connect() as connection:
            return [Member(**row._mapping) for row in connection.execute(query)]

    def room_of(self, owner: str) -> Room | None:
        """Return the open room in which a learner is, or None."""
        return self._first(
            select(_rooms)
            .join(_members, _members.c.room == _rooms.c.code)
            .where(_members.c.owner == owner, _rooms.c.closed.is_(None))
        )

    def data_in_use(self) -> set[str]:
        """Return the photos that open rooms start from: they must not be tidied away."""
        packs = [room.pack for room in self.all() if room.closed is None]
        return {str(pack["data"]) for pack in packs if pack.get("data")}

    def _first(self, query: Select[Any]) -> Room | None:
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Room(**row._mapping) if row else None


def read_room_code(text: str) -> str:
    """Return a typed room code without spaces and dashes, in capitals."""
    return "".join(c for c in text[:50] if c.isalnum()).upper()[:16]


def short_name(text: str, length: int) -> str:
    """Return a name in one line, without control characters, cut to a length."""
    # What joins letters and emoji stays; what turns the direction of a line around does not.
    joiners = "\u200c\u200d"
    plain = "".join(c if c.isprintable() or c in joiners else " " for c in text[:1000])
    return clean(" ".join(plain.split()))[:length].strip()
