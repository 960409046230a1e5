"""One browser with many made-up codes, and rooms that decide who uploads and runs."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from tl_core.errors import UserError
from tl_core.server import admission
from tl_core.server.cleanup import sweep
from tl_core.server.clock import Clock
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Uploads
from tl_core.server.visitors import (
    check_newcomer,
    led_by_instructor,
    may_start,
    note_address,
    note_instructor,
    rooms_only,
)
from tl_core.store.database import Store

ANNA = "a" * 32
SCHOOL, HOME = "203.0.113.7", "198.51.100.1"


@pytest.fixture(autouse=True)
def two_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_NEW_LEARNERS", "2")


@pytest.fixture
def codes() -> Iterator[str]:
    return (f"{number:032x}" for number in range(1000))


def come(store: Store, owner: str, address: str | None) -> str:
    note_address(owner, address)
    check_newcomer(store, owner)
    return owner


def refused(store: Store, owner: str, address: str | None) -> bool:
    try:
        come(store, owner, address)
    except UserError as error:
        assert "2 new learners have started from your network" in str(error)
        return True
    return False


def test_thirty_codes_of_one_browser_are_no_thirty_learners(
    store: Store, codes: Iterator[str]
) -> None:
    came = [code for code in codes if not refused(store, code, SCHOOL)]
    assert len(came) == 2
    assert not any(refused(store, code, SCHOOL) for code in came), "who has started goes on"
    assert not refused(store, ANNA, HOME)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        (None, "127.0.0.1", True),
        (None, "::1", True),
        (None, "not an address", True),
        (None, "203.0.113.7", False),
    ],
)
def test_what_counts_as_one_address(
    store: Store, codes: Iterator[str], one: str | None, other: str | None, same: bool
) -> None:
    for _ in range(2):
        come(store, next(codes), one)
    assert refused(store, next(codes), other) == same


def test_an_hour_later_others_may_come(store: Store, codes: Iterator[str]) -> None:
    for _ in range(2):
        come(store, next(codes), SCHOOL)
    assert refused(store, ANNA, SCHOOL)
    steady = Clock(store)._steady()
    wall = Clock(store)._wall()
    later = Clock(store, lambda: wall + 3700, lambda: steady + 3700)
    sweep(store, later)
    assert not refused(store, ANNA, SCHOOL)


def test_who_has_made_something_is_not_new(store: Store, codes: Iterator[str]) -> None:
    store.save_workspace(ANNA, {})
    for _ in range(2):
        come(store, next(codes), SCHOOL)
    assert not refused(store, ANNA, SCHOOL)


def test_members_of_a_room_are_not_counted(store: Store, codes: Iterator[str]) -> None:
    room = Rooms(store).open("Friday", {})
    for code in [next(codes) for _ in range(30)]:
        Rooms(store).join(room.code, code, "")
        come(store, code, SCHOOL)
    assert not refused(store, ANNA, SCHOOL)


def test_every_way_to_make_something_is_counted(store: Store, codes: Iterator[str]) -> None:
    ways = {
        "job": lambda owner: admission.check(store, owner, "rank", [{}]),
        "show": lambda owner: admission.check(store, owner, "preview", [{}]),
        "photos": lambda owner: Uploads(store).take_zip(owner, io.BytesIO(b""), "x.zip"),
    }
    for _ in range(2):
        come(store, next(codes), None)
    for name, way in ways.items():
        with pytest.raises(UserError, match="2 new learners"):
            way(next(codes))
        assert name
    assert store.jobs() == []


def test_with_an_instructor_only_members_upload_and_run(store: Store) -> None:
    assert not rooms_only() and may_start(store, ANNA)
    led_by_instructor(True)
    assert rooms_only() and not may_start(store, ANNA)
    for kind in ("train", "predict", "rank", "prefetch_data"):
        with pytest.raises(UserError, match="Join a room on Classroom"):
            admission.check(store, ANNA, kind, [{}])
    with pytest.raises(UserError, match="Join a room"):
        Uploads(store).take_zip(ANNA, io.BytesIO(b""), "x.zip")
    admission.check(store, ANNA, "preview", [{}])
    admission.check(store, "", "measure_costs", [{}])
    room = Rooms(store).open("Friday", {})
    Rooms(store).join(room.code, ANNA, "")
    admission.check(store, ANNA, "rank", [{}])
    Rooms(store).close(room.code)
    assert not may_start(store, ANNA)
    note_instructor(ANNA)
    admission.check(store, ANNA, "rank", [{}])


def test_the_server_can_be_told_otherwise(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    led_by_instructor(True)
    monkeypatch.setenv("TL_ROOMS_ONLY", "0")
    assert may_start(store, ANNA)
    led_by_instructor(False)
    monkeypatch.setenv("TL_ROOMS_ONLY", "1")
    assert not may_start(store, ANNA)
