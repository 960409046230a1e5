"""The names under which this server is asked for.

A page from the internet can make its own name lead to a server in the visitor's network and then
speak with it as if it were that server's page (DNS rebinding). The browser still says which name it
asked for. Names that only a public name server could have given are therefore taken if they are
this server's, and refused otherwise.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

_PRIVATE = ("localhost", "local", "localdomain", "lan", "internal", "home.arpa")
"""Endings that no public name server knows."""

VARIABLE = "TL_ALLOWED_HOSTS"


def own_names(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return the names that were given to this server, in lower case.

    ``*.example.org`` stands for every name below ``example.org``, ``*`` for any name.
    """
    named = re.split(r"[,\s]+", environment.get(VARIABLE, ""))
    named += config.get_option("server.allowedHosts") or []
    named += [str(config.get_option(f"{part}.{option}")) for part, option in _ADDRESSES]
    return frozenset(_plain(name) for name in [*named, socket.gethostname()] if name)


_ADDRESSES = (("server", "address"), ("browser", "serverAddress"))


def is_ours(host: str, names: Iterable[str]) -> bool:
    """Tell whether a ``Host`` header names this server, or cannot be a name from the internet."""
    try:
        name = _plain(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
    if not name or "*" in names:
        return bool(name)
    if "." not in name or name.endswith(tuple(f".{ending}" for ending in _PRIVATE)):
        return True
    if _is_address(name):
        return True
    below = [pattern[1:] for pattern in names if pattern.startswith("*.")]
    return name in names or name.endswith(tuple(below))


def _plain(name: str) -> str:
    return name.strip().lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


class Hosts:
    """Middleware that answers only who asks for this server.

    What comes by a proxy is for the proxy to decide, which knows its names. Scripts of a page can
    pretend a proxy in an ordinary request, not in a WebSocket, and without one there is nothing of
    a visitor's to be had here.

    Parameters
    ----------
    app
        Gets what is let through.
    names
        As :func:`own_names` returns them.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app, self._names = app, frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request for another server."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            host = headers.get("host")
            proxied = "x-forwarded-for" in headers or "forwarded" in headers
            if host is not None and not proxied and not is_ours(host, self._names):
                await _refuse(host, scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _refuse(host: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    name = host[:100]
    sentence = (
        f"This server does not know itself as {name!r}. Open it by its address in numbers, or ask "
        f"whoever runs it to start it with {VARIABLE} set to the name.\n"
    )
    await PlainTextResponse(sentence, 421)(scope, receive, send)
