"""One file that is coming in, from its first byte to its place among those that a page may read."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from tl_core.home import disk_full
from tl_core.server.upload_spool import spool_folder


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


class Arrival:
    """A file that is coming in. It has to end with :meth:`keep` or :meth:`drop`.

    Parameters
    ----------
    session_id, file_id
        Whose it is, and under which name it is expected.
    grow
        Called with the number of bytes before they are written; raises if they are too many.
    arrived
        Called at the end with the record of the whole file or None, and the bytes that have come;
        tells if the file is kept.
    """

    def __init__(
        self,
        session_id: str,
        file_id: str,
        grow: Callable[[int], None],
        arrived: Callable[[UploadedFileRec | None, int], bool],
    ) -> None:
        self._session_id, self._file_id = session_id, file_id
        self._grow, self._arrived = grow, arrived
        self._size = 0
        # The name is one that Uploads.clean_up removes when a process did not live to do so.
        try:
            handle, name = tempfile.mkstemp(prefix="tmp", dir=spool_folder())
        except OSError as error:
            raise self._failed(error) from error
        self._path = Path(name)
        self._file = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises
        ------
        NotTaken
            If they are more than what is left.
        """
        self._grow(len(data))
        self._size += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, name: str, kind: str) -> None:
        """Hand the whole file over, under the name and the kind that the browser gave.

        Raises
        ------
        NotTaken
            If the disk is full.
        """
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error
        self._end(UploadedFileRec(self._file_id, name, kind, OnDisk(self._path, self._size)))

    def drop(self) -> None:
        """Remove what has come so far."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._end(None)

    def _end(self, record: UploadedFileRec | None) -> None:
        if not self._arrived(record, self._size):
            self._path.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> Exception:
        if not disk_full(error):
            return error
        reason = "This server's disk is full. Try again later."
        return NotTaken(507, reason, self._session_id)
