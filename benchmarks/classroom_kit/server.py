"""A server of the app for measurements, its processes and their memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import tl_core

ROOT = Path(tl_core.__file__).resolve().parents[1]
"""The checkout that is measured: the one that ``tl_core`` was found in."""

STOP_SECONDS = 10.0
"""After which a process that does not end by itself is ended."""


class Server:
    """The app on a free port with a home of its own; what it starts ends with it.

    Parameters
    ----------
    home
        ``TL_HOME``; given again, it is the same server after a restart.
    root
        The checkout whose app it is.
    env
        More environment variables, such as ``TL_SLOTS``.
    """

    def __init__(self, home: Path, root: Path = ROOT, **env: str) -> None:
        self.home, self.root = home, root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._env = {**os.environ, "TL_HOME": str(home), "TL_PREDICT_FIRST": "0", **env}
        self.process: subprocess.Popen[bytes]

    def start(self) -> Server:
        """Start the app and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "streamlit", "run", str(self.root / "app.py")]
        command += ["--server.port", str(self._port), "--server.address", "127.0.0.1"]
        with (self.home / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env=self._env, stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2).close()
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"The app did not start; see {self.home / 'app.log'}.")

    def kill(self) -> None:
        """``kill -9`` the app."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the app and the supervisor that it has started, and wait until they are gone."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        with contextlib.suppress(OSError, ValueError):
            _end(self.supervisor())

    def supervisor(self) -> int:
        """Return the supervisor's process id."""
        return int((self.home / "supervisor.pid").read_text())

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def memory(self) -> dict[str, float]:
        """Return the proportional set size, in megabytes, of each process that belongs to it."""
        found = {"app": self.process.pid}
        with contextlib.suppress(OSError, ValueError):
            supervisor = self.supervisor()
            found["supervisor"] = supervisor
            found |= {f"{name_of(pid)} {pid}": pid for pid in descendants(supervisor)}
        known = set(found.values())
        others = [pid for pid in descendants(self.process.pid) if pid not in known]
        found |= {f"{name_of(pid)} {pid}": pid for pid in others}
        return {name: size for name, pid in found.items() if (size := pss(pid))}


def _end(pid: int) -> None:
    """End a process that is no child of this one, with all below it."""
    below = list(descendants(pid))
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    for left in (pid, *below):
        with contextlib.suppress(OSError):
            os.kill(left, signal.SIGKILL)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken (Linux), 0 if it is gone."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def pss(pid: int) -> float:
    """Return a process's proportional set size in megabytes (Linux), 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def name_of(pid: int) -> str:
    """Return which part of multiprocessing a process is."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        for part in ("resource_tracker", "forkserver", "uploads", "intake"):
            if part in command:
                return part
    return "process"


def descendants(pid: int) -> Iterator[int]:
    """Yield the ids of all processes below one, parents first."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from descendants(child)
