"""Headers that every answer carries; the proxies in ``deploy/`` set the same."""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

VARIABLE = "TL_FRAME_ANCESTORS"


def answers_headers(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return them: what may frame the app, that types are not guessed, and no address told."""
    ancestors = environment.get(VARIABLE, "").strip() or "'self'"
    framing = {"Content-Security-Policy": f"frame-ancestors {ancestors}"}
    if ancestors == "'self'":
        framing["X-Frame-Options"] = "SAMEORIGIN"
    return {**framing, "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}


class AnswersHeaders:
    """Middleware that adds headers to every answer.

    Parameters
    ----------
    app
        Answers.
    headers
        As :func:`answers_headers` returns them.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer gets the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [one for one in message["headers"] if one[0].lower() not in self._names]
                message["headers"] = [*others, *self._headers]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
