"""Turns go round among owners."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

import pytest

from tl_core.server.checking import Checker
from tl_core.server.limits import UploadLimits
from tl_core.server.turns import Ticket, Turns
from tl_core.server.upload_spool import UploadSpool
from tl_core.server.upload_worker import Request


def stand(turns: Turns, stack: ExitStack, owner: str) -> Ticket:
    return stack.enter_context(turns.ticket(owner))


def test_whoever_came_first_is_next() -> None:
    turns = Turns()
    with ExitStack() as stack:
        first, second = (stand(turns, stack, owner) for owner in "ab")
        assert turns.is_next(first) and not turns.is_next(second)
        turns.begin(first)
        assert turns.is_next(second)


def test_many_tabs_of_one_wait_behind_everybody() -> None:
    turns, order = Turns(), ""
    with ExitStack() as line:
        waiting = [(owner, ExitStack()) for owner in "aaaaaabcab"]
        tickets = {}
        for owner, stack in waiting:
            line.push(stack)
            tickets[stand(turns, stack, owner)] = stack
        while tickets:
            ticket = next(t for t in tickets if turns.is_next(t))
            turns.begin(ticket)
            order += ticket.owner
            tickets.pop(ticket).close()
    assert order == "abcabaaaaa"[:10]


def test_nobody_has_two_turns_at_a_time() -> None:
    turns = Turns()
    with ExitStack() as stack:
        one, two = (stand(turns, stack, "a") for _ in range(2))
        turns.begin(one)
        assert not turns.is_next(two)
        other = stand(turns, stack, "b")
        assert turns.is_next(other)


def test_who_leaves_the_line_holds_nobody_up() -> None:
    turns = Turns()
    with ExitStack() as stack:
        with turns.ticket("a"):
            other = stand(turns, stack, "b")
            assert not turns.is_next(other)
        assert turns.is_next(other)
    assert not turns._waiting and not turns._served and not turns._going


def test_a_learner_with_many_tabs_leaves_a_place_for_others(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking: Queue[str] = Queue()
    go_on = Event()

    def check(checker: Checker, request: Request, report: object) -> dict[str, Any]:
        checking.put(request.name)
        assert go_on.wait(60)
        return {}

    def send(owner: str) -> None:
        with UploadSpool(owner, UploadLimits(at_once=2), owner) as spool:
            spool.check("items", Path("x"), 0)

    monkeypatch.setattr(Checker, "__enter__", lambda checker: checker)
    monkeypatch.setattr(Checker, "ask", check)
    with ThreadPoolExecutor() as pool:
        tabs = [pool.submit(send, "anna")]
        assert checking.get(timeout=60) == "anna"
        tabs += [pool.submit(send, "anna") for _ in range(3)]
        tabs.append(pool.submit(send, "ben"))
        assert checking.get(timeout=60) == "ben", "all places were held by one"
        go_on.set()
        for tab in tabs:
            tab.result(60)
