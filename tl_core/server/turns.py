"""Turns for work that few may do at once, shared out fairly among owners.

Whoever was served least recently is next, and nobody has two turns at a time, so that a learner
with many tabs waits behind everybody else, and never behind themselves alone.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Ticket:
    """A place in the line: whose, and the how many-eth that was drawn."""

    owner: str
    number: int


class Turns:
    """The line of one process; it holds nothing once everybody has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: list[Ticket] = []
        self._served: dict[str, int] = {}
        self._going: set[str] = set()

    @contextmanager
    def ticket(self, owner: str) -> Iterator[Ticket]:
        """Stand in line, and leave it at the end, whatever happens meanwhile."""
        with self._lock:
            ticket = Ticket(owner, next(self._numbers))
            self._waiting.append(ticket)
        try:
            yield ticket
        finally:
            with self._lock:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                else:
                    self._going.discard(owner)
                    self._served[owner] = next(self._numbers)
                if not self._waiting and not self._going:
                    self._served.clear()

    def is_next(self, ticket: Ticket) -> bool:
        """Tell whether it is this one's turn as soon as there is a place."""
        with self._lock:
            line = [other for other in self._waiting if other.owner not in self._going]
            return ticket == min(line, key=self._order, default=None)

    def begin(self, ticket: Ticket) -> None:
        """Note that the one who is next has got a place."""
        with self._lock:
            self._waiting.remove(ticket)
            self._going.add(ticket.owner)

    def _order(self, ticket: Ticket) -> tuple[int, int]:
        return self._served.get(ticket.owner, 0), ticket.number
