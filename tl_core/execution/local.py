"""Hands jobs to this machine's supervisor, which it starts if there is none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tl_core.home import home
from tl_core.runs.store import WAITING, Store

ROOT = Path(__file__).resolve().parents[2]

_started: list[subprocess.Popen[bytes]] = []


class LocalExecutor:
    """Writes jobs into the store; a supervisor process of this machine does them.

    Starting the supervisor takes no import of torch here: it is a program of its own, found again
    by a lock file, and it outlives the process that started it.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    def submit(
        self, kind: str, payload: Mapping[str, Any], *, owner: str, comparison: str | None = None
    ) -> str:
        """Accept a job; it starts as soon as a slot is free."""
        identifier = self.store.add_job(kind, payload, owner=owner, comparison=comparison)
        self.ensure_supervisor()
        return identifier

    def request(self, identifier: str, what: str) -> None:
        """Ask a job to ``cancel`` or ``pause``; an empty request lets it go on."""
        self.store.request(identifier, what)
        self.ensure_supervisor()

    def ensure_supervisor(self) -> None:
        """Start the supervisor if none is alive."""
        if supervisor_alive():
            return
        _started[:] = [process for process in _started if process.poll() is None]
        logs = home() / "logs"
        logs.mkdir(exist_ok=True)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path, "TL_HOME": str(home().resolve())}
        with (logs / "supervisor.log").open("ab") as log:
            _started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tl_core.execution.supervisor", self.store.url],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=environment,
                )
            )

    def watch(self) -> None:
        """Restart the supervisor if it is gone while there are jobs; cheap enough to poll."""
        if self.store.jobs(status=(WAITING, "running")):
            self.ensure_supervisor()


def supervisor_lock() -> FileLock:
    """Return the lock that the living supervisor holds."""
    return FileLock(home() / "supervisor.lock", timeout=0)


def supervisor_alive() -> bool:
    """Tell whether a supervisor holds its lock."""
    try:
        with supervisor_lock():
            return False
    except Timeout:
        return True


def stop_supervisor() -> None:
    """End the supervisor and its workers; running jobs are marked as interrupted."""
    path = home() / "supervisor.pid"
    if supervisor_alive() and path.exists():
        os.kill(int(path.read_text()), signal.SIGTERM)
        with FileLock(home() / "supervisor.lock", timeout=20):
            pass
    for process in _started:
        process.wait(timeout=20)
    _started.clear()
