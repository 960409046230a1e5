"""The way on which runs are sent: streamed, for the key alone, and in a sentence where refused."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any

import pytest
from starlette.applications import Starlette

import ui.shared.downloads
from tests.ui.lab import Lab
from tl_core.server.downloads import Downloads
from ui.shared.downloads import download_link, routes


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.shared.downloads, "_downloads", Downloads())
    monkeypatch.setattr(ui.shared.downloads, "_open", False)


def ask(path: str, base: str = "") -> tuple[int, dict[str, str], list[bytes]]:
    """Ask a server for a path; return status, headers and the pieces of the answer."""
    app, sent = Starlette(routes=routes(base)), []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": [],
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("x", 80),
        "asgi": {"version": "3.0"}, "http_version": "1.1", "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, [message.get("body", b"") for message in sent[1:]]


@pytest.mark.parametrize("base", ["", "lab"])
def test_a_run_is_sent_in_pieces(lab: Lab, base: str) -> None:
    [run] = lab.train(["feature_extraction"])
    job = lab.store.job(run)
    assert job is not None and download_link(job) is None
    routes(base)
    link = download_link(job)
    status, headers, pieces = ask(f"/{base}/{link}".replace("//", "/"), base)
    assert status == 200 and f'filename="run-{run}.zip"' in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff" and "content-length" not in headers
    assert len(pieces) > 20 and max(map(len, pieces)) < 2**20
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert {name.partition("/")[2] for name in archive.namelist()} >= {
            "record.json",
            "weights.safetensors",
        }


def test_without_the_key_there_is_nothing(lab: Lab) -> None:
    [run] = lab.train(["feature_extraction"])
    for path in (f"/runs/{run}/{'0' * 64}", f"/runs/nothing/{'0' * 64}"):
        status, _, pieces = ask(path)
        assert (status, b"".join(pieces)) == (404, b"This run is no longer on this server.")


def test_too_many_are_told_to_wait(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tl_core.server.downloads.AN_HOUR", 0)
    [run] = lab.train(["feature_extraction"])
    job = lab.store.job(run)
    assert job is not None
    routes()
    status, _, pieces = ask(f"/{download_link(job)}")
    assert status == 429 and b"downloads may begin in an hour" in b"".join(pieces)
