"""Tables beside the items of a set, which may hold their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tl_core.reading import MB, Unreadable, read_file

SUFFIXES = (".csv", ".tsv")

MOST_BYTES = 8 * MB
"""Of one table; what is larger is not looked at."""

MOST_TABLES, MOST_TOGETHER = 100, 32 * MB
"""How many tables of a set are looked at, and their bytes together."""


def is_table(path: str) -> bool:
    """Tell by its name whether a file is a table."""
    return path.lower().endswith(SUFFIXES)


def read_tables(root: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Return the text of the tables among the files of a folder, by their real paths."""
    found: dict[str, str] = {}
    room = MOST_TOGETHER
    for path in sorted(filter(is_table, files))[:MOST_TABLES]:
        try:
            data = read_file(root / files[path], min(MOST_BYTES, room))
        except Unreadable:
            continue  # the report names it, like any other file that is no item
        room -= len(data)
        found[path] = _text(data)
    return found


def _text(data: bytes) -> str:
    """Decode a table: UTF-8 as most programs write it, else one byte a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
