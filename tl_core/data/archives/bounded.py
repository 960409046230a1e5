"""A stream of which no header gets more than its share."""

from __future__ import annotations

import io
from typing import IO


class BoundedReads(io.RawIOBase):
    """A stream that is read in small pieces and not to any depth, whatever headers claim.

    ``zipfile`` reads a table of contents, and ``tarfile`` a long name, at once.

    Parameters
    ----------
    stream
        Seekable; it stays open.
    error
        Raised in place of reading too much at once.
    most
        Bytes of one piece.
    deepest
        Position that must not be passed, as a packed stream is unpacked up to wherever one goes,
        and what is raised instead.

    Attributes
    ----------
    budget
        Bytes that may be read from now on, set by the reader; None for any number.
    """

    def __init__(
        self,
        stream: IO[bytes],
        error: Exception,
        most: int,
        deepest: tuple[int, Exception] | None = None,
    ) -> None:
        self._stream, self._error, self._most, self._deepest = stream, error, most, deepest
        self.budget: int | None = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if size > self._most or (self.budget is not None and size > self.budget):
            raise self._error
        self._require_above(self.tell())
        data = self._stream.read(size if size >= 0 else self._most)
        if self.budget is not None:
            self.budget -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        if whence == io.SEEK_SET:
            self._require_above(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Say that it is."""
        return True

    def _require_above(self, position: int) -> None:
        if self._deepest is not None and position > self._deepest[0]:
            raise self._deepest[1]
