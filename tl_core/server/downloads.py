"""The folder of a run as a zip that is made while it is sent, so that nobody's memory holds it."""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.store.database import Job, Store
from tl_core.training.record import CHECKPOINT

AT_ONCE = 4
"""Downloads of all learners that are sent at the same time; of one learner it is one."""

AN_HOUR = 30
"""Downloads that one learner may begin in an hour."""

WINDOW_SECONDS = 3600.0

_CHUNK = 2**18


class NoSuchRun(UserError):
    """There is no run of that name, or it is not for whoever asks."""


class Downloads:
    """Hands out runs to whoever has their key, a few at a time.

    A key is made of the run's and its owner's names and a secret of this process, and is shown to
    the owner alone; nothing has to be kept for it.

    Parameters
    ----------
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock
        self._lock = threading.Lock()
        self._going: list[str] = []
        self._begun: deque[tuple[float, str]] = deque()

    def key(self, job: Job) -> str:
        """Return the key of a run."""
        text = f"{job.id} {job.owner}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    def begin(self, store: Store, identifier: str, key: str) -> Iterator[bytes]:
        """Begin to send a run; yields the zip piece by piece.

        Raises
        ------
        NoSuchRun
            If it is not there any more, still goes on, or the key is another's.
        UserError
            In one sentence, if too much is being sent, or was in the last hour.
        """
        job = store.job(identifier)
        right = job is not None and hmac.compare_digest(key.encode(), self.key(job).encode())
        folder = run_folder(identifier)
        if job is None or not right or job.kind != "train" or job.active or not folder.is_dir():
            raise NoSuchRun("This run is no longer on this server.")
        self._take_place(job.owner)
        pieces = self._send(job.owner, folder)
        next(pieces)  # from now on its end gives the place back, even if nobody reads a byte
        return pieces

    def _send(self, owner: str, folder: Path) -> Iterator[bytes]:
        try:
            yield b""
            yield from zipped(folder)
        finally:
            with self._lock:
                self._going.remove(owner)

    def _take_place(self, owner: str) -> None:
        with self._lock:
            now = self._clock()
            while self._begun and self._begun[0][0] <= now - WINDOW_SECONDS:
                self._begun.popleft()
            if owner in self._going or len(self._going) >= AT_ONCE:
                raise UserError("Other downloads are under way. Try again in a minute.")
            if sum(who == owner for _, who in self._begun) >= AN_HOUR:
                raise UserError(f"At most {AN_HOUR} downloads may begin in an hour.")
            self._begun.append((now, owner))
            self._going.append(owner)


def zipped(folder: Path) -> Iterator[bytes]:
    """Yield the files of a run as a zip, without the checkpoint, in pieces of a few hundred KB."""
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w") as archive:
        for path in sorted(folder.iterdir()):
            if path.name == CHECKPOINT or path.name.startswith(".") or not path.is_file():
                continue
            entry = zipfile.ZipInfo.from_file(path, f"run-{folder.name}/{path.name}")
            with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := file.read(_CHUNK):
                    target.write(chunk)
                    yield pieces.take()
    yield pieces.take()


class _Pieces(io.RawIOBase):
    """Takes what a zip writes until somebody fetches it; a zip cannot go back in it."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        taken, self._held = bytes(self._held), bytearray()
        return taken
