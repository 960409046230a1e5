"""The process in which uploads are opened: ``python -m tl_core.server.upload_worker``.

One request comes in on standard input, a line of JSON; what happens goes out line by line::

    {"what": "files checked", "done": 3, "total": 20}
    {"outcome": {...}}    or    {"refused": "one sentence for a person"}

The process limits its own memory and time before it looks at a byte of the upload, and writes only
into the folder it was given and, at the very end, the finished upload beside the others. Whoever
started it may kill it at any time and remove that folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tl_core.codec import from_plain, to_plain
from tl_core.data.archive import unpack
from tl_core.data.limits import megabytes
from tl_core.data.scan import scan
from tl_core.data.staging import StagingFolder, refusing_full_disk
from tl_core.errors import TLError
from tl_core.home import write_atomically
from tl_core.modalities import MODALITIES
from tl_core.server.limits import UploadLimits, no_room
from tl_core.server.upload_items import keep_items
from tl_core.throttle import Throttle

_REPORT_SECONDS = 0.1


@dataclass(frozen=True)
class Request:
    """What to check.

    Attributes
    ----------
    kind
        ``items`` for a zip of class folders, ``question`` for one item.
    name
        Of the upload, for people.
    source
        The file as it was sent; its folder is free for this process to use.
    target
        The folder or the file to make.
    limits
        How much it may hold and use.
    room
        Bytes that are left for it.
    modality
        What kind of data a question is; that of a data set is found in it.
    """

    kind: str
    name: str
    source: Path
    target: Path
    limits: UploadLimits
    room: int
    modality: str = "photo"

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
    if hasattr(os, "nice"):
        os.nice(5)
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
    """Unpack, check and shrink a zip of class folders; store it as one folder."""
    with StagingFolder(request.source.parent, request.name, request.limits) as staging:
        reporter.say(what="Unpacking", done=0, total=0)
        with request.source.open("rb") as stream:
            unpack(stream, staging)
        request.source.unlink()
        kind = keep_items(staging, request.limits, reporter.progress)
        size = staging.stored_bytes
        if size > request.room:
            raise staging.refuse(no_room(size, request.room))
        dataset, _ = scan(
            staging.seal(),
            progress=lambda done, total, _: reporter.progress(done, total, f"{kind.plural} listed"),
        )
        staging.commit(request.target)
    return {"items": len(dataset.items), "bytes": size}


def take_question(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Check and shrink one item; store it as one file."""
    kind = MODALITIES.get(request.modality)
    stored = kind.rewrite(request.source.read_bytes(), request.limits.item_work[kind.name])
    write_atomically(request.target, stored)
    return {"items": 1, "bytes": len(stored)}


KINDS: dict[str, Callable[[Request, Reporter], dict[str, Any]]] = {
    "items": take_items,
    "question": take_question,
}


def too_much_memory(name: str, limits: UploadLimits) -> str:
    """Return the sentence for an upload that cannot be checked in the memory there is."""
    return (
        f"{name!r} was refused: checking it needs more than {megabytes(limits.memory)} of memory. "
        "Make its files smaller."
    )


def main() -> None:
    """Serve one request."""
    reporter = Reporter(sys.stdout)
    request = Request.from_line(sys.stdin.readline())
    confine(request.limits)
    try:
        with refusing_full_disk(request.name):
            reporter.say(outcome=KINDS[request.kind](request, reporter))
    except TLError as error:
        reporter.say(refused=str(error))
    except MemoryError:
        reporter.say(refused=too_much_memory(request.name, request.limits))


if __name__ == "__main__":
    main()
