"""Downloads that end: with the whole, promised file, or with a plain reason within seconds.

Loads no torch. Whoever asks adds what was wanted and how to go on; see ``backbones.weights`` and
``data.public``.
"""

from __future__ import annotations

import hashlib
import queue
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Collection
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes in total."""

PATIENCE = 8.0
"""Seconds to wait for a server's first answer, and for each piece of the file."""

_CHUNK = 1 << 20

_Answers = queue.Queue[HTTPResponse | Exception]


class DownloadError(Exception):
    """A file could not be had; the text is a plain reason, not yet a sentence for people."""


def download(
    url: str, path: Path, *, digest: str, size: int, progress: Progress | None = None
) -> None:
    """Bring a file here, complete and as promised, or not at all.

    Several programs may fetch the same file at the same time.

    Parameters
    ----------
    url
        Where the file is.
    path
        Where it will be; folders are made.
    digest
        ``algorithm:hexadecimal``, of which a beginning is enough (``sha256:f37072fd``).
    size
        In bytes, for ``progress`` where the server does not tell it.
    progress
        Called after each piece.

    Raises
    ------
    DownloadError
        Without a connection, within seconds; or if what arrives is not the promised file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
            partial = Path(folder) / path.name
            _receive(url, partial, size, progress)
            if not is_whole(partial, digest):
                raise DownloadError("what arrived is incomplete or another file")
            partial.replace(path)
    except (OSError, HTTPException) as error:
        raise DownloadError(plainly(error)) from error


def is_whole(path: Path, digest: str) -> bool:
    """Tell whether a file is there with this digest, written as for :func:`download`."""
    if not path.is_file():
        return False
    algorithm, _, start = digest.partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return found.hexdigest().startswith(start)


def reachable(urls: Collection[str], patience: float = 2.0) -> set[str]:
    """Return those addresses whose servers answer, whatever they answer.

    All are asked at once, so this takes ``patience`` seconds at most.
    """
    end = time.monotonic() + patience
    waiting = {url: _ask(url, patience, method="HEAD") for url in urls}
    found = set()
    for url, answers in waiting.items():
        try:
            answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            continue
        if isinstance(answer, HTTPResponse):
            answer.close()
        if isinstance(answer, HTTPResponse | HTTPError):
            found.add(url)
    return found


def plainly(error: OSError | HTTPException) -> str:
    """Return what an error of the network or the disk says, without its wrapping."""
    if isinstance(error, HTTPError):
        return str(error)
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)


def _receive(url: str, path: Path, size: int, progress: Progress | None) -> None:
    try:
        response = _ask(url, PATIENCE).get(timeout=PATIENCE)
    except queue.Empty:
        raise TimeoutError(f"no answer within {PATIENCE:.0f} seconds") from None
    if isinstance(response, Exception):
        raise response
    with path.open("wb") as file, response:
        total = response.length or size
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            if progress:
                progress(file.tell(), total)


def _ask(url: str, patience: float, method: str = "GET") -> _Answers:
    """Ask a server from a thread; its answer, or what went wrong, will be in the queue.

    ``urlopen`` counts its timeout for every address of a host anew and not at all while the name is
    looked up, so behind a firewall that swallows packets it would take minutes.
    """
    answers: _Answers = queue.Queue()
    request = urllib.request.Request(url, headers={"User-Agent": "tl_core"}, method=method)

    def connect() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=patience))
        except HTTPError as error:
            error.close()
            answers.put(error)
        except Exception as error:
            answers.put(error)

    threading.Thread(target=connect, daemon=True).start()
    return answers
