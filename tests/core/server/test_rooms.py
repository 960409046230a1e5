"""Rooms, who may lead them, and where they are found."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tl_core.errors import UserError
from tl_core.server import address
from tl_core.server.rooms import ALPHABET, CODE_LENGTH, Rooms, read_room_code, short_name
from tl_core.store.database import Store

PACK = {"data": "produce/market", "backbone": "resnet_mini", "strategies": ["fine_tune"]}


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    store = Store()
    yield Rooms(store)
    store.close()


class TestRooms:
    def test_a_room_keeps_its_pack(self, rooms: Rooms) -> None:
        room = rooms.open("Friday", PACK)
        assert rooms.room(room.code) == room and room.pack == PACK and room.closed is None
        assert len(room.code) == CODE_LENGTH and set(room.code) <= set(ALPHABET)

    def test_a_code_is_never_given_twice(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letters = iter("A" * 6 + "A" * 6 + "B" * 6)
        monkeypatch.setattr("secrets.choice", lambda _: next(letters))
        assert [rooms.open(t, {}).code for t in ("first", "second")] == ["AAAAAA", "BBBBBB"]

    def test_codes_are_read_as_people_type_them(self, rooms: Rooms) -> None:
        room = rooms.open("Friday", PACK)
        typed = f" {room.code[:3].lower()}-{room.code[3:]} "
        assert rooms.join(typed, "a", "Ada").code == room.code
        assert read_room_code("<b>'; --") == "B"

    def test_members_come_in_order_and_may_have_no_name(self, rooms: Rooms) -> None:
        room = rooms.open("Friday", PACK)
        for owner, name in (("a", "Ada"), ("b", ""), ("c", "Chi")):
            rooms.join(room.code, owner, name)
        assert [(m.owner, m.name) for m in rooms.members(room.code)] == [
            ("a", "Ada"), ("b", ""), ("c", "Chi"),
        ]  # fmt: skip
        assert len(rooms.members()) == 3

    def test_a_learner_is_in_one_room(self, rooms: Rooms) -> None:
        first, second = rooms.open("one", {}), rooms.open("two", {})
        rooms.join(first.code, "a", "Ada")
        rooms.join(second.code, "a", "Ada L.")
        assert rooms.room_of("a") == second
        assert rooms.members(first.code) == []
        rooms.leave("a")
        assert rooms.room_of("a") is None and rooms.members() == []

    def test_a_closed_room_takes_nobody_in_and_holds_nobody(self, rooms: Rooms) -> None:
        room = rooms.open("Friday", PACK)
        rooms.join(room.code, "a", "Ada")
        assert rooms.data_in_use() == {"produce/market"}
        rooms.close(room.code)
        assert rooms.room_of("a") is None
        assert rooms.data_in_use() == set()
        with pytest.raises(UserError, match="was closed"):
            rooms.join(room.code, "b", "Bo")
        closed = rooms.room(room.code)
        rooms.close(room.code)  # once more changes nothing
        assert closed is not None and rooms.room(room.code) == closed

    def test_open_rooms_come_first(self, rooms: Rooms) -> None:
        one, two, three = (rooms.open(title, {}) for title in ("one", "two", "three"))
        rooms.close(three.code)
        assert [room.title for room in rooms.all()] == ["two", "one", "three"]
        assert one.code != two.code

    @pytest.mark.parametrize("code", ["", "ABC", "<script>", "x" * 999])
    def test_a_wrong_code_is_told(self, code: str, rooms: Rooms) -> None:
        with pytest.raises(UserError, match="no room"):
            rooms.join(code, "a", "Ada")

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("  Ada \n Lovelace\t", "Ada Lovelace"),
            ("x" * 300, "x" * 40),
            ("</script><b>", "</script><b>"),
            ("gnp.\u202eexe\x00", "gnp. exe"),
            ("👩‍🔬 नीला", "👩‍🔬 नीला"),
            ("\x00\u200b", ""),
        ],
    )
    def test_names_are_data(self, name: str, kept: str, rooms: Rooms) -> None:
        room = rooms.open(name, {})
        rooms.join(room.code, "a", name)
        assert rooms.members(room.code)[0].name == kept == short_name(name, 40)


class TestAddress:
    def test_no_packet_is_sent_and_no_local_address_told(self) -> None:
        found = address.lan_address()
        assert found is None or not address.is_local(found)

    def test_without_a_network_there_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Unreachable(socket.socket):
            def connect(self, target: object) -> None:
                raise OSError("network is unreachable")

        monkeypatch.setattr(socket, "socket", Unreachable)
        assert address.lan_address() is None

    @pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "[::1]", "0.0.0.0"])
    def test_local(self, host: str) -> None:
        assert address.is_local(host)

    @pytest.mark.parametrize("host", ["192.168.1.7", "lab.school.example", "", "[fe80::1]"])
    def test_not_local(self, host: str) -> None:
        assert not address.is_local(host)
