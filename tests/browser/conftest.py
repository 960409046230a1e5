"""Chromium and a running app for the tests in this folder.

Without Chromium they are skipped, unless ``TL_REQUIRE_BROWSER=1`` says that it has to be there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walk import APP, arrive, still
from tl_core.execution.local import stop_supervisor
from tl_core.store.database import Store
from tl_core.store.learner_code import owner_of

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
]

INSTRUCTOR = "a code for the host"
CODE = "0123456789ABCDEFGHJK"
"""Of the learner who has trained before."""

Serve = Callable[..., str]
Open = Callable[..., Any]


@dataclass(frozen=True)
class Server:
    """The app that most tests share: where it answers, and its ``TL_HOME``."""

    url: str
    home: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests; open a ``new_context`` in each, they share nothing."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing; install it with: apt-get install chromium"
        if os.environ.get("TL_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Return ``serve(script, env={}) -> url``; every server ends with the test session."""
    with contextlib.ExitStack() as servers:

        def start(script: Path, env: Mapping[str, str] | None = None) -> str:
            log = tmp_path_factory.mktemp("server") / "log.txt"
            return servers.enter_context(_server(script, env or {}, log))

        yield start


@pytest.fixture(scope="session")
def shared(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app for all tests that do not mind each other's runs: learners see only their own."""
    home = tmp_path_factory.mktemp("home")
    env = {"TL_HOME": str(home), "TORCH_HOME": str(home / "torch"), "TL_SLOTS": "1"}
    env["OMP_WAIT_POLICY"] = "PASSIVE"  # other tests run beside it: who waits must not spin
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TL_HOME", str(home))
        # Learners of these tests join no room, although there is an instructor.
        env |= {"TL_INSTRUCTOR_CODE": INSTRUCTOR, "TL_ROOMS_ONLY": "0"}
        yield Server(serve(APP, env=env), home)
        stop_supervisor()  # it outlives the server, on purpose


@pytest.fixture
def own_app(serve: Serve, own_home: Path) -> Iterator[str]:
    """The app in a home that only this test uses."""
    yield serve(APP, env={"TL_HOME": str(own_home), "TL_SLOTS": "1"})
    stop_supervisor()


@pytest.fixture(scope="module")
def quiet_home(shared: Server) -> Server:
    """Let a module's own process train in the home that is shared.

    A supervisor would take such runs for lost ones of its own; the next page starts another.
    """
    stop_supervisor()
    return shared


@pytest.fixture
def in_shared_home(shared: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Let this test's own process work in the home of the app that is shared."""
    monkeypatch.setenv("TL_HOME", str(shared.home))
    return shared


@pytest.fixture
def new_browser(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return ``new_browser(**options)``: what somebody uses who was never here.

    An error of a page's JavaScript fails the test.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def start(browser: Any = chromium, **options: Any) -> Any:
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(60_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield start
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def open_screen(new_browser: Callable[..., Any], in_shared_home: Server) -> Open:
    """Return ``open_screen(screen, workspace={}, code=..., **options)``: in a browser of its own.

    ``workspace`` is what the learner has set up; without it, that stays.
    """

    def start(
        screen: str, workspace: Mapping[str, Any] | None = None, code: str = CODE, **options: Any
    ) -> Any:
        if workspace is not None:
            store = Store()
            store.save_workspace(owner_of(code), dict(workspace))
            store.close()
        context = new_browser(**options)
        # Frames without an address of their own have no storage.
        keep = f"try {{ localStorage.setItem('tl_learner', '{code}') }} catch {{}}"
        context.add_init_script(keep)
        path = "" if screen == "start" else screen  # it is where the server opens
        page = arrive(context.new_page(), f"{in_shared_home.url}/{path}")
        still(page)
        return page

    return start


@contextlib.contextmanager
def _server(script: Path, env: Mapping[str, str], log: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    with log.open("wb") as output:
        # A session of its own, so that what the server starts ends with it.
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/_stcore/health", server, log)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    pytest.fail(f"The server did not start:\n{log.read_text(errors='replace')}")
