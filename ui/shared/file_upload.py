"""Files that a browser sends: taking them in, and how far their check has come."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.steps import Progress


class Arriving:
    """A file that was sent; closed, it gives its memory back.

    Streamlit itself keeps a file until the session ends, also when its widget is gone.
    """

    def __init__(self, file: UploadedFile) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        return self._file.read(size)

    def close(self) -> None:
        """Let the server forget the file."""
        self._file.close()
        context = get_script_run_ctx()
        if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, self._file.file_id)


def progress_bar() -> Progress:
    """Return a function that shows how far the check of an upload has come."""
    bar = st.progress(0.0, text="Taking in")

    def report(done: int, total: int, what: str) -> None:
        bar.progress(
            done / total if total else 0.0, text=f"{done:,} of {total:,} {what}" if total else what
        )

    return report
