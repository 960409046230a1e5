"""Files that a browser sends: taking them in, and how far their check has come."""

from __future__ import annotations

from typing import BinaryIO

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.errors import DataError
from tl_core.steps import Progress
from ui.guard.incoming import Incoming


class Arriving:
    """A file that was sent; closed, it is gone from the server's disk.

    This is the one way to its bytes: what a widget returns has none of them. Streamlit itself keeps
    a file until the session ends, also when its widget is gone.
    """

    def __init__(self, file: UploadedFile) -> None:
        self._file = file
        self._opened: BinaryIO | None = None

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened.read(size)

    def _open(self) -> BinaryIO:
        context = get_script_run_ctx()
        if context is None or not isinstance(context.uploaded_file_mgr, Incoming):
            return self._file  # as in a test: it is in memory
        if (reason := refusal()) is not None:
            raise reason
        try:
            return context.uploaded_file_mgr.open(context.session_id, self._file.file_id)
        except FileNotFoundError:
            raise DataError(
                f"{self._file.name!r} is no longer on the server. Send it once more."
            ) from None

    def close(self) -> None:
        """Let the server forget the file."""
        if self._opened is not None:
            self._opened.close()
        context = get_script_run_ctx()
        if context is None:
            return
        if isinstance(context.uploaded_file_mgr, Incoming | MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, self._file.file_id)


def refusal() -> DataError | None:
    """Return why files that were sent last did not all reach the server; None if they did."""
    context = get_script_run_ctx()
    if context is None or not isinstance(context.uploaded_file_mgr, Incoming):
        return None
    reason = context.uploaded_file_mgr.refused(context.session_id)
    return DataError(reason) if reason else None


def progress_bar() -> Progress:
    """Return a function that shows how far the check of an upload has come."""
    bar = st.progress(0.0, text="Taking in")

    def report(done: int, total: int, what: str) -> None:
        bar.progress(
            done / total if total else 0.0, text=f"{done:,} of {total:,} {what}" if total else what
        )

    return report
