"""Many who ask without end leave the others their turns."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import ui.guard.turns
from ui.guard.turns import Taker, Turns


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_so_many_have_a_turn_and_the_next_has_it_when_one_ends() -> None:
    async def work() -> None:
        turns, takers = Turns(2), [Taker() for _ in range(3)]
        await turns.take(takers[0])
        await turns.take(takers[1])
        third = asyncio.create_task(turns.take(takers[2]))
        await settle()
        assert not third.done()
        turns.end(takers[0])
        turns.end(takers[0])  # which says nothing new
        await third
        fourth = asyncio.create_task(turns.take(Taker()))
        await settle()
        assert not fourth.done()
        turns.end(takers[1])
        await fourth

    run(work())


def test_who_has_had_least_is_first() -> None:
    async def work() -> None:
        turns, first = Turns(1), Taker()
        await turns.take(first)
        now = asyncio.get_running_loop().time()
        served: list[str] = []

        async def wait(name: str, had: float) -> None:
            taker = Taker(had=had, when=now)
            await turns.take(taker)
            served.append(name)
            turns.end(taker)

        asks = [("flood", 9.0), ("flood too", 8.0), ("learner", 0.1), ("newcomer", 0.0)]
        tasks = [asyncio.create_task(wait(*one)) for one in asks]
        await settle()
        turns.end(first)
        await asyncio.gather(*tasks)
        assert served == ["newcomer", "learner", "flood too", "flood"]

    run(work())


def test_a_turn_ends_by_itself_and_one_has_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.guard.turns, "HOLD_SECONDS", 0.01)

    async def work() -> None:
        turns, taker = Turns(5), Taker()
        for _ in range(3):
            await turns.take(taker)  # waits for the end of the one before
        assert turns._free == 4
        await taker.over.wait()
        assert turns._free == 5

    run(work())


def test_who_leaves_the_line_takes_no_turn_along() -> None:
    async def work() -> None:
        turns, taker = Turns(1), Taker()
        await turns.take(taker)
        gone = [asyncio.create_task(turns.take(Taker())) for _ in range(2)]
        await settle()
        gone[0].cancel()
        await settle()
        turns.end(taker)
        gone[1].cancel()  # although its turn has come
        await settle()
        await turns.take(taker)

    run(work())


def test_what_one_had_is_forgotten_with_time() -> None:
    taker = Taker(had=8.0, when=100.0)
    assert [taker.lately(now) for now in (100, 110, 130)] == [8, 4, 1]
