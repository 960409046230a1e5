"""Runs as downloads: their links on a page, and the way on which the server sends them."""

from __future__ import annotations

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tl_core.errors import UserError
from tl_core.server.downloads import Downloads, NoSuchRun
from tl_core.store.database import Job
from ui.shared.state import store

# Of the process and not in a cache of Streamlit, which any visitor's browser can ask to be cleared.
_downloads = Downloads()
_open = False


def routes(base: str | None = None) -> list[Route]:
    """Return the way on which runs are sent, for the server that takes it up.

    Parameters
    ----------
    base
        Path below which the app lies; that of Streamlit's settings unless given.
    """
    global _open
    _open = True
    below = (base if base is not None else st.get_option("server.baseUrlPath")).strip("/")
    return [Route(f"{'/' * bool(below)}{below}/runs/{{run}}/{{key}}", _send)]


def download_link(job: Job) -> str | None:
    """Return the link to an ended run, relative to the page; None where none can be sent.

    It is for the run's owner: whoever has it gets the run.
    """
    return f"runs/{job.id}/{_downloads.key(job)}" if _open and not job.active else None


def _send(request: Request) -> Response:
    """Answer a request; in a thread, since it asks the database."""
    run, key = request.path_params["run"], request.path_params["key"]
    try:
        pieces = _downloads.begin(store(), run, key)
    except NoSuchRun as error:
        return PlainTextResponse(str(error), 404)
    except UserError as error:
        return PlainTextResponse(str(error), 429)
    headers = {
        "Content-Disposition": f'attachment; filename="run-{run}.zip"',
        "Content-Encoding": "identity",  # weights do not get smaller
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
