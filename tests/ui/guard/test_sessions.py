"""A tab may come back for a while; then its session ends, whether or not another one comes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ui.guard.sessions import MOST, Sessions


class Kept:
    """Sessions that say when they end, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ended: list[str] = []
        self.storage = Sessions(120, clock=lambda: self.now)

    def leave(self, name: str) -> None:
        info: Any = SimpleNamespace(
            session=SimpleNamespace(id=name, shutdown=lambda: self.ended.append(name))
        )
        self.storage.save(info)


def test_a_session_is_there_for_a_while_and_then_ends() -> None:
    kept = Kept()
    kept.leave("a")
    kept.now = 119
    kept.storage.expire()
    assert kept.storage.get("a") is not None and kept.ended == []
    kept.now = 120
    assert kept.storage.get("a") is None
    kept.storage.expire()
    assert kept.ended == ["a"] and kept.storage.list() == []


def test_a_session_that_goes_on_is_not_ended() -> None:
    kept = Kept()
    kept.leave("a")
    kept.storage.delete("a")
    kept.storage.delete("never there")
    kept.now = 1000
    kept.storage.expire()
    assert kept.ended == []


def test_so_many_are_kept_and_the_first_goes_first() -> None:
    kept = Kept()
    for number in range(MOST + 2):
        kept.leave(str(number))
    assert kept.ended == ["0", "1"] and len(kept.storage.list()) == MOST
