"""Puts the guard in front of the app before the first visitor comes.

All that this project hooks into Streamlit by stands in this file and in what it imports from
``streamlit`` beside. An update that moves any of it ends the start with a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import fields

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.web.cache_storage_manager_config import create_default_cache_storage_manager

from tl_core.errors import ConfigError
from ui.guard.addresses import Addresses
from ui.guard.headers import AnswersHeaders, answers_headers
from ui.guard.hosts import Hosts, own_names
from ui.guard.incoming import Incoming
from ui.guard.limits import GuardLimits
from ui.guard.messages import KNOWN, OPERATIONS, Messages
from ui.guard.receiving import Receiving
from ui.guard.sessions import Sessions

EXPIRE_SECONDS = 10.0
"""From one look for sessions that are over to the next."""

SWITCH_SECONDS = 0.001
"""After which a thread that draws a page lets another one on, a fifth of Python's own time: the one
that hears everybody waits for each of them between any two of its steps."""

log = logging.getLogger(__name__)


class Guard:
    """The guard of one server.

    Parameters
    ----------
    script
        The file that is run for a visitor.

    Raises
    ------
    SystemExit
        If a limit in the environment is no number.

    Examples
    --------
    ::

        guard = Guard(__file__)
        app = st.App(__file__, middleware=guard.middleware, lifespan=guard.lifespan)
        guard.adopt(app)
    """

    def __init__(self, script: str) -> None:
        self._script = script
        try:
            limits = GuardLimits.from_environment()
        except ConfigError as error:
            raise SystemExit(f"The laboratory does not start: {error}") from None
        self.incoming = Incoming(limits)
        self.sessions = Sessions(config.get_option("server.disconnectedSessionTTL"))

    @property
    def middleware(self) -> list[Middleware]:
        """What each request passes, the outermost first."""
        return [
            Middleware(AnswersHeaders, headers=answers_headers()),
            Middleware(Hosts, names=own_names()),
            Middleware(Addresses, base=config.get_option("server.baseUrlPath") or ""),
            Middleware(Receiving, incoming=self.incoming, tell=self.tell),
            Middleware(Messages, incoming=self.incoming, tell=self.tell),
        ]

    def tell(self, session_id: str, reason: str) -> None:
        """Note why files of a session are not taken, and draw its page anew to say so."""
        session = Runtime.instance().get_app_session(session_id)
        if session is not None and self.incoming.refused(session_id) != reason:
            self.incoming.note(session_id, reason)
            session.request_rerun(session._client_state)  # as when a file of the app has changed

    def adopt(self, app: st.App) -> None:
        """Give the app a runtime whose files and sessions are under guard.

        Raises
        ------
        SystemExit
            If this Streamlit is not built as the guard expects.
        """
        if problem := misfit(app):
            raise SystemExit(
                f"The laboratory does not start: its guard does not fit Streamlit {st.__version__} "
                f"({problem}). Install the version in requirements.txt:\n"
                "  python -m pip install -r requirements.txt"
            )
        sys.setswitchinterval(SWITCH_SECONDS)
        app._runtime = Runtime(
            RuntimeConfig(
                script_path=self._script,
                media_file_storage=MemoryMediaFileStorage("/media"),
                uploaded_file_manager=self.incoming,
                cache_storage_manager=create_default_cache_storage_manager(),
                session_storage=self.sessions,
            )
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app: st.App) -> AsyncIterator[None]:
        """End sessions in time for as long as the app runs."""

        async def expire() -> None:
            while True:
                await asyncio.sleep(EXPIRE_SECONDS)
                self.sessions.expire()

        task = asyncio.create_task(expire())
        yield
        task.cancel()


@functools.cache
def say_if_unguarded() -> None:
    """Say it in the log, once, if a server runs the script without a guard in front."""
    runtime = Runtime.instance() if Runtime.exists() else None
    if isinstance(runtime, Runtime) and not isinstance(runtime.uploaded_file_mgr, Incoming):
        log.error(
            "This server has no guard against what visitors send. Start it with "
            "'python -m streamlit run app.py' and the Streamlit of requirements.txt."
        )


def misfit(app: st.App) -> str | None:
    """Return what of Streamlit is not as the guard expects; None if all is."""
    if getattr(app, "_runtime", "missing") is not None:
        return "an app has its runtime from elsewhere"
    needed = {"uploaded_file_manager", "session_storage", "media_file_storage"}
    if missing := needed - {one.name for one in fields(RuntimeConfig)}:
        return f"the runtime knows no {', '.join(sorted(missing))}"
    if missing := set(KNOWN) - set(BackMsg.DESCRIPTOR.fields_by_name):
        return f"browsers send no {', '.join(sorted(missing))}"
    if missing := OPERATIONS - set(BackendOperationRequest.DESCRIPTOR.fields_by_name):
        return f"browsers ask for no {', '.join(sorted(missing))}"
    return None
