"""Hands jobs to this machine's supervisor, which it starts if there is none."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from tl_core.execution import Executor
from tl_core.execution.environment import environment_for_runs
from tl_core.home import PRIVATE_UMASK, home, log_file
from tl_core.store.database import RUNNING, WAITING

ROOT = Path(__file__).resolve().parents[2]

GIVE_MEMORY_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc's own first values, held fixed. Left alone it raises them with every large tensor that is
freed, and keeps what was freed: measured, a fine-tuning worker is 60 to 110 MB larger that way, and
no quicker."""

FROM_STDIN = "-"
"""Argument of the supervisor: the address of the store comes from its standard input."""

_started: dict[Path, subprocess.Popen[bytes]] = {}
"""The supervisor that this process started last, for each home."""
_starting = threading.Lock()


class LocalExecutor(Executor):
    """Writes jobs into the store; a supervisor process of this machine does them.

    Starting the supervisor takes no import of torch here: it is a program of its own, found again
    by a lock file, and it outlives the process that started it.
    """

    def dispatch(self, identifiers: Sequence[str]) -> None:
        """Leave the jobs to the supervisor."""
        self.ensure_supervisor()

    def ensure_supervisor(self) -> None:
        """Start the supervisor if none is alive; it then loads torch, ready for the first run."""
        with _starting:
            last = _started.get(home())
            # One that was just started has not got the lock yet.
            if not supervisor_alive() and (last is None or last.poll() is not None):
                _started[home()] = _start(self.store.url)

    def watch(self) -> None:
        """Restart the supervisor if it is gone while there are jobs; cheap enough to poll."""
        if self.store.jobs(status=(WAITING, RUNNING)):
            self.ensure_supervisor()


def _start(url: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with log_file("supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tl_core.execution.supervisor", FROM_STDIN],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=PRIVATE_UMASK,
            env={
                **GIVE_MEMORY_BACK,
                **environment_for_runs(),
                "PYTHONPATH": path,
                "TL_HOME": str(home().resolve()),
            },
        )
    # The address may hold a password, and everybody on the machine can read arguments.
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(url.encode())
    return process


def supervisor_lock(patience: float = 0) -> FileLock:
    """Return the lock that the living supervisor holds; ``patience`` in seconds to wait for it."""
    return FileLock(home() / "supervisor.lock", timeout=patience)


def supervisor_alive() -> bool:
    """Tell whether a supervisor holds its lock."""
    try:
        with supervisor_lock():
            return False
    except Timeout:
        return True


def stop_supervisor() -> None:
    """End the supervisor and its workers; running jobs are marked as interrupted."""
    process = _started.pop(home(), None)
    if process is not None:
        process.terminate()
        process.wait(timeout=20)
    elif supervisor_alive():
        os.kill(int((home() / "supervisor.pid").read_text()), signal.SIGTERM)
    with supervisor_lock(patience=20):
        pass
