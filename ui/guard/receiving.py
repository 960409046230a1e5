"""The way of a sent file to the disk, in place of Streamlit's own, which holds it in memory."""

from __future__ import annotations

import re
from collections.abc import Callable

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from ui.guard.arrival import Arrival, NotTaken
from ui.guard.incoming import ENDPOINT, LONGEST_NAME, Incoming
from ui.guard.multipart import BadForm, FileForm

_ADDRESS = re.compile(rf"(?:/[^/]+)*{ENDPOINT}/[^/]+/([^/]+)")
_AT_ONCE = 2**20
"""Bytes that are collected before they are written."""

_FRAME = 2**14
"""Bytes of a form around its file, at most."""


class Receiving:
    """Middleware that takes in the files that browsers send.

    Parameters
    ----------
    app
        Gets everything else.
    incoming
        Says which files are taken, and keeps them.
    tell
        Tells a session why there is no room for its files.
    """

    def __init__(self, app: ASGIApp, incoming: Incoming, tell: Callable[[str, str], None]) -> None:
        self._app, self._incoming, self._tell = app, incoming, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request if it sends a file."""
        sends = scope["type"] == "http" and scope["method"] == "PUT"
        address = _ADDRESS.fullmatch(scope["path"]) if sends else None
        if address is None:
            await self._app(scope, receive, send)
            return
        response = await self._take(Request(scope, receive), address[1])
        await response(scope, receive, send)

    async def _take(self, request: Request, file_id: str) -> Response:
        cookie = request.cookies.get(XSRF_COOKIE_NAME)
        if is_xsrf_enabled() and not validate_xsrf_token(
            request.headers.get("X-Xsrftoken"), cookie
        ):
            return _refused(403, "The XSRF token is missing or wrong.")
        length = request.headers.get("content-length", "")
        announced = int(length) if length.isascii() and length.isdecimal() else 0
        try:
            form = FileForm(request.headers.get("content-type", ""))
            # What frames the file in the form is not counted against it.
            arrival = self._incoming.begin(file_id, max(0, announced - _FRAME))
        except BadForm as error:
            return _refused(400, str(error))
        except NotTaken as error:
            return self._not_taken(error)
        try:
            await _copy(request, form, arrival)
            arrival.keep(form.name, form.kind)
        except BaseException as error:
            arrival.drop()
            if isinstance(error, NotTaken):
                return self._not_taken(error)
            if isinstance(error, BadForm | ClientDisconnect):
                return _refused(400, str(error))
            raise
        return Response(status_code=204)

    def _not_taken(self, error: NotTaken) -> Response:
        if error.session_id is not None:
            self._tell(error.session_id, str(error))
        return _refused(error.status, str(error))


async def _copy(request: Request, form: FileForm, arrival: Arrival) -> None:
    collected, frame = bytearray(), 0
    async for chunk in request.stream():
        found = form.feed(chunk)
        frame += len(chunk) - len(found)
        if frame > _FRAME:
            raise BadForm("The form has to hold one file and little else.")
        collected += found
        if len(collected) >= _AT_ONCE:
            await to_thread.run_sync(arrival.write, bytes(collected))
            collected.clear()
    if not form.complete:
        raise BadForm("The form is not complete.")
    if len(form.name) > LONGEST_NAME:
        raise BadForm(f"A file's path may have {LONGEST_NAME} characters at most.")
    if collected:
        await to_thread.run_sync(arrival.write, bytes(collected))


def _refused(status: int, reason: str) -> Response:
    # Closed, so that the rest of a large file does not come in for nothing.
    return PlainTextResponse(reason, status, headers={"Connection": "close"})
