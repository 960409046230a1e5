"""Lists of files as people bring them, for tests of how they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tl_core.data.layout import Reading, Seen, read_layout

NO_ITEMS = (".xml", ".txt", ".csv", ".json", ".yaml", ".md", ".xlsx")


def inside(*folders: str, files: int = 4, name: str = "img_{}.jpg") -> list[str]:
    """Return the paths of a few files in each folder."""
    return [f"{f}/{name.format(i)}".lstrip("/") for f in folders for i in range(files)]


def seen(
    paths: Iterable[str], few: Collection[str] = (), digests: Mapping[str, str] | None = None
) -> list[Seen]:
    """Return files; those with a path or folder in ``few`` have few values."""
    digests = digests or {}
    return [
        Seen(
            path,
            usable=not path.endswith(NO_ITEMS),
            labels_only=path in few or any(part in few for part in path.split("/")[:-1]),
            sha256=digests.get(path, path),
        )
        for path in paths
    ]


def read(paths: Sequence[str], few: Collection[str] = (), **arguments: Any) -> Reading:
    """Read a list of paths, and hold the accounting."""
    reading = read_layout(seen(paths, few), **arguments)
    assert_accounted(reading, paths)
    return reading


def assert_accounted(reading: Reading, paths: Iterable[str]) -> None:
    """Every file is placed, left out or passed over, once."""
    passed = [path for these in reading.passed_over.values() for path in these]
    assert sorted([*reading.placed, *reading.left_out, *passed]) == sorted(paths)
    assert all(reason[0].islower() and reason[-1] == "." for reason in reading.left_out.values())
    assert all(note[-1] == "." for note in reading.notes)


def classes(reading: Reading) -> list[str]:
    """Return the names of the classes, sorted."""
    return sorted({place.label for place in reading.placed.values()})


def counts(reading: Reading) -> dict[tuple[str | None, str], int]:
    """Return the number of files of each split and class."""
    number: dict[tuple[str | None, str], int] = {}
    for place in reading.placed.values():
        key = (place.split, place.label)
        number[key] = number.get(key, 0) + 1
    return number
