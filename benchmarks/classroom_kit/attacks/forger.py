"""Visitors that send what no browser sends."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from typing import Any, Self

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from classroom_kit.learner import ZIP, Learner
from classroom_kit.tab import PATIENCE, Tab

PUT_SECONDS = 20.0


class Forger(Tab):
    """A tab that writes its own messages.

    Attributes
    ----------
    heard
        How many messages of each kind came.
    git
        What the server told of its repository.
    """

    def __init__(self, url: str, code: str) -> None:
        super().__init__(url, code)
        self.heard: Counter[str] = Counter()
        self.git: list[Any] = []

    @property
    def alive(self) -> bool:
        """Whether the server has not hung up."""
        return self._socket.state is State.OPEN

    @property
    def session(self) -> str:
        """The session's id, as the server told it."""
        return self._session

    async def send(self, message: BackMsg) -> bool:
        """Send a message; False if the server has hung up."""
        with contextlib.suppress(ConnectionClosed, OSError):
            await self._socket.send(message.SerializeToString())
            return True
        return False

    async def forge(self, *states: WidgetState) -> float:
        """Run the script with states of widgets that need not be on the page."""
        for state in states:
            self._states[state.id] = state
        return await self._rerun("")

    def rerun_message(self, *states: WidgetState, query: str = "") -> BackMsg:
        """Return a message that asks for a script run, with the learner's own states first."""
        message = BackMsg()
        message.rerun_script.page_script_hash = self._script
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend([*self._states.values(), *states])
        return message

    async def ask_urls(self, names: list[str], seconds: float = 60.0) -> list[FileURLs]:
        """Ask for addresses to send files to; empty if the server gives none."""
        message = BackMsg()
        request = message.file_urls_request
        request.request_id, request.session_id = uuid.uuid4().hex, self._session
        request.file_names.extend(names)
        answer = asyncio.get_running_loop().create_future()
        self._files[request.request_id] = answer
        if await self.send(message):
            end = time.monotonic() + seconds
            while self.alive and not answer.done() and time.monotonic() < end:
                await asyncio.wait([answer], timeout=0.1)
        self._files.pop(request.request_id, None)
        return answer.result() if answer.done() else []

    async def put(self, address: str, data: bytes, name: str = "photo.jpg") -> int:
        """Send a file to an address; return the status, 0 if there was no answer."""

        def send() -> int:
            try:
                return requests.put(
                    self.url + address,
                    files={name: (name, data)},
                    headers={"X-Xsrftoken": self._xsrf},
                    cookies={"_streamlit_xsrf": self._xsrf},
                    timeout=PUT_SECONDS,
                ).status_code
            except requests.RequestException:
                return 0

        return await asyncio.to_thread(send)

    async def give(self, kind: str, label: str, files: dict[str, bytes]) -> float:
        """Give files to a widget that takes some, such as ``camera_input``."""
        state = WidgetState(id=self.page.find(kind, label).id)
        urls = await self.ask_urls(list(files), PATIENCE)
        for (name, data), url in zip(files.items(), urls, strict=False):
            await self.put(url.upload_url, data, name)
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(data), url.file_id
            info.file_urls.CopyFrom(url)
        return await self.forge(state)

    def _take(self, message: ForwardMsg) -> None:
        kind = str(message.WhichOneof("type"))
        self.heard[kind] += 1
        if kind == "git_info_changed":
            self.git.append(message.git_info_changed)
        elif kind == "file_urls_response":
            response = message.file_urls_response
            if answer := self._files.pop(response.response_id, None):
                answer.set_result(list(response.file_urls))
        else:
            super()._take(message)


class Visitor(Learner):
    """A learner at a forged tab."""

    tab: Forger

    async def arrive(self, path: str = "", query: str = "") -> Self:
        """Open the laboratory, or reload it."""
        self.tab = await Forger(self._url, self.code).open(path, query)
        return self

    async def bring(self, data: bytes, name: str = "photos.zip") -> float:
        """Upload a zip; return the seconds until the server has answered."""
        await self.tab.go("data")
        return await self.tab.give("file_uploader", ZIP, {name: data})

    async def start_runs(self) -> None:
        """Start what is lined up, whatever it is."""
        await self.tab.go("train")
        await self.tab.click("Start ")

    def says(self, *words: str) -> bool:
        """Tell whether the page says any of this."""
        text = self.tab.page.text()
        return any(word in text for word in words)
