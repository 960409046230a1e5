"""What a browser says is counted before it is read, and bad messages cost next to nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.ui.guard.asgi import Message, ok, talk
from ui.guard.incoming import Incoming
from ui.guard.limits import GuardLimits
from ui.guard.messages import (
    BYTES_AT_ONCE,
    MESSAGES_A_SECOND,
    MESSAGES_AT_ONCE,
    MOST_BYTES,
    PATIENCE,
    Messages,
    limit_frames,
)
from ui.guard.pace import Pace
from ui.guard.wire import Malformed, Tally, count, only_field

LIMITS = GuardLimits(tabs=1, tab_files=100)

DRAWN = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY).SerializeToString()


class Talk:
    """Streamlit behind the guard: what reached it, and what went back."""

    def __init__(self, *messages: BackMsg | bytes | Message, limits: GuardLimits = LIMITS) -> None:
        self.passed: list[str] = []
        self.pauses: list[float] = []
        self.left: int | None = None
        self.told: list[tuple[str, str]] = []
        incoming = Incoming(limits)
        guard = Messages(self._app, incoming, lambda *what: self.told.append(what), self._sleep)
        self.sent = talk(guard, map(_frame, messages))

    async def _app(self, scope: Message, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            self.passed.append(BackMsg.FromString(message["bytes"]).WhichOneof("type"))
            await send({"type": "websocket.send", "bytes": DRAWN})
        self.left = message["code"]
        await send({"type": "websocket.send", "bytes": b""})

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def _frame(message: BackMsg | bytes | Message) -> Message:
    if isinstance(message, dict):
        return message
    data = message if isinstance(message, bytes) else message.SerializeToString()
    return {"type": "websocket.receive", "bytes": data}


def said(**fields: Any) -> BackMsg:
    return BackMsg(**fields)


def widgets(number: int = 60) -> BackMsg:
    """As a page with many widgets sends them."""
    message = BackMsg()
    for i in range(number):
        message.rerun_script.widget_states.widgets.add(
            id=f"$$ID-{i:040}-key", string_value="x" * 20
        )
    message.rerun_script.cached_message_hashes.extend(["0" * 64] * 40)
    message.rerun_script.context_info.url = "http://lab.local:8501/train"
    return message


def folder(number: int) -> BackMsg:
    """As a page sends them when a folder of so many files has been sent."""
    message = widgets()
    state = message.rerun_script.widget_states.widgets.add(id="folder").file_uploader_state_value
    for i in range(number):
        info = state.uploaded_file_info.add(name=f"insects/bees/{i:060}.jpg", size=10**6)
        info.file_id = info.file_urls.file_id = "0123456789abcdef"
        info.file_urls.upload_url = info.file_urls.delete_url = "/_stcore/upload_file/-/" + "x" * 16
    return message


def names(count: int) -> BackMsg:
    message = BackMsg()
    message.file_urls_request.request_id, message.file_urls_request.session_id = "r", "s"
    message.file_urls_request.file_names.extend([""] * count)
    return message


# ------------------------------------------------------------------------------------------- kinds


def test_what_pages_say_reaches_streamlit() -> None:
    download = BackMsg()
    download.backend_operation_request.deferred_file.file_id = "a"
    honest = [widgets(), said(stop_script=True), said(app_heartbeat=True), names(100), download]
    talked = Talk(*honest, folder(100))
    kinds = ["rerun_script", "stop_script", "app_heartbeat", "file_urls_request"]
    assert talked.passed == [*kinds, "backend_operation_request", "rerun_script"]
    assert talked.pauses == [] and talked.left == 1001


def test_messages_for_developers_and_unknown_ones_are_dropped_without_an_answer() -> None:
    skills, chunk = BackMsg(), BackMsg()
    skills.backend_operation_request.install_skills.SetInParent()
    chunk.backend_operation_request.dataframe_chunk.source_id = "a"
    developer = [
        said(load_git_info=True),
        said(clear_cache=True),
        said(set_run_on_save=True),
        said(debug_disconnect_websocket=True),
        said(debug_shutdown_runtime=True),
        skills,
        chunk,
        BackMsg(),
        b"\xfa\x7f\x00",  # a field of a number that is not known
        b"\xff" * 20,
        {"type": "websocket.receive", "text": "hello"},
    ]
    talked = Talk(*developer, widgets())
    assert talked.passed == ["rerun_script"]
    assert [message["bytes"] for message in talked.sent] == [DRAWN, b""]


def test_who_goes_on_with_bad_messages_is_closed() -> None:
    talked = Talk(*[said(clear_cache=True)] * PATIENCE, widgets())
    assert talked.passed == [] and talked.left == 1008
    assert talked.sent == [{"type": "websocket.close", "code": 1008}]  # and nothing behind it


def test_two_messages_in_one_are_not_taken() -> None:
    both = said(clear_cache=True).SerializeToString() + said(stop_script=True).SerializeToString()
    assert Talk(both).passed == []


# ------------------------------------------------------------------------------------------- sizes


def test_a_request_for_too_many_addresses_is_answered_with_a_sentence() -> None:
    talked = Talk(names(101))
    assert talked.passed == []
    response = ForwardMsg.FromString(talked.sent[0]["bytes"]).file_urls_response
    assert response.response_id == "r" and not response.file_urls
    assert response.error_msg.startswith("These are 101 files, and at most 100")
    assert talked.told == [("s", response.error_msg)]


def test_messages_of_countless_entries_are_dropped_unread() -> None:
    empty = BackMsg()
    for _ in range(30_000):
        empty.rerun_script.widget_states.widgets.add()
    hashes = BackMsg()
    hashes.rerun_script.cached_message_hashes.extend([""] * 30_000)
    assert Talk(names(300_000), empty, hashes).sent == Talk().sent


def test_widgets_may_hold_so_much_and_the_list_of_a_folder_may_be_larger() -> None:
    large = BackMsg()
    large.rerun_script.widget_states.widgets.add(id="a", json_value="x" * MOST_BYTES)
    files = folder(5000)
    assert files.ByteSize() > 3 * MOST_BYTES
    assert Talk(large).passed == []
    assert Talk(files, limits=GuardLimits()).passed == ["rerun_script"]
    assert Talk(folder(9000), limits=GuardLimits()).passed == []


def test_small_messages_are_small() -> None:
    assert Talk(b"\x3a" + b"\x85\x10" + b"x" * 2053).passed == []  # stop_script with a long value
    heartbeat = said(app_heartbeat=True).SerializeToString()
    assert only_field(heartbeat, BackMsg.DESCRIPTOR) == "app_heartbeat"


def test_counting_finds_every_field_and_ends_at_the_limit() -> None:
    message = folder(3)
    data = message.SerializeToString()
    found = count(data, BackMsg.DESCRIPTOR, Tally(10_000))
    state = message.rerun_script.widget_states.widgets[-1].file_uploader_state_value
    assert found.files == state.ByteSize()
    of_widgets, of_files, hashes, context = 60 * 3, 3 + 3 * (1 + 4 + 3), 40, 2
    assert found.fields == 2 + of_widgets + of_files + hashes + context
    for most in (0, 5, found.fields - 1):
        with pytest.raises(Malformed):
            count(data, BackMsg.DESCRIPTOR, Tally(most))
    for cut in range(1, len(data), 97):
        with pytest.raises(Malformed):
            count(data[:cut], BackMsg.DESCRIPTOR, Tally(10_000))


def test_the_server_refuses_large_frames_before_it_has_them() -> None:
    class Protocol:
        conn = SimpleNamespace(max_message_size=5_000_000)

        def receive(self) -> None: ...

    assert limit_frames(Protocol().receive, 1000) and Protocol.conn.max_message_size == 1000
    assert limit_frames(Protocol().receive, 2000) and Protocol.conn.max_message_size == 1000
    assert not limit_frames(lambda: None, 1000)


# -------------------------------------------------------------------------------------------- pace


def test_who_sends_too_many_messages_is_read_from_less_often() -> None:
    talked = Talk(*[widgets()] * int(MESSAGES_AT_ONCE + 10))
    assert len(talked.passed) == MESSAGES_AT_ONCE + 10  # none is lost
    assert len(talked.pauses) == 10
    assert 0 < talked.pauses[0] <= 1 / MESSAGES_A_SECOND
    bad = [said(clear_cache=True)] * (PATIENCE - 1)
    assert len(Talk(*[widgets()] * int(MESSAGES_AT_ONCE), *bad).pauses) == PATIENCE - 1


def test_a_stock_refills_and_holds_no_more_than_it_may() -> None:
    now = [0.0]
    pace = Pace(2, 10, clock=lambda: now[0])
    assert pace.spend(10) == 0
    assert pace.spend(2) == 1
    now[0] = 1000
    assert pace.spend(10) == 0 and pace.spend(1) == 0.5
    assert 2 * folder(5000).ByteSize() < BYTES_AT_ONCE  # a learner's folder does not wait


def test_so_many_pages_are_open_and_no_more() -> None:
    incoming = Incoming(GuardLimits(tabs=1))
    guard = Messages(ok, incoming, incoming.note)
    within: list[list[Message]] = []

    async def open_another(scope: Message, receive: Any, send: Any) -> None:
        async def note(message: Message) -> None:
            within.append([message])

        await guard(scope, receive, note)

    guard._app = open_another
    talk(guard, [])
    assert within == [[{"type": "websocket.close", "code": 1013}]]
    guard._app = ok
    assert talk(guard, []) == [{"type": "websocket.close", "code": 1000}]
