"""Files on their way from browsers to pages: expected, counted, on the disk, gone with their tab.

Streamlit's own manager takes a file under any name for any open session and keeps it in memory.
This one takes only what a page's uploader has asked an address for, once each, within a budget for
each tab and one for all, and never holds a file's bytes.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from streamlit.runtime.stats import CacheStat
from streamlit.runtime.uploaded_file_manager import (
    UploadedFileManager,
    UploadedFileRec,
    UploadFileUrlInfo,
)

from tl_core.data.limits import megabytes
from tl_core.home import home
from ui.guard.arrival import Arrival, NotTaken, OnDisk
from ui.guard.limits import GuardLimits

ENDPOINT = "/_stcore/upload_file"
"""Where browsers send files to."""

PAUSE_SECONDS, QUIET_SECONDS = 30.0, 600.0
"""Without a byte: after these a tab may begin anew, and after those others get its addresses."""

LONGEST_NAME = 1024


NO_SESSION = "-"
"""Stands in addresses for the session, which is found by the file: a page sends the addresses of
all its files in one message, and this takes a quarter off its size."""


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

    def quiet(self, seconds: float) -> bool:
        """Tell whether nothing has come for so long."""
        return self.active < time.monotonic() - seconds


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
                    "once. Bring them as a zip, or leave some out."
                )
            if tab.claims + count > limits.tab_files and tab.quiet(PAUSE_SECONDS):
                self._empty(tab)  # it was left while it sent; what is read, is read at once
            if tab.claims + count > limits.tab_files:
                return "Your last files are still being sent. Try again in a minute."
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
        """Return an address for each name; none at all where :meth:`refusal` refuses them."""
        with self._lock:
            if self.refusal(session_id, len(file_names)) is not None:
                return []
            ids = [secrets.token_urlsafe(12) for _ in file_names]
            tab = self._tabs.setdefault(session_id, _Tab(session_id))
            tab.expected.update(ids)
            tab.active, tab.refused = time.monotonic(), None
        place = f"{self.endpoint}/{NO_SESSION}/"
        return [UploadFileUrlInfo(one, place + one, place + one) for one in ids]

    def _claims(self) -> int:
        return sum(tab.claims for tab in self._tabs.values())

    def _forget_quiet_tabs(self) -> None:
        for tab in self._tabs.values():
            if tab.quiet(QUIET_SECONDS):
                tab.expected.clear()

    def _empty(self, tab: _Tab) -> None:
        tab.expected.clear()
        for file_id in list(tab.files):
            self.remove_file(tab.session_id, file_id)

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
            arrival = Arrival(
                tab.session_id,
                file_id,
                grow=lambda more: self._grow(tab, more),
                arrived=lambda record, size: self._arrived(tab, record, size),
            )
            tab.arriving += 1
            tab.active = time.monotonic()
        return arrival

    def _check_room(self, tab: _Tab, more: int) -> None:
        if tab.bytes + more > self.limits.tab_bytes:
            most = megabytes(self.limits.tab_bytes)
            reason = f"Your files are larger than {most}. Load the page anew and send fewer."
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

    def _grow(self, tab: _Tab, more: int) -> None:
        with self._lock:
            if self._tabs.get(tab.session_id) is not tab:
                raise NotTaken(404, "The tab that the file was for is closed.")
            self._check_room(tab, more)
            tab.bytes += more
            tab.active = time.monotonic()

    def _arrived(self, tab: _Tab, record: UploadedFileRec | None, size: int) -> bool:
        """Keep the file; tell if it is kept: it has to be whole, and its session still there."""
        with self._lock:
            tab.arriving -= 1
            if record is not None and self._tabs.get(tab.session_id) is tab:
                tab.files[record.file_id] = record
                return True
            tab.bytes -= size
        return False

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


def _remove(record: UploadedFileRec) -> None:
    assert isinstance(record.data, OnDisk)
    record.data.path.unlink(missing_ok=True)
