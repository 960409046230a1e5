"""The way of an upload into this project: to a file, and from there into a process of its own.

The process that serves pages copies bytes and opens nothing. Everything that reads what a stranger
sent happens in :mod:`tl_core.server.upload_worker`, which is limited in memory and time and can be
lost without harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from filelock import FileLock, Timeout

from tl_core.data.files import clean
from tl_core.data.limits import megabytes
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.staging import refusal, refusing_full_disk, require_fitting
from tl_core.errors import ArchiveError
from tl_core.home import home, log_file
from tl_core.server.limits import UploadLimits
from tl_core.server.turns import Turns
from tl_core.server.upload_worker import Request, too_much_memory
from tl_core.steps import Progress


class Source(Protocol):
    """What an upload is read from, once and in pieces."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        ...

    def close(self) -> None:
        """Give back what the source holds: everything has been copied."""
        ...


COMMAND = ("-m", "tl_core.server.upload_worker")
"""Arguments for Python that start the process in which uploads are opened."""

PATIENCE_SECONDS = 1800
"""For a turn; a class that sends its photos all at once is served within that time."""

_CHUNK = 2**20
_POLL_SECONDS = 0.1
_OUT_OF_TIME = -int(getattr(signal, "SIGXCPU", 1000))
_TURNS = Turns()
_ROOT = Path(__file__).resolve().parents[2]
_INHERITED = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH"),
    *("TL_NICE",),
)


def spool_folder() -> Path:
    """Return the folder of uploads that are not checked yet."""
    folder = home() / "incoming"
    folder.mkdir(exist_ok=True)
    return folder


def older(folder: Path, than: float, pattern: str = "*") -> list[Path]:
    """Return the entries of a folder last changed before a time (seconds of the epoch)."""
    found = []
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):  # somebody else was quicker
            if path.stat().st_mtime < than:
                found.append(path)
    return found


