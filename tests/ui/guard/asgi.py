"""Speaks with an ASGI app as a server does, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def scope(kind: str, path: str, headers: Mapping[str, str] | None = None) -> Message:
    raw = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    return {"type": kind, "path": path, "headers": raw, "query_string": b"", "method": "GET"}


def ask(
    app: Any,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Iterable[bytes] = (),
    kind: str = "http",
) -> Answer:
    """Send a request whose body comes in pieces; it is cut off where they end with None."""
    pieces = list(body)
    answer = Answer()

    async def receive() -> Message:
        if pieces and pieces[0] is None:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message["type"] == "websocket.close":
            answer.status = message["code"]
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    asyncio.run(app({**scope(kind, path, headers), "method": method}, receive, send))
    return answer


async def ok(scope: Message, receive: Any, send: Any) -> None:
    """Answer everything with 200; as a WebSocket, with a code of its own."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Server", b"x")]})
    await send({"type": "http.response.body", "body": b"ok"})


def talk(app: Any, messages: Iterable[Message]) -> list[Message]:
    """Send messages over a WebSocket to an app; return what was sent back."""
    waiting = [*messages, {"type": "websocket.disconnect", "code": 1001}]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope("websocket", "/_stcore/stream"), receive, send))
    return sent
