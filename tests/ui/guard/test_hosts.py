from __future__ import annotations

import socket

import pytest

from tests.ui.guard.asgi import ask, ok
from ui.guard.addresses import Addresses
from ui.guard.headers import AnswersHeaders, answers_headers
from ui.guard.hosts import Hosts, is_ours, own_names

# ------------------------------------------------------------------------------------------- names

IN_A_CLASSROOM = [
    "localhost:8501", "lab.localhost", "127.0.0.1:8501", "192.168.1.5:8501", "10.0.0.7",
    "[::1]:8501", "[fe80::1]", "raspberrypi", "lab-pc:8501", "LAB-PC", "lab.local:8501",
    "lab.lan", "server.home.arpa", "lab.local.",
]  # fmt: skip

FROM_THE_INTERNET = [
    "evil.example", "evil.example:8501", "localhost.evil.example", "192.168.1.5.evil.example",
    "lab.example.org.evil.example", "notlab.example.org", "evillocal.example", "", ":8501", "[",
    "user@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("host", IN_A_CLASSROOM)
def test_names_that_no_page_of_the_internet_can_have_are_taken(host: str) -> None:
    assert is_ours(host, frozenset())


@pytest.mark.parametrize("host", FROM_THE_INTERNET)
def test_a_name_from_the_internet_is_not_this_server(host: str) -> None:
    assert not is_ours(host, {"lab.example.org"})


def test_a_name_that_was_given_to_the_server_is_its_own() -> None:
    names = own_names({"TL_ALLOWED_HOSTS": "Lab.Example.org, *.school.example"})
    for host in (
        "lab.example.org:443",
        "LAB.example.org",
        "a.school.example",
        "a.b.school.example",
    ):
        assert is_ours(host, names)
    assert not is_ours("school.example.evil.example", names)
    assert not is_ours("school.example", names)
    assert socket.gethostname().lower() in own_names({})
    assert is_ours("anything.example", own_names({"TL_ALLOWED_HOSTS": "*"}))


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_page_that_rebound_its_name_gets_nothing(kind: str) -> None:
    app = Hosts(ok, {"lab.example.org"})
    refused = ask(app, "/", headers={"Host": "evil.example"}, kind=kind)
    assert refused.status == (421 if kind == "http" else 1008)
    for headers in (
        {"Host": "192.168.1.5:8501"},
        {"Host": "lab.example.org"},
        {"Host": "by.a.proxy.example", "X-Forwarded-For": "192.0.2.1"},
        {},
    ):
        assert ask(app, "/", headers=headers, kind=kind).status in (200, 1000)
    if kind == "http":
        said = ask(app, "/", headers={"Host": "<b>.example"}).body.decode()
        assert "TL_ALLOWED_HOSTS" in said and said.count("\n") == 1


# ----------------------------------------------------------------------------------------- headers


def test_every_answer_says_what_may_frame_it_and_that_types_are_not_guessed() -> None:
    headers = ask(AnswersHeaders(ok, answers_headers({})), "/").headers
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["Server"] == "x"


def test_a_host_that_shows_the_app_in_a_frame_can_be_named() -> None:
    headers = answers_headers({"TL_FRAME_ANCESTORS": "'self' https://*.streamlit.app"})
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self' https://*.streamlit.app"
    assert "X-Frame-Options" not in headers


# --------------------------------------------------------------------------------------- addresses

CLOSED = [
    "/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json",
    "/_stcore/script-health-check", "/_stcore", "/_stcore/anything-new", "/train/_stcore/metrics",
    "/auth/login", "/auth/logout", "/oauth2callback", "/component/any/index.html", "/app/static/x",
]  # fmt: skip

OPEN = [
    "/", "/train", "/static/js/index.js", "/favicon.png", "/media/a.png", "/_stcore/health",
    "/_stcore/host-config", "/_stcore/upload_file/a/b", "/_stcore/bidi-components/a/b.js",
]  # fmt: skip


@pytest.mark.parametrize("base", ["", "/lab"])
def test_what_is_for_developers_is_closed_and_what_pages_need_is_open(base: str) -> None:
    app = Addresses(ok, base)
    assert {path: ask(app, base + path).status for path in CLOSED} == dict.fromkeys(CLOSED, 404)
    assert {path: ask(app, base + path).status for path in OPEN} == dict.fromkeys(OPEN, 200)
    assert ask(app, "/_stcore/stream", kind="websocket").status == 1000
