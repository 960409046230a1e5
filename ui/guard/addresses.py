"""The addresses that this app needs; what else Streamlit serves to developers is closed."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

CORE = "_stcore"
"""Where Streamlit serves what is neither the page itself nor a picture on it."""

NEEDED = {"health", "host-config", "stream", "upload_file", "bidi-components"}
"""What of it the pages use: no metrics, no agents."""

UNUSED = {"auth", "oauth2callback", "component", "app"}
"""First parts of others: Streamlit's login, components of the first kind, files of an app."""


class Addresses:
    """Middleware that answers 404 where nothing of this app is.

    Parameters
    ----------
    app
        Gets what is let through.
    base
        Path below which the app is served, as ``server.baseUrlPath``.
    """

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self._app, self._base = app, base.strip("/")
        self._needed = set(NEEDED)
        if config.get_option("server.scriptHealthCheckEnabled"):
            self._needed.add("script-health-check")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close what the app does not need."""
        if scope["type"] == "http" and self.closed(scope["path"]):
            await PlainTextResponse("Not found\n", 404)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def closed(self, path: str) -> bool:
        """Tell whether nothing of the app is there."""
        parts = path.strip("/").removeprefix(self._base).strip("/").split("/")
        if CORE in parts:
            after = parts[parts.index(CORE) + 1 :]
            return not after or after[0] not in self._needed
        return parts[0] in UNUSED