def discard(path: Path) -> None:
    """Remove a file or a folder; a folder first disappears as a whole, so none is seen in part."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    aside = Path(tempfile.mkdtemp(dir=spool_folder()))
    with contextlib.suppress(OSError):  # already gone, or held open on Windows: tidied later
        path.rename(aside / "gone")
    shutil.rmtree(aside, ignore_errors=True)


@dataclass
class UploadSpool:
    """An upload on its way in; used as a context manager, it leaves nothing behind.

    Parameters
    ----------
    name
        What the sender calls it; only shown.
    limits
        How much it may hold and use.
    owner
        Whose it is: turns go round among owners.
    """

    name: str
    limits: UploadLimits
    owner: str = ""
    file: Path = field(init=False)

    def __enter__(self) -> UploadSpool:
        self.file = Path(tempfile.mkdtemp(dir=spool_folder())) / "upload"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.file.parent, ignore_errors=True)

    def refuse(self, reason: str) -> ArchiveError:
        """Return the error that refuses the whole upload."""
        return refusal(self.name, reason)

    def write(self, stream: Source, most: int | None = None) -> None:
        """Copy a file, at most ``most`` bytes of it (default: ``limits.sent_bytes``); close it.

        Raises
        ------
        ArchiveError
            If it is larger, or there is no room on the disk.
        """
        with closing(stream), refusing_full_disk(self.name), self.file.open("wb") as file:
            self._copy(stream, file, 0, most or self.limits.sent_bytes)

    def pack(self, files: Iterable[tuple[str, Source]]) -> None:
        """Copy the files of a folder into one zip, whatever their names; close each after that.

        Raises
        ------
        ArchiveError
            If they are too many or too large, or there is no room on the disk.
        """
        size = 0
        with refusing_full_disk(self.name), zipfile.ZipFile(self.file, "w") as archive:
            for number, (path, stream) in enumerate(files):
                if number == self.limits.entries:
                    raise self.refuse(
                        f"it holds more than {number:,} files. Leave some out of each class."
                    )
                require_fitting(self.name, path)
                entry = zipfile.ZipInfo(clean(path) or "_")
                with closing(stream), archive.open(entry, "w", force_zip64=True) as file:
                    size = self._copy(stream, file, size, self.limits.sent_bytes)

    def _copy(self, source: Source, target: IO[bytes], size: int, most: int) -> int:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise self.refuse(
                    f"it is larger than {megabytes(most)}. Make the photos smaller, or send fewer."
                )
            target.write(chunk)
        return size

    def digest(self) -> str:
        """Return a digest of the upload as it was sent."""
        with self.file.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def check(
        self,
        kind: str,
        target: Path,
        room: int,
        report: Progress | None = None,
        modality: str = "photo",
        how: ReadAs = AS_FOUND,
    ) -> dict[str, Any]:
        """Have the upload checked by a process of its own, which makes ``target``.

        Parameters
        ----------
        kind
            As in :class:`tl_core.server.upload_worker.Request`.
        target
            The folder or file to make.
        room
            Bytes that are left for it.
        modality
            What kind of data a question is.
        how
            How a data set is to be read.
        report
            Called as the work goes on. If it raises, the work ends and leaves nothing.

        Returns
        -------
        dict
            ``items`` and ``bytes`` that are stored.

        Raises
        ------
        DataError
            With one sentence, if the upload is refused, takes too long or needs too much memory;
            nothing is left on disk.
        """
        request = Request(kind, self.name, self.file, target, self.limits, room, modality, how)
        with self._turn(report):
            return self._run(request, report)

    def look(self, kind: str, modality: str = "photo", how: ReadAs = AS_FOUND) -> None:
        """Have the checking process look at what is on this server already; nobody waits in line.

        See :class:`tl_core.server.upload_worker.Request` for what ``file`` has to hold.

        Raises
        ------
        ArchiveError
            With one sentence, if it takes too long or needs too much memory.
        """
        limits = replace(self.limits, cpu_seconds=self.limits.seconds)  # a public set may be large
        self._run(Request(kind, self.name, self.file, self.file, limits, 0, modality, how), None)

    @contextmanager
    def _turn(self, report: Progress | None) -> Iterator[None]:
        """Wait until few enough uploads are being checked, by any process of this machine."""
        patience = time.monotonic() + PATIENCE_SECONDS
        with _TURNS.ticket(self.owner or str(self.file)) as ticket:
            while time.monotonic() < patience:
                place = self._place() if _TURNS.is_next(ticket) else None
                if place is not None:
                    _TURNS.begin(ticket)
                    try:
                        yield
                    finally:
                        place.release()
                    return
                if report:
                    report(0, 0, "Others' photos are being checked; yours come next")
                time.sleep(_POLL_SECONDS)
        raise self.refuse("the server is busy with other uploads. Try again in a few minutes.")

    def _place(self) -> FileLock | None:
        """Return the lock of a free place, or None."""
        for number in range(self.limits.at_once):
            lock = FileLock(spool_folder() / f"turn-{number}.lock", timeout=0)
            with contextlib.suppress(Timeout):
                lock.acquire()
                return lock
        return None

    def _run(self, request: Request, report: Progress | None) -> dict[str, Any]:
        last: dict[str, Any] = {}
        started = time.monotonic()
        with _checker(self.limits.seconds) as process:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(request.to_line() + "\n")
            process.stdin.close()
            for line in process.stdout:
                with contextlib.suppress(ValueError):  # cut off by the end of the process
                    last = json.loads(line)
                if report and "what" in last:
                    report(last["done"], last["total"], last["what"])
            code = process.wait()
        if code == 0 and "outcome" in last:
            outcome: dict[str, Any] = last["outcome"]
            return outcome
        if code == 0 and "refused" in last:
            raise ArchiveError(last["refused"])
        raise self._lost(code, time.monotonic() - started)

    def _lost(self, code: int, seconds: float) -> ArchiveError:
        """Return the error for a checking process that ended without an answer."""
        if seconds >= self.limits.seconds or code == _OUT_OF_TIME:
            what = f"longer than {self.limits.seconds} seconds"
            if code == _OUT_OF_TIME:
                what = f"more than {self.limits.cpu_seconds} seconds of computing"
            return self.refuse(f"checking it took {what}. Send fewer photos, or make them smaller.")
        if code < 0:
            return ArchiveError(too_much_memory(self.name, self.limits))
        return self.refuse("it could not be checked; the server's log tells why.")


@contextmanager
def _checker(seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Start the checking process; it ends with this block, or after some time."""
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    # One thread for NumPy's libraries and few memory arenas: both reserve much address space.
    lean = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    with (
        log_file("uploads.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, *COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={**inherited, **lean, "PYTHONPATH": paths, "TL_HOME": str(home().resolve())},
        ) as process,
    ):
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield process
        finally:
            process.kill()
            timer.cancel()
