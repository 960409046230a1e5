"""What each file is: looked at once, and remembered under the digest of its content.

A file is read whenever a folder is opened, since size and time do not tell whether it has changed;
it is decoded only if nobody has seen its content before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.data.archives.containers import nested_archive
from tl_core.data.foreign import START, foreign
from tl_core.data.manifest import MANIFEST, MOST_LISTED, Brought
from tl_core.data.staging import refusal
from tl_core.errors import DataError
from tl_core.home import disk_full, home, write_atomically
from tl_core.modalities import Measures, Modality, read_bytes
from tl_core.parallel import each
from tl_core.reading import Unreadable, opened, read_json
from tl_core.steps import Progress


@dataclass(frozen=True)
class Known:
    """What decoding some content showed: measures, or the reason why it is no item."""

    measures: Measures | None
    reason: str | None


@dataclass(frozen=True)
class FileFacts:
    """What a file is.

    Attributes
    ----------
    sha256
        Hexadecimal digest of its bytes; empty where they were not read.
    measures
        Of a good item.
    reason
        Why it is none; None for a good item.
    """

    sha256: str = ""
    measures: Measures | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Kept:
    """What is remembered of a folder; another decoder looks at every file anew."""

    modality: str
    settings: dict[str, Any]
    contents: dict[str, Known]


class Unchecked(Exception):
    """Some content is new, and nothing may be decoded here."""


def look_at_files(
    root: Path,
    brought: Brought,
    kind: Modality,
    progress: Progress | None = None,
    *,
    decode: bool = True,
    seen: Mapping[str, FileFacts] = MappingProxyType({}),
) -> dict[str, FileFacts]:
    """Return the facts of the files of a folder, by their real paths.

    Parameters
    ----------
    root
        The folder.
    brought
        What it holds.
    kind
        What items of this set are.
    progress
        Called with the number of files looked at and their total.
    decode
        Whether content that nobody has seen may be decoded.
    seen
        Facts of files that were looked at just now.

    Raises
    ------
    ArchiveError
        If a file is itself an archive of items.
    Unchecked
        If nothing may be decoded, and some content is new.
    """
    place = facts_file(root)
    known = _read(place, kind)

    def look(path: str) -> FileFacts:
        if path in seen:
            return seen[path]
        file = root / brought.files[path]
        facts = _look(kind, path, file, known, decode)
        if facts.reason and (refused := _nested(path, file)):
            raise refusal(brought.name, refused)
        return facts

    files = list(brought.files)
    facts = dict(zip(files, each(look, files, progress), strict=True))
    found = {f.sha256: Known(f.measures, f.reason) for f in facts.values() if f.sha256}
    if found != known:
        _write(place, kind, found)
    return facts


def _nested(path: str, file: Path) -> str | None:
    try:
        return nested_archive(path, file)
    except OSError:  # gone, or not ours to read: its own reason stays
        return None


def _look(
    kind: Modality, path: str, file: Path, known: Mapping[str, Known], decode: bool
) -> FileFacts:
    """Look at one file: what its name promises is tried, and all else is told by what it is."""
    try:
        with opened(file) as stream:
            start, size = stream.read(START), file.stat().st_size
        if what := no_item(kind, path, start, size):
            return FileFacts(reason=what)
        data = read_bytes(file)
    except (Unreadable, OSError) as error:  # gone since it was listed, or never there
        return FileFacts(reason=f"the file {error}.")
    except DataError as error:
        return FileFacts(reason=foreign(path, start, size) or str(error))
    sha256 = hashlib.sha256(data).hexdigest()
    if (seen := known.get(sha256)) is None:
        if not decode:
            raise Unchecked(file)
        seen = _examine(kind, data)
    return FileFacts(
        sha256, seen.measures, seen.reason and (foreign(path, start, size) or seen.reason)
    )


def no_item(kind: Modality, path: str, start: bytes, size: int) -> str | None:
    """Say what a file is whose name promises no item of a kind; None if it is to be decoded.

    For the parameters see :func:`~tl_core.data.foreign.foreign`.
    """
    promised = path.lower().endswith(tuple(kind.suffixes))
    return None if promised else foreign(path, start, size)


def _examine(kind: Modality, data: bytes) -> Known:
    try:
        return Known(kind.examine(data, None), None)
    except DataError as error:
        return Known(None, str(error))


def facts_file(root: Path) -> Path:
    """Return the file that keeps the facts of a folder: that of a stored set goes with it."""
    if (root / MANIFEST).is_file():
        return root / ".tl_scan.json"
    key = hashlib.sha256(str(root.resolve()).encode()).hexdigest()
    return home() / "cache" / "scans" / f"{key[:32]}.json"


def carry_over(old: Path, new: Path, kind: Modality) -> None:
    """Remember for a folder what is known of the files of another one."""
    _write(facts_file(new), kind, _read(facts_file(old), kind))


def _write(place: Path, kind: Modality, contents: dict[str, Known]) -> None:
    kept = to_plain(_Kept(kind.name, dict(kind.settings), contents))
    try:
        write_atomically(place, json.dumps(kept))
    except OSError as error:  # on a full disk the files are looked at once more the next time
        if not disk_full(error):
            raise


def _read(place: Path, kind: Modality) -> dict[str, Known]:
    try:
        kept = from_plain(_Kept, read_json(place, MOST_LISTED))
    except (Unreadable, PlainDataError):  # none yet, or not one of ours
        return {}
    same = (kept.modality, kept.settings) == (kind.name, kind.settings)
    return kept.contents if same else {}
