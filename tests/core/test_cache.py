from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tl_core import cache
from tl_core.cache import NoRoom, digest, entries, fetch
from tl_core.home import home


def photos(*sides: int) -> Iterator[np.ndarray]:
    return (np.full((3, side, side), side, np.uint8) for side in sides)


def test_arrays_come_back_as_they_were_made(own_home: Path) -> None:
    made = fetch(digest("a"), lambda: photos(4, 2, 7), 100)
    assert [a.shape for a in made] == [(3, 4, 4), (3, 2, 2), (3, 7, 7)]
    assert (made[2] == 7).all() and (made[-3] == 4).all() and len(made) == 3
    again = fetch(digest("a"), lambda: pytest.fail("made twice"), 100)
    assert [a.tolist() for a in again] == [a.tolist() for a in made]
    assert made.where == "file"


def test_equal_shapes_stack(own_home: Path) -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    assert (fetch(digest("f"), lambda: iter(values), 96).stacked() == values).all()


def test_what_was_begun_and_not_finished_is_made_again(own_home: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield np.zeros(3)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fetch(digest("x"), broken, 10)
    assert list((own_home / "cache" / "arrays").glob(".*")) == []
    assert len(fetch(digest("x"), lambda: photos(2), 10)) == 1


def test_the_least_recently_used_goes_first(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_CACHE_GB", str(250 / 2**30))
    first, second, third = digest(1), digest(2), digest(3)
    for age, key in ((300, first), (200, second)):
        fetch(key, lambda: iter([np.zeros(100, np.uint8)]), 100)
        entry = own_home / "cache" / "arrays" / f"{key}.json"
        os.utime(entry, (entry.stat().st_mtime - age,) * 2)
    held = fetch(first, lambda: pytest.fail("is there"), 100)  # now the second is the oldest
    fetch(third, lambda: iter([np.zeros(100, np.uint8)]), 100)
    assert set(entries()) == {first, third}
    assert held[0].sum() == 0


def test_without_room_on_disk_memory_is_used(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_CACHE_GB", "0")
    assert fetch(digest("m"), lambda: photos(4, 4), 100).where == "memory"
    assert list(entries()) == []
    monkeypatch.setattr(cache, "free_memory", lambda: 399)
    with pytest.raises(NoRoom):
        fetch(digest("m"), lambda: photos(4, 4), 100)


def test_a_disk_that_fills_up_leaves_nothing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_write", full)
    assert fetch(digest("d"), lambda: photos(4), 100).where == "memory"
    assert list(entries()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "O"}, {"dtype": 3}, {"dtype": "nonsense"}, {"shapes": [[2**40, 2**40]]},
        {"shapes": [[-1, -4]], "repeat": 7}, {"shapes": "x"}, {"repeat": 2**62}, {"seconds": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_damaged_is_made_anew(change: dict[str, object]) -> None:
    fetch(digest("a"), lambda: photos(4, 2, 7), 100)
    [facts] = (home() / "cache" / "arrays").glob("*.json")
    facts.write_text(json.dumps(json.loads(facts.read_text()) | change))
    made = fetch(digest("a"), lambda: photos(4, 2, 7), 100)
    assert [array.shape for array in made] == [(3, 4, 4), (3, 2, 2), (3, 7, 7)]
