"""What browsers say over their WebSocket: only what the pages' own front end says, at a pace.

Streamlit answers everybody's messages for developers, reads messages of any number of entries, and
takes as many as come. Here a message that no page sends is dropped unread, a large one is counted
before it is read, and who sends too many is read from less often and drawn for after the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ui.guard.incoming import Incoming
from ui.guard.pace import Pace
from ui.guard.turns import Taker, Turns
from ui.guard.wire import Malformed, Tally, count, only_field

log = logging.getLogger(__name__)

SMALL, MOST_BYTES, BYTES_OF_A_FILE = 2**10, 2**18, 320
"""Bytes of a small message, of what the widgets of a page hold beside lists of files, and of a file
in such a list; more than half of the last is for its name."""

KNOWN = {
    "rerun_script": None,  # counted
    "file_urls_request": None,
    "stop_script": SMALL,
    "app_heartbeat": SMALL,
    "backend_operation_request": SMALL,
}
"""Messages that the pages send, and how large they may be."""

OPERATIONS = {"deferred_file"}
"""What of ``backend_operation_request`` they send: a download that is made when it is asked for."""

_FIELDS, _FIELDS_OF_A_FILE = 10_000, 8

MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 5.0, 30.0
"""Live pages ask up to four times a second; a learner clicks now and then."""

BYTES_A_SECOND, BYTES_AT_ONCE = 2.0**18, 2.0**23

PATIENCE = 20
"""Bad messages after which a connection is closed: a page sends none."""

MOST_WAITING = 500
"""Messages of one connection that wait to be read; a page has one or two."""

POLICY, LATER = 1008, 1013
"""Codes with which a WebSocket is closed."""


@dataclass
class _Conversation:
    """One connection, and how it has behaved."""

    offences: int = 0
    closed: bool = False
    messages: Pace = field(default_factory=lambda: Pace(MESSAGES_A_SECOND, MESSAGES_AT_ONCE))
    bytes: Pace = field(default_factory=lambda: Pace(BYTES_A_SECOND, BYTES_AT_ONCE))
    taker: Taker = field(default_factory=Taker)


class Messages:
    """Middleware between a browser's WebSocket and Streamlit.

    Parameters
    ----------
    app
        Gets the messages that are let through.
    incoming
        Knows how many files may be sent.
    tell
        Tells a session why its files are not taken.
    sleep
        Waits.
    """

    def __init__(
        self,
        app: ASGIApp,
        incoming: Incoming,
        tell: Callable[[str, str], None],
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._app, self._incoming, self._tell, self._sleep = app, incoming, tell, sleep
        self._open = 0
        self._turns = Turns()
        self.most_bytes = MOST_BYTES + BYTES_OF_A_FILE * incoming.limits.tab_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on, if there is room for one more."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if self._open >= self._incoming.limits.tabs:
            log.warning("%d pages are open, as many as TL_TABS allows", self._open)
            await send({"type": "websocket.close", "code": LATER})
            return
        talk = _Conversation()
        limit_frames(receive, self.most_bytes)

        async def next_message() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                if _waiting(receive) > MOST_WAITING:
                    talk.offences = PATIENCE
                elif await self._let_through(message, talk, send):
                    return message
                if talk.offences >= PATIENCE:
                    log.warning("A connection is closed: it sends what no page sends")
                    await send({"type": "websocket.close", "code": POLICY})
                    talk.closed = True
                    return {"type": "websocket.disconnect", "code": POLICY}

        async def answer(message: Message) -> None:
            if talk.taker.timer is not None and _ends_a_page(message):
                self._turns.end(talk.taker)
            if not talk.closed:
                await send(message)

        self._open += 1
        try:
            await self._app(scope, next_message, answer)
        finally:
            self._open -= 1
            self._turns.end(talk.taker)

    async def _let_through(self, message: Message, talk: _Conversation, send: Send) -> bool:
        data = message.get("bytes") or b""
        pause = max(talk.messages.spend(1), talk.bytes.spend(len(data)))
        if pause:
            await self._sleep(pause)
        try:
            kind = self.kind(data)
        except (Malformed, DecodeError):
            talk.offences += 1
            return False
        if kind == "file_urls_request" and (refusal := self._refusal(data)) is not None:
            await send({"type": "websocket.send", "bytes": refusal})
            return False
        if kind == "rerun_script":
            await self._turns.take(talk.taker)
        return True

    def kind(self, data: bytes) -> str:
        """Return what a message is.

        Raises
        ------
        Malformed
            If no page would send it.
        """
        kind = only_field(data, BackMsg.DESCRIPTOR)
        if kind not in KNOWN or len(data) > (KNOWN[kind] or self.most_bytes):
            raise Malformed
        if kind == "backend_operation_request":
            asked = BackMsg.FromString(data).backend_operation_request.WhichOneof("payload")
            if asked not in OPERATIONS:
                raise Malformed
        if len(data) > SMALL:
            files = self._incoming.limits.tab_files
            tally = Tally(_FIELDS + _FIELDS_OF_A_FILE * files)
            count(data, BackMsg.DESCRIPTOR, tally)
            if kind == "rerun_script" and len(data) - tally.files > MOST_BYTES:
                raise Malformed
        return kind

    def _refusal(self, data: bytes) -> bytes | None:
        """Return the answer to a request for addresses that cannot be had; None if they can."""
        asked = BackMsg.FromString(data).file_urls_request
        reason = self._incoming.refusal(asked.session_id, len(asked.file_names))
        if reason is None:
            return None
        self._tell(asked.session_id, reason)
        answer = ForwardMsg()
        answer.file_urls_response.response_id = asked.request_id
        answer.file_urls_response.error_msg = reason
        made: bytes = answer.SerializeToString()
        return made


def _ends_a_page(message: Message) -> bool:
    """Tell whether Streamlit says with this message that a page is drawn."""
    data = message.get("bytes") or b""
    if not 0 < len(data) <= SMALL:
        return False
    return bool(ForwardMsg.FromString(data).WhichOneof("type") == "script_finished")


def _waiting(receive: Any) -> int:
    """Return how many messages the server holds that were not asked for yet, if it is uvicorn."""
    queue = getattr(getattr(receive, "__self__", None), "queue", None)
    return queue.qsize() if isinstance(queue, asyncio.Queue) else 0


def limit_frames(receive: Any, most: int) -> bool:
    """Let the server refuse larger messages before it has collected them; tell if it can.

    uvicorn knows one limit for all connections and both directions; ``websockets`` below it has one
    for each. Where this finds neither, ``server.maxMessageSize`` holds.
    """
    frames: Any = getattr(getattr(receive, "__self__", None), "conn", None)
    if not isinstance(getattr(frames, "max_message_size", None), int):
        return False
    frames.max_message_size = min(most, frames.max_message_size)
    return True
