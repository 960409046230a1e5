"""Downloads that end: with the whole, promised file, or with a plain reason within seconds.

Loads no torch. Whoever asks adds what was wanted and how to go on; see ``backbones.weights`` and
``data.public``.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import urllib.request
from collections.abc import Collection, Mapping
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from filelock import FileLock

from tl_core.home import disk_full
from tl_core.steps import Progress

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

    Of several programs that fetch the same file one works and the others wait for it. If the
    connection is cut, or the program is, what has arrived lies beside ``path`` in a hidden part
    that the next attempt goes on from, where the server can send the rest of a file (a range
    request, RFC 9110 section 14). The digest of the whole tells whether the pieces belong together.

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
        Called with bytes after each piece.

    Raises
    ------
    DownloadError
        Without a connection, within seconds; or if what arrives is not the promised file.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not is_whole(path, digest):
                _complete(url, part, digest, size, progress)
                part.replace(path)
    except (OSError, HTTPException) as error:
        if disk_full(error):
            part.unlink(missing_ok=True)
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
    """Return the message of an error of the network or the disk, without its wrapping."""
    if isinstance(error, HTTPError):
        return str(error)
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)


def _complete(url: str, part: Path, digest: str, size: int, progress: Progress | None) -> None:
    """Bring a part to the promised file; once from the beginning if its rest does not fit it."""
    resumed = True
    while resumed:
        resumed = _receive(url, part, size, progress)
        if is_whole(part, digest):
            return
        part.unlink()
    raise DownloadError("what arrived is incomplete or another file")


def _receive(url: str, part: Path, size: int, progress: Progress | None) -> bool:
    """Write what a server sends, and tell whether it was added to what was there."""
    have = part.stat().st_size if part.is_file() else 0
    try:
        response = _answer(url, {"Range": f"bytes={have}-"} if have else {})
    except HTTPError as error:
        if have and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # the part is at least as long as the file
        raise
    resumed = have > 0 and response.status == HTTPStatus.PARTIAL_CONTENT
    with response, part.open("ab" if resumed else "wb") as file:
        total = file.tell() + (response.length or 0)
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            if progress:
                progress(file.tell(), total if response.length is not None else size, "bytes")
        if file.tell() < total:
            raise ConnectionError(f"the connection was cut at {file.tell() / total:.0%}")
    return resumed


def _answer(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    try:
        answer = _ask(url, PATIENCE, headers=headers).get(timeout=PATIENCE)
    except queue.Empty:
        raise TimeoutError(f"no answer within {PATIENCE:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _ask(
    url: str, patience: float, method: str = "GET", headers: Mapping[str, str] | None = None
) -> _Answers:
    """Ask a server from a thread; its answer, or what went wrong, will be in the queue.

    ``urlopen`` counts its timeout for every address of a host anew and not at all while the name is
    looked up, so behind a firewall that swallows packets it would take minutes.
    """
    answers: _Answers = queue.Queue()
    headers = {"User-Agent": "tl_core", **(headers or {})}
    request = urllib.request.Request(url, headers=headers, method=method)

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
