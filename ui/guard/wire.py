"""What is in a Protocol Buffers message, counted before any of it is made.

A message of two bytes an entry becomes objects of hundreds of bytes when it is read. The format is
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
_FILES = "FileUploaderState"


class Malformed(Exception):
    """Bytes are no message, or hold more fields than they may."""


@dataclass
class Tally:
    """What is in a message.

    Attributes
    ----------
    most
        Fields that it may hold, in all messages within.
    fields
        Fields that it holds.
    files
        Bytes that list the files of uploaders.
    """

    most: int
    fields: int = 0
    files: int = 0


def only_field(data: bytes, kind: Descriptor) -> str:
    """Return the name of the one field of a message that has to have one.

    Raises
    ------
    Malformed
        If it has none, more than one or an unknown one.
    """
    tag, at = _varint(data, 0)
    field = kind.fields_by_number.get(tag >> 3)
    if field is None or _skip(data, at, len(data), tag & 7)[1] != len(data):
        raise Malformed
    return str(field.name)


def count(data: bytes, kind: Descriptor, tally: Tally) -> Tally:
    """Count what is in a message of a kind.

    Raises
    ------
    Malformed
        If there is more than ``tally.most``.
    """
    _count(data, 0, len(data), kind, tally)
    return tally


def _count(data: bytes, at: int, end: int, kind: Descriptor, tally: Tally) -> None:
    while at < end:
        tag, at = _varint(data, at)
        start, stop = _skip(data, at, end, tag & 7)
        tally.fields += 1
        if tally.fields > tally.most:
            raise Malformed
        field = kind.fields_by_number.get(tag >> 3)
        if field is not None and field.message_type is not None and tag & 7 == _SIZED:
            if field.message_type.name == _FILES:
                tally.files += stop - start
            _count(data, start, stop, field.message_type, tally)
        at = stop


def _skip(data: bytes, at: int, end: int, wire: int) -> tuple[int, int]:
    """Return where the value of a field begins and ends."""
    if wire == _VARINT:
        start, stop = at, _varint(data, at)[1]
    elif wire == _SIZED:
        size, start = _varint(data, at)
        stop = start + size
    elif wire in (_EIGHT, _FOUR):
        start, stop = at, at + (8 if wire == _EIGHT else 4)
    else:
        raise Malformed
    if stop > end:
        raise Malformed
    return start, stop


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed
