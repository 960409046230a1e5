"""The process in which files are opened for pages: ``python -m tl_core.server.upload_worker``.

Requests of one sender come in on standard input, each a line of JSON, one after another; what
happens goes out line by line, and ends for each request with one of the last two::

    {"what": "files checked", "done": 3, "total": 20}
    {"outcome": {...}}    or    {"refused": "one sentence for a person"}

The process limits its own memory and time before it looks at a byte of the upload, and writes only
into the folder it was given and, at the very end, the finished upload beside the others. Whoever
started it may kill it at any time and remove that folder.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tl_core.codec import from_plain, to_plain
from tl_core.data.archives.unpack import unpack
from tl_core.data.foreign import START, foreign
from tl_core.data.limits import megabytes
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.scan import scan
from tl_core.data.staging import StagingFolder, refusal, refusing_full_disk
from tl_core.errors import DataError, TLError
from tl_core.home import write_atomically
from tl_core.machine import step_back
from tl_core.modalities import MODALITIES, read_bytes
from tl_core.server.limits import UploadLimits, no_room
from tl_core.server.previews import picture_of
from tl_core.server.upload_items import keep_items
from tl_core.throttle import Throttle

_REPORT_SECONDS = 0.1


@dataclass(frozen=True)
class Request:
    """What to check.

    Attributes
    ----------
    kind
        ``items`` for an archive of items, ``question`` for one item, ``shot`` for one that will
        be part of a set; ``previews`` and ``scan`` for files that lie on this server already.
    name
        Of the upload, for people.
    source
        The file as it was sent; its folder is free for this process to use. For ``previews`` it
        holds JSON, pairs of a list of files and the preview to make of them; for ``scan`` the path
        of a data set.
    target
        The folder or the file to make.
    limits
        How much it may hold and use.
    room
        Bytes that are left for it.
    modality
        What kind of data single items are; that of a data set is found in it.
    how
        How a data set is to be read; what is chosen for ``items`` stays with the stored set.
    """

    kind: str
    name: str
    source: Path
    target: Path
    limits: UploadLimits
    room: int
    modality: str = "photo"
    how: ReadAs = AS_FOUND

    def to_line(self) -> str:
        """Return the request as one line of JSON."""
        return json.dumps(to_plain(self))

    @classmethod
    def from_line(cls, line: str) -> Request:
        """Read what :meth:`to_line` wrote."""
        return from_plain(cls, json.loads(line))


class Reporter:
    """Writes what happens, progress at most ten times a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._throttle = Throttle(_REPORT_SECONDS)

    def say(self, **line: Any) -> None:
        """Write one line."""
        print(json.dumps(line), file=self._stream, flush=True)

    def progress(self, done: int, total: int, what: str) -> None:
        """Report how far some work has come."""
        if self._throttle.take(always=done == total):
            self.say(what=what, done=done, total=total)


def confine(limits: UploadLimits) -> None:
    """Limit this process's memory, time and files, as far as the system knows how to."""
    step_back()
    try:
        import resource
    except ImportError:  # Windows: the process that started this one still limits its time
        return
    wanted = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.sent_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # Whoever has used up the time of computing is told so by the first of two signals.
        most = least + 1 if kind == resource.RLIMIT_CPU and least == value else least
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS by name only
            resource.setrlimit(kind, (least, most))


def take_items(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Unpack, check and shrink an archive of items; store it as one folder."""
    with StagingFolder(request.source.parent, request.name, request.limits) as staging:
        reporter.say(what="Unpacking", done=0, total=0)
        with request.source.open("rb") as stream:
            unpack(stream, staging)
        request.source.unlink()
        staging.brought.layout = request.how.layout
        kind = keep_items(staging, request.limits, reporter.progress)
        size = staging.stored_bytes
        if size > request.room:
            raise staging.refuse(no_room(size, request.room))
        dataset, _ = scan(
            staging.seal(),
            progress=lambda done, total, _: reporter.progress(done, total, f"{kind.plural} listed"),
        )
        staging.require_few(len(dataset.classes))
        staging.commit(request.target)
    return {"items": len(dataset.items), "bytes": size}


def take_question(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Check and shrink one item; store it as one file, and beside it the picture to show."""
    kind = MODALITIES.get(request.modality)
    sent = request.source.read_bytes()
    try:
        made = kind.rewrite(sent, request.limits.item_work[kind.name])
    except DataError as error:
        raise DataError(foreign(request.name, sent[:START], len(sent)) or str(error)) from error
    return _store(request, made.content, made.picture)


def take_shot(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Check and shrink one item of a set to come; store it, and beside it its preview."""
    kind = MODALITIES.get(request.modality)
    sent = request.source.read_bytes()
    kept = kind.shrink(sent, request.limits.item_work[kind.name])
    return _store(request, kept.content or sent, kept.preview)


def _store(request: Request, item: bytes, picture: bytes) -> dict[str, Any]:
    size = len(item) + len(picture)
    if size > request.room:
        raise refusal(request.name, no_room(size, request.room))
    write_atomically(picture_of(request.target), picture)
    write_atomically(request.target, item)
    return {"items": 1, "bytes": size}


def make_previews(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Make pictures of files that are on this server already.

    Of what cannot be shown stays an empty file, also if this process is lost over it: it is not
    tried again.
    """
    kind = MODALITIES.get(request.modality)
    wanted: list[tuple[list[str], str]] = json.loads(request.source.read_text(encoding="utf-8"))
    for files, target in wanted:
        write_atomically(Path(target), b"")
        with contextlib.suppress(DataError, MemoryError):
            write_atomically(Path(target), kind.preview([read_bytes(Path(f)) for f in files]))
    return {"items": len(wanted), "bytes": 0}


def scan_items(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Check a data set that is on this server already; what is found out is kept beside it."""
    scan(Path(request.source.read_text(encoding="utf-8")), request.how)
    return {"items": 0, "bytes": 0}


KINDS: dict[str, Callable[[Request, Reporter], dict[str, Any]]] = {
    "items": take_items,
    "question": take_question,
    "shot": take_shot,
    "previews": make_previews,
    "scan": scan_items,
}


def too_much_memory(name: str, limits: UploadLimits) -> str:
    """Return the sentence for an upload that cannot be checked in the memory there is."""
    return (
        f"{name!r} was refused: checking it needs more than {megabytes(limits.memory)} of memory. "
        "Make its files smaller."
    )


def serve(request: Request, reporter: Reporter) -> None:
    """Serve one request, and say its outcome or why it is refused."""
    try:
        with refusing_full_disk(request.name):
            reporter.say(outcome=KINDS[request.kind](request, reporter))
    except TLError as error:
        reporter.say(refused=str(error))
    except MemoryError:
        reporter.say(refused=too_much_memory(request.name, request.limits))


def main() -> None:
    """Serve requests, one after another, under the limits of the first."""
    reporter = Reporter(sys.stdout)
    confined = False
    for line in sys.stdin:
        request = Request.from_line(line)
        if not confined:
            confine(request.limits)
            confined = True
        serve(request, reporter)


if __name__ == "__main__":
    main()
