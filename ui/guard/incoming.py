"""Files on their way from browsers to pages: expected, counted, on the disk, gone with their tab.

Streamlit's own manager takes a file under any name for any open session and keeps it in memory.
This one takes only what a page's uploader has asked an address for, once each, within a budget for
each tab and one for all, and never holds a file's bytes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from streamlit.runtime.stats import CacheStat
from streamlit.runtime.uploaded_file_manager import (
    UploadedFileManager,
    UploadedFileRec,
    UploadFileUrlInfo,
)

from tl_core.data.limits import megabytes
from tl_core.home import disk_full, home
from tl_core.server.upload_spool import spool_folder
from ui.guard.limits import GuardLimits

ENDPOINT = "/_stcore/upload_file"
"""Where browsers send files to."""

QUIET_SECONDS = 600.0
"""After which a tab that sends nothing loses its claim on addresses that it has not used."""

LONGEST_NAME = 1024


NO_SESSION = "-"
"""Stands in addresses for the session, which is found by the file: a page sends the addresses of
all its files in one message, and this takes a quarter off its size."""


class NotTaken(Exception):
    """A file is not taken in.

    Attributes
    ----------
    status
        Why, in HTTP; the message says it in words.
    session_id
        Whose file it is, if that is known.
    """

    def __init__(self, status: int, reason: str, session_id: str | None = None) -> None:
        super().__init__(reason)
        self.status, self.session_id = status, session_id


class OnDisk(bytes):
    """Stands in Streamlit's record for the bytes of a file: it has their number, not them."""

    path: Path
    size: int

    def __new__(cls, path: Path, size: int) -> OnDisk:
        """Return one for the file at ``path``."""
        made = super().__new__(cls)
        made.path, made.size = path, size
        return made

    def __len__(self) -> int:
        return self.size


@dataclass
class _Tab:
    """What one session may send, has sent and is sending."""

    session_id: str
    expected: set[str] = field(default_factory=set)
    files: dict[str, UploadedFileRec] = field(default_factory=dict)
    arriving: int = 0
    bytes: int = 0
    refused: str | None = None
    active: float = field(default_factory=time.monotonic)

    @property
    def claims(self) -> int:
        return len(self.expected) + len(self.files) + self.arriving


