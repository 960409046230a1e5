"""Reads files that nobody vouches for: so much and no more, and every fault is told in words."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tl_core.words import bytes_text

MB = 10**6

MOST_PARTS = 2_000_000
"""Lists and dictionaries in one JSON file; an empty one takes twenty times its bytes in memory."""


class Unreadable(ValueError):
    """A file is not what it should be; the message goes on from its name ("is damaged")."""


class TooLarge(Unreadable):
    """A file has more bytes than its reader takes."""


def read_file(path: Path, most: int) -> bytes:
    """Return the content of an ordinary file of at most so many bytes; see :func:`opened`.

    Raises
    ------
    Unreadable
        Also if it is larger.
    """
    with opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise TooLarge(f"has {bytes_text(size)}, and at most {bytes_text(most)} are read")
        data = stream.read(size + 1)  # not most: Python would reserve that first
    if len(data) > most:  # it has grown meanwhile
        raise TooLarge(f"has more than {bytes_text(most)}")
    return data


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open an ordinary file to be read.

    Raises
    ------
    Unreadable
        If it is missing or no ordinary file.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Unreadable("is no ordinary file")
            yield stream
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from error


def read_json(path: Path, most: int) -> Any:
    """Return what a JSON file holds; see :func:`read_file`.

    Raises
    ------
    Unreadable
        Also if it is no JSON, holds a number that is none or half of a character, or is nested too
        deeply.
    """
    data = read_file(path, most)
    if data.count(b"[") + data.count(b"{") > MOST_PARTS:
        raise Unreadable(f"holds more than {MOST_PARTS:,} lists and dictionaries")
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
        if b"\\u" in data:  # what is escaped may be half a character, which no file can be named by
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError as error:
        raise Unreadable("holds half of a character") from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error
    except ValueError as error:
        raise Unreadable(f"is damaged: no JSON ({error})") from error


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe to which nobody writes is opened at once, too."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
