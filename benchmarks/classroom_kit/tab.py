"""A browser tab as the server sees it: Streamlit's protocol over a WebSocket, without a browser.

The tab answers the component that asks who is learning, runs the timers of live fragments, and
sends the states of all widgets with every message, as the real front end does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from classroom_kit.page import Page

PATIENCE = 120.0
"""Seconds after which a tab gives up waiting."""
POLL_PATIENCE = 20.0
"""The same for one look of a live chart."""
LEARNER = "learner"
"""The component that asks for the learner's code."""


@dataclass
class Asked:
    """A rerun that was asked for, of a fragment or of the whole script, and its end."""

    fragment: str
    done: asyncio.Future[float]


class Tab:
    """One page load.

    Parameters
    ----------
    url
        Where the app is served, such as ``http://127.0.0.1:8501``.
    code
        The learner's code, as the browser's local storage would hold it.

    Attributes
    ----------
    page
        What is to be seen.
    reactions, polls
        Seconds from each message, a learner's or a timer's, to the end of the script run.
    """

    def __init__(self, url: str, code: str) -> None:
        self.url, self.code = url, code
        self.page = Page()
        self.reactions: list[float] = []
        self.polls: list[float] = []
        self._script = self._query = ""
        self._scripts: dict[str, str] = {}
        self._run = self._session = ""
        self._states: dict[str, WidgetState] = {}
        self._asked: list[Asked] = []
        self._served: list[Asked] = []
        self._files: dict[str, asyncio.Future[list[FileURLs]]] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._http = requests.Session()
        self._socket: ClientConnection

    async def open(self, path: str = "", query: str = "") -> Self:
        """Load a page by its path, such as ``train``, and wait until it is drawn."""
        await asyncio.to_thread(self._http.get, f"{self.url}/_stcore/health", timeout=PATIENCE)
        self._socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit", self._xsrf],  # type: ignore[list-item]
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"_streamlit_xsrf={self._xsrf}"},
            max_size=None,
            ping_interval=None,  # as in a browser: the server asks
            open_timeout=PATIENCE,
        )
        self._spawn(self._listen())
        self._query = query
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = path, query
        await self._socket.send(message.SerializeToString())
        await self.until(lambda: self.page.has("heading") and not self._asked)
        return self

    async def close(self) -> None:
        """Close the tab."""
        self._stop_timers(list(self._timers))
        await self._socket.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._http.close()

    def drop(self) -> None:
        """Lose the connection without a word, as when a laptop is closed."""
        self._stop_timers(list(self._timers))
        self._socket.transport.abort()

    # ---------------------------------------------------------------------- what a learner does

    async def go(self, path: str) -> float:
        """Change to a page by its path; return the seconds until it was drawn."""
        self._script = self._scripts[path]
        return await self._act()

    async def click(self, label: str) -> float:
        """Press the first button whose label begins so; return the seconds of the reaction."""
        return await self.press(self.page.find("button", label).id)

    async def press(self, button: str) -> float:
        """Press a button by its id."""
        return await self._act(WidgetState(id=button, trigger_value=True))

    async def set(self, kind: str, label: str, **value: Any) -> float:
        """Give a widget a value, such as ``double_value=3``, by its kind and label."""
        state = WidgetState(id=self.page.find(kind, label).id, **value)
        self._states[state.id] = state
        return await self._act()

    async def upload(self, label: str, files: dict[str, bytes]) -> float:
        """Give files to an uploader; return the seconds that the server took to check them."""
        state = WidgetState(id=self.page.find("file_uploader", label).id)
        urls = await self._file_urls(list(files))
        for (name, data), url in zip(files.items(), urls, strict=True):
            await asyncio.to_thread(self._put, url, name, data)
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(data), url.file_id
            info.file_urls.CopyFrom(url)
        self._states[state.id] = state
        return await self._rerun("")

    async def until(self, reached: Callable[[], bool], seconds: float = PATIENCE) -> float:
        """Wait until something is to be seen; return the seconds that it took."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"not seen in {seconds:.0f} s:\n{self.page.text()}") from None
        return time.monotonic() - start

    # ---------------------------------------------------------------------------- the protocol

    async def _act(self, trigger: WidgetState | None = None) -> float:
        fragment = self.page.fragment(trigger.id) if trigger else ""
        seconds = await self._rerun(fragment, trigger)
        self.reactions.append(seconds)
        return seconds

    async def _rerun(self, fragment: str, trigger: WidgetState | None = None) -> float:
        """Ask for a script run and wait until it has ended."""
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash, state.fragment_id = self._script, fragment
        state.query_string = self._query
        state.is_auto_rerun = bool(fragment) and trigger is None
        state.cached_message_hashes.extend(self.page.cached)
        state.widget_states.widgets.extend(
            [*self._states.values(), *([trigger] if trigger else [])]
        )
        asked = Asked(fragment, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        start = time.monotonic()
        await self._socket.send(message.SerializeToString())
        return await asyncio.wait_for(asked.done, PATIENCE) - start

    async def _file_urls(self, names: list[str]) -> list[FileURLs]:
        message = BackMsg()
        request = message.file_urls_request
        request.request_id, request.session_id = uuid.uuid4().hex, self._session
        request.file_names.extend(names)
        answer = asyncio.get_running_loop().create_future()
        self._files[request.request_id] = answer
        await self._socket.send(message.SerializeToString())
        return await asyncio.wait_for(answer, PATIENCE)

    def _put(self, url: FileURLs, name: str, data: bytes) -> None:
        answer = self._http.put(
            self.url + url.upload_url,
            files={name: (name, data)},
            headers={"X-Xsrftoken": self._xsrf},
            timeout=PATIENCE,
        )
        answer.raise_for_status()

    @property
    def _xsrf(self) -> str:
        return self._http.cookies.get("_streamlit_xsrf") or ""

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _listen(self) -> None:
        try:
            async for data in self._socket:
                assert isinstance(data, bytes)
                self._take(ForwardMsg.FromString(data))
                self._changed.set()
        except ConnectionClosed:
            pass
        for asked in self._asked:
            if not asked.done.done():
                asked.done.set_exception(ConnectionError("the connection was lost"))
                asked.done.exception()  # a timer that is stopped by now does not ask

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind in ("delta", "ref_hash"):
            self._identify(self.page.take(message, self._run))
        elif kind == "new_session":
            self._begun(message)
        elif kind == "script_finished":
            self._finished(message)
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash
            pages = message.navigation.app_pages
            self._scripts = {p.url_pathname: p.page_script_hash for p in pages}
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            self._stop_timers(message.stop_auto_rerun.fragment_ids)
        elif kind == "file_urls_response":
            response = message.file_urls_response
            self._files.pop(response.response_id).set_result(list(response.file_urls))

    def _identify(self, element: Any) -> None:
        """Tell the server who is learning if it does not know yet."""
        if getattr(element, "component_name", "") != LEARNER:
            return
        if json.loads(element.json)["known"] != self.code and element.id not in self._states:
            answer = json.dumps({"learner": {"code": self.code, "kept": True}})
            self._states[element.id] = WidgetState(id=element.id, json_value=answer)
            self._spawn(self._rerun(""))

    def _begun(self, message: ForwardMsg) -> None:
        self._run = message.metadata.run.script_run_id
        self._session = message.new_session.initialize.session_id
        fragments = list(message.metadata.run.fragment_ids)
        if not fragments:
            self._stop_timers(list(self._timers))
        self._served = [a for a in self._asked if not fragments or a.fragment in fragments]

    def _finished(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        run = message.metadata.run
        self.page.tidy(self._run, list(run.fragment_ids))
        if not run.fragment_ids:
            here = self.page.ids()
            self._states = {key: state for key, state in self._states.items() if key in here}
        for asked in self._served:
            if not asked.done.done():
                asked.done.set_result(time.monotonic())
        self._asked = [a for a in self._asked if a not in self._served]

    def _start_timer(self, fragment: str, interval: float) -> None:
        async def tick() -> None:
            with contextlib.suppress(OSError, ConnectionClosed):  # the tab says so where it waits
                while True:
                    await asyncio.sleep(interval)
                    self.polls.append(await self._poll(fragment))

        self._stop_timers([fragment])
        self._timers[fragment] = self._spawn(tick())

    async def _poll(self, fragment: str) -> float:
        """Look once more; return the seconds until there was an answer, if there was one."""
        try:
            return await asyncio.wait_for(self._rerun(fragment), POLL_PATIENCE)
        except TimeoutError:  # a browser's timer goes on whatever became of its last question
            return POLL_PATIENCE

    def _stop_timers(self, fragments: Any) -> None:
        for fragment in fragments:
            if timer := self._timers.pop(fragment, None):
                timer.cancel()