class Incoming(UploadedFileManager):
    """The files of all sessions. Safe to use from several threads.

    Parameters
    ----------
    limits
        How much they may be.
    """

    def __init__(self, limits: GuardLimits) -> None:
        self.endpoint = ENDPOINT
        self.limits = limits
        self._tabs: dict[str, _Tab] = {}
        self._lock = threading.RLock()

    # ------------------------------------------------------------------------------- addresses

    def refusal(self, session_id: str, count: int) -> str | None:
        """Return the sentence that refuses addresses for so many more files; None if they fit."""
        limits = self.limits
        with self._lock:
            tab = self._tabs.get(session_id, _Tab(session_id))
            if count > limits.tab_files:
                return (
                    f"These are {count:,} files, and at most {limits.tab_files:,} can be sent at "
                    "once. Leave some out."
                )
            if tab.claims + count > limits.tab_files:
                return "Your last files are still being taken in. Try again in a few minutes."
            if self._claims() + count > limits.waiting_files:
                self._forget_quiet_tabs()
            if self._claims() + count > limits.waiting_files or self._room() <= 0:
                return (
                    "This server is taking in as many files as it can. Try again in a few minutes."
                )
        return None

    def get_upload_urls(
        self, session_id: str, file_names: Sequence[str]
    ) -> list[UploadFileUrlInfo]:
        """Return an address for each name; those that :meth:`refusal` refuses are not expected."""
        ids = [secrets.token_urlsafe(12) for _ in file_names]
        with self._lock:
            if self.refusal(session_id, len(ids)) is None:
                tab = self._tabs.setdefault(session_id, _Tab(session_id))
                tab.expected.update(ids)
                tab.active, tab.refused = time.monotonic(), None
        place = f"{self.endpoint}/{NO_SESSION}/"
        return [UploadFileUrlInfo(one, place + one, place + one) for one in ids]

    def _claims(self) -> int:
        return sum(tab.claims for tab in self._tabs.values())

    def _forget_quiet_tabs(self) -> None:
        for tab in self._tabs.values():
            if tab.active < time.monotonic() - QUIET_SECONDS:
                tab.expected.clear()

    def _room(self) -> int:
        """Return the bytes that may still come: of the budget, and of half of the free disk."""
        held = sum(tab.bytes for tab in self._tabs.values())
        return min(self.limits.waiting_bytes - held, shutil.disk_usage(home()).free // 2)

    # ----------------------------------------------------------------------------- taking one in

    def begin(self, file_id: str, announced: int = 0) -> Arrival:
        """Let an expected file come in; its address is used up by that.

        Raises
        ------
        NotTaken
            If nobody asked for it, or it is announced as larger than what is left.
        """
        with self._lock:
            tab = next((tab for tab in self._tabs.values() if file_id in tab.expected), None)
            if tab is None:
                raise NotTaken(404, "No page waits for this file.")
            tab.expected.remove(file_id)
            self._check_room(tab, announced)
            tab.arriving += 1
            tab.active = time.monotonic()
        return Arrival(self, tab, file_id)

    def _check_room(self, tab: _Tab, more: int) -> None:
        if tab.bytes + more > self.limits.tab_bytes:
            most = megabytes(self.limits.tab_bytes)
            reason = f"Your files are larger than {most}. Nothing was taken in."
            raise NotTaken(413, reason, tab.session_id)
        if more > self._room():
            reason = "This server has no room for your files now. Try again later."
            raise NotTaken(507, reason, tab.session_id)

    def note(self, session_id: str, reason: str) -> None:
        """Note why a file is missing: without it, what else was sent is not whole."""
        with self._lock:
            self._tabs.setdefault(session_id, _Tab(session_id)).refused = reason

    def refused(self, session_id: str) -> str | None:
        """Return why some of the files that were sent last are not there; None if all are."""
        with self._lock:
            tab = self._tabs.get(session_id)
            return tab.refused if tab else None

    def _grow(self, arrival: Arrival, more: int) -> None:
        tab = arrival.tab
        with self._lock:
            if self._tabs.get(tab.session_id) is not tab:
                raise NotTaken(404, "The tab that the file was for is closed.")
            self._check_room(tab, more)
            tab.bytes += more
            tab.active = time.monotonic()

    def _arrived(self, arrival: Arrival, record: UploadedFileRec | None) -> None:
        """Keep the file, or remove it if it is not whole or its session has gone meanwhile."""
        with self._lock:
            tab = arrival.tab
            tab.arriving -= 1
            if record is not None and self._tabs.get(tab.session_id) is tab:
                tab.files[record.file_id] = record
                return
            tab.bytes -= arrival.size
        arrival.path.unlink(missing_ok=True)

    # ---------------------------------------------------------------------------- what pages need

    def get_files(self, session_id: str, file_ids: Sequence[str]) -> list[UploadedFileRec]:
        """Return the records of those that are there; their bytes are :class:`OnDisk`."""
        with self._lock:
            tab = self._tabs.get(session_id)
            return [tab.files[one] for one in file_ids if one in tab.files] if tab else []

    def open(self, session_id: str, file_id: str) -> BinaryIO:
        """Open a file for reading.

        Raises
        ------
        FileNotFoundError
            If it is not there (any more).
        """
        for record in self.get_files(session_id, [file_id]):
            assert isinstance(record.data, OnDisk)
            return record.data.path.open("rb")
        raise FileNotFoundError(file_id)

    def remove_file(self, session_id: str, file_id: str) -> None:
        """Remove a file, or give back its address; the file alone says whose it is."""
        record = None
        with self._lock:
            for tab in self._tabs.values():
                tab.expected.discard(file_id)
                if file_id in tab.files:
                    record = tab.files.pop(file_id)
                    tab.bytes -= len(record.data)
        if record is not None:
            _remove(record)

    def remove_session_files(self, session_id: str) -> None:
        """Remove everything of a session that has ended; what still arrives is not kept."""
        with self._lock:
            tab = self._tabs.pop(session_id, None)
        for record in tab.files.values() if tab else ():
            _remove(record)

    @property
    def stats_families(self) -> Sequence[str]:
        """None: this manager holds nothing in memory."""
        return ()

    def get_stats(self, family_names: Sequence[str] | None = None) -> dict[str, list[CacheStat]]:
        """Return nothing."""
        return {}


class Arrival:
    """A file that is coming in. It has to end with :meth:`keep` or :meth:`drop`."""

    def __init__(self, incoming: Incoming, tab: _Tab, file_id: str) -> None:
        self._incoming = incoming
        self.tab, self.file_id, self.size = tab, file_id, 0
        # The name is one that Uploads.clean_up removes when a process did not live to do so.
        handle, name = tempfile.mkstemp(prefix="tmp", dir=spool_folder())
        self.path = Path(name)
        self._file = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises
        ------
        NotTaken
            If they are more than what is left.
        """
        self._incoming._grow(self, len(data))
        self.size += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, name: str, kind: str) -> None:
        """Hand the whole file over, under the name and the kind that the browser gave."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error
        record = UploadedFileRec(self.file_id, name, kind, OnDisk(self.path, self.size))
        self._incoming._arrived(self, record)

    def drop(self) -> None:
        """Remove what has come so far."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._incoming._arrived(self, None)

    def _failed(self, error: OSError) -> Exception:
        if not disk_full(error):
            return error
        reason = "This server's disk is full. Try again later."
        return NotTaken(507, reason, self.tab.session_id)


def _remove(record: UploadedFileRec) -> None:
    assert isinstance(record.data, OnDisk)
    record.data.path.unlink(missing_ok=True)
