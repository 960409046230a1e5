"""Check a folder of items: every file is decoded once; the result is remembered.

Of an upload, whose files never change, the whole outcome is kept (:mod:`tl_core.data.checked`); of
any other folder the facts of each file, by its size and time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tl_core.codec import PlainDataError, from_plain
from tl_core.data.checked import read_checked, write_checked
from tl_core.data.files import MANIFEST, MOST_LISTED, Layout, Listing, list_files, read_layout
from tl_core.data.health import FileFacts, HealthReport, report
from tl_core.data.spec import DatasetSpec, Item
from tl_core.errors import DataError
from tl_core.home import disk_full, home, write_atomically
from tl_core.modalities import Modality, modality_of, read_bytes
from tl_core.parallel import each
from tl_core.reading import Unreadable, read_json
from tl_core.steps import Progress


@dataclass(frozen=True)
class _Cache:
    """What is remembered of a checked folder; another decoder looks at every file anew."""

    modality: str
    settings: dict[str, Any]
    files: dict[str, FileFacts]


class Unchecked(Exception):
    """An item is new or has changed, and nothing may be opened here."""


def scan(
    root: Path,
    *,
    progress: Progress | None = None,
    name: str | None = None,
    look: bool = True,
) -> tuple[DatasetSpec, HealthReport]:
    """Check a folder of class folders, optionally below train, val and test folders.

    Parameters
    ----------
    root
        The folder, or the folder of an unpacked upload.
    progress
        Called with the number of files checked and their total.
    name
        What to call the data set; the folder's name unless given.
    look
        Whether items that are new or have changed may be opened.

    Returns
    -------
    DatasetSpec
        The readable items. It may still be too small to train on: see ``require_usable``.
    HealthReport
        What a person should know about them.

    Raises
    ------
    DataError
        If the folder holds no readable item in any class folder.
    Unchecked
        If nothing may be opened and an item is new or has changed.
    """
    dataset, report = read_checked(root) or _scan(root, progress, look)
    if name is None:
        return dataset, report
    return replace(dataset, name=name), replace(report, name=name)


def _scan(root: Path, progress: Progress | None, look: bool) -> tuple[DatasetSpec, HealthReport]:
    listing = list_files(root)
    layout = read_layout([*listing.files, *listing.skipped])
    known_as = {path: layout.prefix + path for path in layout.placed}
    real = {p: listing.files[name] for p, name in known_as.items() if name in listing.files}
    skipped = {p: listing.skipped[name] for p, name in known_as.items() if p not in real}
    kind = modality_of(list(known_as))
    facts = _check(listing.root, real, kind, progress, look)
    spec = _spec(listing, layout, facts, kind)
    unreadable = {path: fact.reason for path, fact in facts.items() if fact.reason} | skipped
    if not spec.items:
        raise nothing_found(spec.name, kind, layout, unreadable)
    health = report(spec, layout, facts, unreadable, listing.shrunk)
    write_checked(spec, health)
    return spec, health


def _check(
    root: Path, files: dict[str, str], kind: Modality, progress: Progress | None, look: bool
) -> dict[str, FileFacts]:
    """Return the facts of all files, decoding those that are new or have changed."""
    cache = scan_cache(root)
    known = _read_cache(cache, kind)

    def check(path: str) -> FileFacts:
        file = root / files[path]
        fact = known.get(path)
        try:
            stat = file.stat()
        except OSError as error:  # gone since it was listed, or never there
            return FileFacts(0, 0, reason=f"the file cannot be read: {error.strerror}.")
        if fact and (fact.size, fact.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return fact
        if not look:
            raise Unchecked(file)
        return _examine(kind, file, stat.st_size, stat.st_mtime_ns)

    facts = dict(zip(files, each(check, list(files), progress), strict=True))
    if facts != known:
        _write_cache(cache, kind, facts)
    return facts


def scan_cache(root: Path) -> Path:
    """Return the file that keeps the facts of a checked folder: an upload's goes with it."""
    if (root / MANIFEST).is_file():
        return root / ".tl_scan.json"
    return home() / "cache" / "scans" / f"{_digest(str(root.resolve()))[:32]}.json"


def carry_over(old: DatasetSpec, new: Path, names: Mapping[str, str]) -> None:
    """Remember for a folder what is known of the same files in a data set.

    Parameters
    ----------
    old
        A checked data set.
    new
        The folder.
    names
        From the path of an item in ``old`` to its path in ``new``. What has another size or time
        there is examined anew.
    """
    known = _read_cache(scan_cache(old.root), old.kind)
    facts = {path: known[name] for name, path in names.items() if name in known}
    _write_cache(scan_cache(new), old.kind, facts)


def _write_cache(cache: Path, kind: Modality, facts: dict[str, FileFacts]) -> None:
    files = {path: asdict(fact) for path, fact in facts.items()}
    content = {"modality": kind.name, "settings": dict(kind.settings), "files": files}
    try:
        write_atomically(cache, json.dumps(content))
    except OSError as error:  # on a full disk the files are looked at once more the next time
        if not disk_full(error):
            raise


def _read_cache(cache: Path, kind: Modality) -> dict[str, FileFacts]:
    try:
        content = from_plain(_Cache, read_json(cache, MOST_LISTED))
    except (Unreadable, PlainDataError):  # none yet, or not one of ours
        return {}
    same = (content.modality, content.settings) == (kind.name, kind.settings)
    return content.files if same else {}


def _examine(kind: Modality, file: Path, size: int, mtime_ns: int) -> FileFacts:
    try:
        data = read_bytes(file)
        measures = kind.examine(data, None)
    except DataError as error:
        return FileFacts(size, mtime_ns, reason=str(error))
    digest = hashlib.sha256(data).hexdigest()
    return FileFacts.of(measures, size, mtime_ns, digest)


def _spec(
    listing: Listing, layout: Layout, facts: dict[str, FileFacts], kind: Modality
) -> DatasetSpec:
    good = sorted(path for path, fact in facts.items() if not fact.reason)
    classes = sorted({layout.placed[path][1] for path in good})
    labels = {name: label for label, name in enumerate(classes)}
    items = tuple(
        Item(
            path,
            label=labels[layout.placed[path][1]],
            split=layout.placed[path][0],
            sha256=facts[path].sha256,
            stored=listing.files[layout.prefix + path],
        )
        for path in good
    )
    content = [classes, [(item.path, item.sha256) for item in items]]
    fingerprint = _digest(json.dumps(content))
    calibration = kind.calibrate(facts[path].measures for path in good)
    return DatasetSpec(
        listing.root, listing.name, kind.name, tuple(classes), items, fingerprint, calibration
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def nothing_found(
    name: str, kind: Modality, layout: Layout, unreadable: dict[str, str]
) -> DataError:
    """Return the error for a data set without a single readable item in a class folder."""
    wanted = f"There should be one folder for each class, with its {kind.plural} inside."
    if unreadable:
        path, reason = next(iter(unreadable.items()))
        return DataError(
            f"None of the {len(unreadable)} files in {name!r} can be used. For example {path}: "
            f"{reason} {wanted}"
        )
    if layout.outside:
        return DataError(
            f"The {len(layout.outside)} files of {name!r} lie in no class folder, for example "
            f"{layout.outside[0]}. {wanted}"
        )
    return DataError(f"There are no {kind.plural} in {name!r}. {wanted}")
