"""The guard is there from the start, or the server is not."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.web.server.app_discovery import discover_asgi_app
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from tests.core.test_imports import ROOT
from ui.guard.incoming import Incoming
from ui.guard.limits import GuardLimits
from ui.guard.start import Guard, misfit, say_if_unguarded

ENTRIES = [ROOT / "app.py", ROOT / "deploy" / "community_cloud" / "app.py"]


@pytest.mark.parametrize("entry", ENTRIES, ids=["app", "community cloud"])
def test_streamlit_finds_the_guarded_app(entry: Path) -> None:
    assert discover_asgi_app(entry).import_string == "app:app"


def test_this_streamlit_is_built_as_the_guard_expects() -> None:
    assert misfit(st.App(ROOT / "app.py")) is None


def test_another_streamlit_ends_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    moved: Any = SimpleNamespace()
    with pytest.raises(SystemExit, match=r"does not start.*requirements\.txt"):
        Guard(str(ROOT / "app.py")).adopt(moved)
    monkeypatch.setattr("ui.guard.start.KNOWN", {"rerun_script": None, "new_name": None})
    assert misfit(st.App(ROOT / "app.py")) == "browsers send no new_name"
    monkeypatch.setattr("ui.guard.start.RuntimeConfig", _Empty)
    assert "knows no media_file_storage" in str(misfit(st.App(ROOT / "app.py")))


@dataclass
class _Empty:
    pass


def test_a_limit_that_is_no_number_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_TABS", "many")
    with pytest.raises(SystemExit, match=r"does not start: .*TL_TABS"):
        Guard(str(ROOT / "app.py"))


def test_a_server_without_a_guard_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = object.__new__(Runtime)
    monkeypatch.setattr(Runtime, "_instance", runtime)
    for manager in (Incoming(GuardLimits()), MemoryUploadedFileManager("/")):
        runtime._uploaded_file_mgr = manager
        say_if_unguarded.__wrapped__()
    assert [record.message[:24] for record in caplog.records] == ["This server has no guard"]


# ------------------------------------------------------------------------------- a server as it is


class Visitor:
    """Speaks with a server as a browser does, or as no browser would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.get(f"{url}/_stcore/health", timeout=30)
        self.xsrf = str(self.http.cookies.get("_streamlit_xsrf"))
        self.socket: ClientConnection
        self.session = ""

    @contextlib.contextmanager
    def at_a_page(self) -> Iterator[None]:
        where = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        protocols: Any = ["streamlit", self.xsrf]
        origin: Any = self.url
        cookie = {"Cookie": f"_streamlit_xsrf={self.xsrf}"}
        with connect(
            where, subprotocols=protocols, origin=origin, additional_headers=cookie
        ) as self.socket:
            self.say(rerun_script={"page_name": ""})
            self.session = self.hear("new_session").new_session.initialize.session_id
            yield

    def say(self, **message: Any) -> None:
        self.socket.send(BackMsg(**message).SerializeToString())

    def hear(self, kind: str) -> ForwardMsg:
        while True:
            data = self.socket.recv(30)
            assert isinstance(data, bytes)
            message = ForwardMsg.FromString(data)
            if message.WhichOneof("type") == kind:
                return message

    def send(self, url: str, content: bytes) -> int:
        answer = self.http.put(
            self.url + url,
            files={"f": ("a.zip", content)},
            headers={"X-Xsrftoken": self.xsrf},
            timeout=30,
        )
        return answer.status_code


@pytest.fixture(scope="module", params=ENTRIES, ids=["app", "community cloud"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(request.param)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "TL_HOME": str(home)}
    url = f"http://127.0.0.1:{port}"
    with (home / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                with contextlib.suppress(requests.ConnectionError):
                    requests.get(f"{url}/_stcore/health", timeout=30)
                    break
                time.sleep(0.05)
            assert process.poll() is None, (home / "app.log").read_text()
            yield url, home
        finally:
            process.terminate()
            assert process.wait(30) in (0, -15)


def test_the_guard_stands_in_front_of_the_first_visitor(server: tuple[str, Path]) -> None:
    url, home = server
    answer = requests.get(url, timeout=30)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert requests.get(f"{url}/_stcore/metrics", timeout=30).status_code == 404

    visitor = Visitor(url)
    with visitor.at_a_page():
        assert visitor.send(f"/_stcore/upload_file/{visitor.session}/made-up", b"x") == 404
        visitor.say(load_git_info=True)
        visitor.say(clear_cache=True)
        visitor.say(file_urls_request={"request_id": "r", "file_names": ["a.zip"]})
        file = visitor.hear("file_urls_response").file_urls_response.file_urls[0]
        assert visitor.send(file.upload_url, b"x" * 2**21) == 204
        [stored] = (home / "incoming").glob("tmp*")
        assert stored.stat().st_size == 2**21
        xsrf = {"X-Xsrftoken": visitor.xsrf}
        assert visitor.http.delete(url + file.delete_url, headers=xsrf, timeout=30).ok
        assert not list((home / "incoming").glob("tmp*"))
        visitor.socket.send(b"x" * 3_000_000)
        with pytest.raises(ConnectionClosedError, match="1009"):
            visitor.hear("anything")
    with pytest.raises(ConnectionClosedError, match="1008"), visitor.at_a_page():
        visitor.socket.socket.sendall((b"\x82\x82\0\0\0\0" + b"\x88\x01") * 5000)
        visitor.hear("anything")


def test_a_page_of_a_foreign_name_gets_nothing(server: tuple[str, Path], request: Any) -> None:
    if "community" in request.node.name:
        pytest.skip("names are the host's affair there")
    url, _ = server
    foreign = {"Host": "evil.example"}
    assert requests.get(url, headers=foreign, timeout=30).status_code == 421
    stream = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    with requests.get(f"{url}/_stcore/stream", headers={**foreign, **stream}, timeout=30) as answer:
        assert answer.status_code == 403
