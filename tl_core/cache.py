"""Arrays that are expensive to compute, kept on disk under what they were computed from.

Decoded photos and frozen features come here, shared by all runs and learners of a server. A key is
a digest of everything that decides the content, so nothing that differs is ever shared. Files are
read through the page cache, which counts as nobody's memory and is given back under pressure; the
least recently used go first when the folder is full.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from tl_core.codec import from_plain
from tl_core.home import disk_full, home, write_atomically
from tl_core.memory import free_memory
from tl_core.reading import MB, read_json
from tl_core.steps import Steps, complete

LIMIT = 8 * 2**30
"""Bytes that the cache takes at most, and never more than a quarter of what the disk has free."""

ABANDONED_SECONDS = 3600
"""An unfinished file that nobody has written to for so long is removed."""

MOST_FACTS = 64 * MB
"""Bytes of what is known about a file of arrays."""

Array = NDArray[Any]


def digest(*parts: Any) -> str:
    """Return a key for plain data that JSON can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Arrays(Sequence[Array]):
    """A list of arrays of one type, end to end in a file or in memory.

    Attributes
    ----------
    flat
        All values.
    shapes
        Of each array.
    where
        ``file`` or ``memory``.
    seconds
        That it took to make them.
    """

    flat: Array
    shapes: tuple[tuple[int, ...], ...]
    where: str
    seconds: float

    def __post_init__(self) -> None:
        ends = accumulate((math.prod(shape) for shape in self.shapes), initial=0)
        object.__setattr__(self, "_offsets", list(ends))

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, index: Any) -> Any:
        offsets: list[int] = self._offsets  # type: ignore[attr-defined]
        index = range(len(self))[index]
        return self.flat[offsets[index] : offsets[index + 1]].reshape(self.shapes[index])

    def stacked(self) -> Array:
        """Return one array (N, ...) where all have the same shape."""
        return self.flat.reshape(len(self.shapes), *self.shapes[0])


@dataclass(frozen=True)
class _Facts:
    """What stands beside a file of arrays; ``shapes`` are those of all, ``repeat`` times over."""

    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    repeat: int
    seconds: float


class NoRoom(Exception):
    """Neither disk nor memory has room for what should be kept."""


def fetch(key: str, make: Callable[[], Iterable[Array]], size: int) -> Arrays:
    """Return the arrays of a key, as :func:`fetching` does, in one go."""
    return complete(fetching(key, make, size))


def fetching(key: str, make: Callable[[], Iterable[Array]], size: int) -> Steps[Arrays]:
    """Return the arrays of a key; make and keep them where they are not there yet.

    Where several processes want the same, one makes it and the others wait.

    Parameters
    ----------
    key
        From :func:`digest`.
    make
        Yields the arrays in order, all of one type; called only if they are not there.
    size
        Bytes that they will take, roughly.

    Yields
    ------
    int
        How many arrays have been made.

    Raises
    ------
    NoRoom
        If they fit neither in the cache nor into a quarter of the free memory.
    """
    if (there := find(key)) is not None:
        return there
    folder = _folder()
    with FileLock(folder / f"{key}.lock"):
        if (there := find(key)) is not None:
            return there
        if _make_room(folder, size):
            try:
                yield from _write(folder, key, make())
            except OSError as error:
                if not disk_full(error):
                    raise
            else:
                there = find(key)
                assert there is not None
                return there
    if size > free_memory() // 4:
        raise NoRoom
    began = time.perf_counter()
    kept = []
    for array in make():
        kept.append(np.ascontiguousarray(array))
        yield len(kept)
    flat = np.concatenate([array.reshape(-1) for array in kept])
    shapes = tuple(array.shape for array in kept)
    return Arrays(flat, shapes, "memory", time.perf_counter() - began)


def find(key: str) -> Arrays | None:
    """Return the arrays of a key if they are kept on disk."""
    folder = _folder()
    try:
        facts = from_plain(_Facts, read_json(folder / f"{key}.json", MOST_FACTS))
        # Copy on write, since torch wants writable arrays; nobody writes into them.
        flat = np.memmap(folder / f"{key}.bin", facts.dtype, "c")
    except (OSError, ValueError, TypeError):  # none yet, or damaged: it is made anew
        return None
    if facts.repeat * sum(map(math.prod, facts.shapes)) != flat.size:
        return None
    os.utime(folder / f"{key}.json")
    return Arrays(flat, facts.shapes * facts.repeat, "file", facts.seconds)


def _folder() -> Path:
    folder = home() / "cache" / "arrays"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(folder: Path, key: str, arrays: Iterable[Array]) -> Steps[None]:
    """Write the arrays as they come; the description comes last and marks them as whole."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{key}.")
    shapes, dtype, began = [], "u1", time.perf_counter()
    try:
        with os.fdopen(handle, "wb") as file:
            for array in arrays:
                shapes.append(array.shape)
                dtype = array.dtype.str
                file.write(np.ascontiguousarray(array).data)
                yield len(shapes)
        Path(name).replace(folder / f"{key}.bin")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    same = len(set(shapes)) == 1
    facts = {
        "dtype": dtype,
        "shapes": shapes[:1] if same else shapes,
        "repeat": len(shapes) if same else 1,
        "seconds": time.perf_counter() - began,
    }
    write_atomically(folder / f"{key}.json", json.dumps(facts))


def _make_room(folder: Path, size: int) -> bool:
    """Remove the least recently used until ``size`` bytes fit; False if they cannot."""
    entries = sorted(folder.glob("*.json"), key=_last_used)
    taken = sum(_size(entry) for entry in entries)
    limit = int(float(os.environ.get("TL_CACHE_GB", LIMIT / 2**30)) * 2**30)
    limit = min(limit, taken + shutil.disk_usage(folder).free // 4)
    for remains in folder.glob(".*"):  # of a process that was killed while writing
        if _last_used(remains) < time.time() - ABANDONED_SECONDS:
            remains.unlink(missing_ok=True)
    if size > limit:
        return False
    for entry in entries:
        if taken + size <= limit:
            break
        taken -= _size(entry)
        _remove(entry)
    return True


def _last_used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:  # removed by another process meanwhile
        return 0.0


def _size(entry: Path) -> int:
    try:
        return entry.with_suffix(".bin").stat().st_size
    except OSError:
        return 0


def _remove(entry: Path) -> None:
    """Remove an entry; who still reads it keeps it until they are done."""
    for file in (entry, entry.with_suffix(".bin"), entry.with_suffix(".lock")):
        try:
            file.unlink(missing_ok=True)
        except PermissionError:  # Windows keeps files that are open
            return


def entries() -> Iterator[str]:
    """Yield the keys that are kept now."""
    yield from (path.stem for path in _folder().glob("*.json"))


def clear(unused_since: float | None = None) -> None:
    """Remove what is kept: all of it, or what was last used before that time."""
    for entry in _folder().glob("*.json"):
        if unused_since is None or _last_used(entry) < unused_since:
            _remove(entry)
