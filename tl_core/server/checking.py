"""The process in which files of strangers are opened, as seen by whoever starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from tl_core.data.staging import refusal
from tl_core.errors import ArchiveError
from tl_core.home import home, log_file
from tl_core.server.limits import UploadLimits
from tl_core.server.upload_worker import Request, too_much_memory
from tl_core.steps import Progress

COMMAND = ("-m", "tl_core.server.upload_worker")
"""Arguments for Python that start the process."""

_OUT_OF_TIME = -int(getattr(signal, "SIGXCPU", 1000))
_ROOT = Path(__file__).resolve().parents[2]
_INHERITED = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH"),
    *("TL_NICE",),
)


class Lost(ArchiveError):
    """The checking process ended without an answer."""


class Checker:
    """A checking process; used as a context manager, it ends with that, or after some time.

    Parameters
    ----------
    limits
        How much it may use.
    seconds
        For which it may live; as ``limits`` say unless given.
    """

    def __init__(self, limits: UploadLimits, seconds: float | None = None) -> None:
        self._limits = limits
        self._seconds = limits.seconds if seconds is None else seconds
        self._ending = ExitStack()

    def __enter__(self) -> Checker:
        self._started = time.monotonic()
        log = self._ending.enter_context(log_file("uploads.log").open("ab"))
        self._process = self._ending.enter_context(
            subprocess.Popen(
                [sys.executable, *COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
                env=_environment(),
            )
        )
        timer = threading.Timer(self._seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        self._ending.callback(timer.cancel)
        self._ending.callback(self._process.kill)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.close()

    def ask(self, request: Request, report: Progress | None = None) -> dict[str, Any]:
        """Have one request served; return its outcome.

        Parameters
        ----------
        report
            Called as the work goes on; whatever it raises is passed on.

        Raises
        ------
        ArchiveError
            With one sentence, if what was sent is refused.
        Lost
            If the process ended instead: it took too long or needed too much memory.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(request.to_line() + "\n")
            self._process.stdin.flush()
        except OSError:  # it has ended already: the end of what it says tells
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for line in self._process.stdout:
            said: dict[str, Any] = {}
            with contextlib.suppress(ValueError):  # cut off by the end of the process
                said = json.loads(line)
            if "outcome" in said:
                outcome: dict[str, Any] = said["outcome"]
                return outcome
            if "refused" in said:
                raise ArchiveError(said["refused"])
            if report and "what" in said:
                report(said["done"], said["total"], said["what"])
        raise Lost(self._lost(request.name))

    def _lost(self, name: str) -> str:
        """Return the sentence for a process that ended without an answer."""
        code, limits = self._process.wait(), self._limits
        if time.monotonic() - self._started >= self._seconds or code == _OUT_OF_TIME:
            what = f"longer than {limits.seconds} seconds"
            if code == _OUT_OF_TIME:
                what = f"more than {limits.cpu_seconds} seconds of computing"
            reason = f"checking it took {what}. Send fewer photos, or make them smaller."
        elif code < 0:
            return too_much_memory(name, limits)
        else:
            reason = "it could not be checked; the server's log tells why."
        return str(refusal(name, reason))


def ask_each(requests: Sequence[Request], report: Progress | None = None) -> list[int | str]:
    """Have files of one sender checked one after another, all by one process if none ends it.

    A file over which a process is lost that has served others before is tried once more in a
    process of its own, so that none is refused for what others took. All together they may take as
    long as one upload.

    Parameters
    ----------
    requests
        One for each file; the room is for all of them together.
    report
        As of :meth:`Checker.ask`.

    Returns
    -------
    list
        For each the bytes that are stored, or the reason why it is left out.
    """
    found: list[int | str] = []
    limits = requests[0].limits
    deadline = time.monotonic() + limits.seconds
    while len(found) < len(requests):
        first, seconds = len(found), deadline - time.monotonic()
        if seconds <= 0:
            late = "it was not checked: the files before it took too long. Bring it once more."
            return found + [late] * (len(requests) - first)
        with Checker(limits, seconds) as checker:
            for request in requests[first:]:
                stored = sum(size for size in found if isinstance(size, int))
                try:
                    outcome = checker.ask(replace(request, room=request.room - stored))
                    found.append(outcome["bytes"])
                except Lost as lost:
                    if len(found) == first:
                        found.append(_reason(lost, request.name))
                    break
                except ArchiveError as refused:
                    found.append(_reason(refused, request.name))
                if report:
                    report(len(found), len(requests), "files checked")
    return found


def _reason(error: ArchiveError, name: str) -> str:
    """Return why a file is left out, to stand beside its name."""
    return str(error).removeprefix(str(refusal(name, "")))


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    # One thread for NumPy's libraries and few memory arenas: both reserve much address space.
    lean = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    return {**inherited, **lean, "PYTHONPATH": paths, "TL_HOME": str(home().resolve())}
