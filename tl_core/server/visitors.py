"""Who may start something on a shared server: members of rooms, and not too many new learners.

Codes are free, and each learner has a budget and a place in the line of their own. So one browser
with thirty made-up codes is thirty learners, unless the server asks for a room, or counts how many
new ones an address brings. A learner is new until they have made something that costs: a job, an
upload, a workspace. Members of an open room are not counted, since whoever leads a class has let
them in, and the limit is generous, since a whole school stands behind one address. What is noted is
the address and the time, for an hour.
"""

from __future__ import annotations

import ipaddress
import os
from collections import OrderedDict

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from tl_core.errors import UserError
from tl_core.machine import whole_number
from tl_core.server.clock import Clock
from tl_core.server.rooms import Rooms
from tl_core.store.database import Store
from tl_core.store.schema import jobs, newcomers, uploads, workspaces

AN_HOUR = 60
"""New learners of one address in an hour; ``TL_NEW_LEARNERS`` sets another number."""

WINDOW_SECONDS = 3600.0

HERE = "here"
"""In place of an address: this machine, or a visitor whose address nobody knows."""

JOIN_A_ROOM = (
    "On this server, members of a class upload and train. Join a room on Classroom, with the code "
    "from your instructor."
)

_REMEMBERED = 10_000

# Of the process that serves pages, and not in a cache that a visitor can ask to be cleared.
_came_from: OrderedDict[str, str] = OrderedDict()
_instructors: set[str] = set()
_instructed = False


# ----------------------------------------------------------------------------------- what is known


def note_address(owner: str, address: str | None) -> None:
    """Note from which address a learner comes; None for this machine itself.

    Of an IPv6 address the network counts, since each device has very many addresses in it.
    """
    _came_from[owner] = _network(address)
    _came_from.move_to_end(owner)
    while len(_came_from) > _REMEMBERED:
        _came_from.popitem(last=False)


def led_by_instructor(yes: bool) -> None:
    """Note whether this server has an instructor."""
    global _instructed
    _instructed = yes


def note_instructor(owner: str) -> bool:
    """Note that a learner is the instructor, who needs no room; tell whether that is new."""
    new = owner not in _instructors
    _instructors.add(owner)
    return new


def has_instructor() -> bool:
    """Tell whether this server has an instructor."""
    return _instructed


def is_instructor(owner: str) -> bool:
    """Tell whether a learner was noted as the instructor."""
    return owner in _instructors


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return HERE
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return HERE
    return str(
        found if found.version == 4 else ipaddress.IPv6Network((int(found), 64), strict=False)
    )


# ------------------------------------------------------------------------------------------- rooms


def rooms_only() -> bool:
    """Tell whether only members of a room upload and run: ``TL_ROOMS_ONLY``, 1 or 0.

    Where it is not set, a server that has an instructor is for the members of rooms.
    """
    chosen = os.environ.get("TL_ROOMS_ONLY", "").strip().lower()
    return chosen not in ("0", "no", "false") if chosen else _instructed


def may_start(store: Store, owner: str) -> bool:
    """Tell whether a learner may upload and run as far as rooms are concerned."""
    return not rooms_only() or owner in _instructors or Rooms(store).room_of(owner) is not None


def check_member(store: Store, owner: str) -> None:
    """Refuse what only members of a room may do.

    Raises
    ------
    UserError
        In one sentence, if the learner is in no room and has to be.
    """
    if not may_start(store, owner):
        raise UserError(JOIN_A_ROOM)


# ------------------------------------------------------------------------------------ new learners


def check_newcomer(store: Store, owner: str) -> None:
    """Let a learner make the first thing that costs, unless their address brought too many.

    Raises
    ------
    UserError
        In one sentence.
    """
    if _known(store, owner) or Rooms(store).room_of(owner) is not None:
        return
    address, most = _came_from.get(owner, HERE), whole_number("TL_NEW_LEARNERS") or AN_HOUR
    clock = Clock(store)
    row = {"owner": owner, "address": address, "since": clock.ago(0)}
    recent = select(func.count()).where(
        newcomers.c.address == address, newcomers.c.since > clock.ago(WINDOW_SECONDS)
    )
    try:
        with store.engine.begin() as connection:
            connection.execute(insert(newcomers).values(**row))
            if connection.execute(recent).scalar_one() > most:
                raise UserError(
                    f"{most} new learners have started from your network in the last hour, as many "
                    "as may. Join a room on Classroom with the code from your instructor, or try "
                    "again in an hour."
                )
    except IntegrityError:  # another tab of theirs was quicker
        pass


def forget_newcomers(store: Store, clock: Clock) -> None:
    """Remove what is noted of those who started more than an hour ago."""
    old = newcomers.c.since < clock.ago(WINDOW_SECONDS)
    with store.engine.begin() as connection:
        connection.execute(delete(newcomers).where(old))


def _known(store: Store, owner: str) -> bool:
    tables = (newcomers, jobs, uploads, workspaces)
    with store.engine.connect() as connection:
        return any(
            connection.execute(select(exists().where(table.c.owner == owner))).scalar()
            for table in tables
        )
