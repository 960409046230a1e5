"""What the supervisor and its workers are told: what torch needs, and no secret."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tl_core.execution.environment import environment_for_runs
from tl_core.execution.local import LocalExecutor, _start, _started
from tl_core.home import home
from tl_core.store.database import Store

NEEDED = {
    "PATH": "/usr/bin",
    "TL_SLOTS": "2",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "0",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
    "TORCH_HOME": "/srv/torch",
    "LD_LIBRARY_PATH": "/opt/lib",
    "https_proxy": "http://proxy.example.org:3128",
}
SECRET = {
    "TL_INSTRUCTOR_CODE": "hidden",
    "instructor_code": "hidden",  # as Streamlit writes an entry of secrets.toml
    "mail": "hidden",
    "TL_STORE_URL": "postgresql://lab:hidden@db/lab",
    "STREAMLIT_SERVER_COOKIE_SECRET": "hidden",
    "AWS_SECRET_ACCESS_KEY": "hidden",
    "GITHUB_TOKEN": "hidden",
    "NVIDIA_API_KEY": "hidden",
    "HTTP_PROXY": "http://user:hidden@proxy.example.org:3128",
    "PIP_INDEX_URL": "https://user:hidden@index.example.org/simple",
}


def test_runs_get_what_they_need_and_no_secret() -> None:
    assert environment_for_runs({**NEEDED, **SECRET}) == NEEDED


def test_a_server_may_pass_on_more() -> None:
    given = {"TL_PASS_ON": "PGPASSWORD, SITE_SETTING", "PGPASSWORD": "asked for"}
    assert environment_for_runs({**given, **SECRET}) == given


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Note how the supervisor is started, and start something else that answers with its input."""
    seen: dict[str, Any] = {}
    start = subprocess.Popen

    def note(command: list[str], **how: Any) -> Any:
        seen.update(how, command=command)
        return start(["cat"], **how)

    monkeypatch.setattr(subprocess, "Popen", note)
    return seen


def test_the_store_s_password_is_in_no_argument_environment_or_log(
    started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = SECRET["TL_STORE_URL"]
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    process = _start(url)
    assert process.wait(timeout=30) == 0
    assert "hidden" not in str(started["command"]) and "hidden" not in str(started["env"])
    assert (home() / "logs" / "supervisor.log").read_text() == url  # it came on this way


def test_a_supervisor_that_ends_at_once_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **how: start(["true"], **how))
    assert _start("sqlite://" + "x" * 2**20).wait(timeout=30) == 0


def test_the_store_s_name_for_logs_has_no_password(store: Store) -> None:
    plain = store.engine.url
    assert store.label == str(plain)
    hidden = plain.set(password="hidden", username="lab", query={"password": "hidden"})
    store.engine.url = hidden
    assert "hidden" not in store.label


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads what Linux tells of processes")
def test_the_living_supervisor_shows_no_secret(
    local: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_INSTRUCTOR_CODE", "hidden")
    local.ensure_supervisor()
    process = _started[home()]
    shown = Path(f"/proc/{process.pid}")
    while not (environment := (shown / "environ").read_bytes()):
        time.sleep(0.01)  # it has just become another program, and shows nothing for a moment
    assert local.store.url.encode() not in (shown / "cmdline").read_bytes()
    assert b"hidden" not in environment
    assert f"TL_HOME={home()}".encode() in environment
