"""The way of an upload into this project: to a file, and from there into a process of its own.

The process that serves pages copies bytes and opens nothing. Everything that reads what a stranger
sent happens in :mod:`tl_core.server.upload_worker`, which is limited in memory and time and can be
lost without harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
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
from tl_core.home import home
from tl_core.server.checking import Checker, ask_each
from tl_core.server.limits import UploadLimits
from tl_core.server.turns import Turns
from tl_core.server.upload_worker import Request
from tl_core.steps import Progress


class Source(Protocol):
    """What an upload is read from, once and in pieces."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        ...

    def close(self) -> None:
        """Give back what the source holds: everything has been copied."""
        ...


class TooLarge(ArchiveError):
    """What was sent has more bytes than are taken in."""


PATIENCE_SECONDS = 1800
"""For a turn; a class that sends its photos all at once is served within that time."""

_CHUNK = 2**20
_POLL_SECONDS = 0.1
_TURNS = Turns()


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

    def write(self, stream: Source, most: int | None = None, place: Path | None = None) -> int:
        """Copy a file, at most ``most`` bytes of it (default: ``limits.sent_bytes``); close it.

        Parameters
        ----------
        place
            Where to, beside ``file``; there unless given.

        Returns
        -------
        int
            Its bytes.

        Raises
        ------
        TooLarge
            If it is larger.
        ArchiveError
            If there is no room on the disk.
        """
        most = self.limits.sent_bytes if most is None else most
        place = place or self.file
        with closing(stream), refusing_full_disk(self.name), place.open("wb") as file:
            return self._copy(stream, file, 0, most)

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
                reason = f"it is larger than {megabytes(most)}."
                raise TooLarge(
                    str(self.refuse(f"{reason} Make the photos smaller, or send fewer."))
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
        with self._turn(report), Checker(self.limits) as checker:
            return checker.ask(request, report)

    def check_each(
        self,
        kind: str,
        files: Sequence[tuple[str, Path, Path]],
        room: int,
        report: Progress | None = None,
        modality: str = "photo",
    ) -> list[int | str]:
        """Have several files checked; see :func:`~tl_core.server.checking.ask_each`.

        Parameters
        ----------
        files
            The name, the file as it was sent and the file to make of each.
        kind, room, report, modality
            As of :meth:`check`; the room is for all of them together.

        Returns
        -------
        list
            For each the bytes that are stored, or the reason why it is left out.
        """
        requests = [
            Request(kind, name, source, target, self.limits, room, modality)
            for name, source, target in files
        ]
        with self._turn(report):
            return ask_each(requests, report)

    def look(self, kind: str, modality: str = "photo", how: ReadAs = AS_FOUND) -> None:
        """Have the checking process look at what is on this server already; nobody waits in line.

        See :class:`tl_core.server.upload_worker.Request` for what ``file`` has to hold.

        Raises
        ------
        ArchiveError
            With one sentence, if it takes too long or needs too much memory.
        """
        limits = replace(self.limits, cpu_seconds=self.limits.seconds)  # a public set may be large
        with Checker(self.limits) as checker:
            checker.ask(Request(kind, self.name, self.file, self.file, limits, 0, modality, how))

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
