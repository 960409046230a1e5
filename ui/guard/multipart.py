"""Reads a form of one file while it comes in; nothing of it is kept here."""

from __future__ import annotations

from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header


class BadForm(Exception):
    """What came is not a form with one file."""


class FileForm:
    """A multipart form with one file, in pieces.

    Parameters
    ----------
    content_type
        The header of that name.

    Attributes
    ----------
    name, kind
        Name and content type of the file, once its head has come.
    complete
        Whether the end of the form has come.
    """

    def __init__(self, content_type: str) -> None:
        what, options = parse_options_header(content_type)
        if what != b"multipart/form-data" or b"boundary" not in options:
            raise BadForm("The file has to come as a form.")
        self.name, self.kind = "", "application/octet-stream"
        self.complete = False
        self._head: dict[bytes, bytes] = {}
        self._field = b""
        self._parts = 0
        self._found: list[bytes] = []
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._take_field,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._read_head,
            "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
            "on_end": self._end,
        }
        self._parser = MultipartParser(options[b"boundary"], callbacks)

    def feed(self, data: bytes) -> bytes:
        """Return the bytes of the file that are in the next piece of the form.

        Raises
        ------
        BadForm
            If the form is not what it has to be.
        """
        self._found.clear()
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BadForm("The form cannot be read.") from error
        return b"".join(self._found)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise BadForm("The form has to hold one file.")

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        name = self._field.lower()
        self._head[name] = self._head.get(name, b"") + data[start:end]

    def _end_header(self) -> None:
        self._field = b""

    def _read_head(self) -> None:
        _, options = parse_options_header(self._head.get(b"content-disposition"))
        if b"filename" not in options:
            raise BadForm("The form has to hold one file.")
        self.name = options[b"filename"].decode(errors="replace")
        if kind := self._head.get(b"content-type"):
            self.kind = kind.decode("latin-1")

    def _end(self) -> None:
        self.complete = True
