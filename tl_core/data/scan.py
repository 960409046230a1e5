"""Check a folder of photos: every file is decoded once; the result is remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from tl_core.data.files import MANIFEST, Layout, Listing, list_files, read_layout
from tl_core.data.health import FileFacts, HealthReport, report
from tl_core.data.spec import DatasetSpec, Photo
from tl_core.errors import DataError
from tl_core.home import home, write_atomically
from tl_core.modalities.photo.decode import DECODE_SETTINGS, decode, describe, open_photo, read
from tl_core.parallel import Progress, each

Look = Callable[[Path, Image.Image], object]
"""Decodes an opened photo, given its file too, and raises ``DataError`` where that fails."""


def glance(file: Path, photo: Image.Image) -> None:
    """Decode a photo for nothing but its check, a JPEG at an eighth of its size."""
    decode(photo, shorter=1)


def scan(
    root: Path, *, progress: Progress | None = None, name: str | None = None, look: Look = glance
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
        Called with each photo that is new or has changed, in several threads.

    Returns
    -------
    DatasetSpec
        The readable pictures. It may still be too small to train on: see ``require_usable``.
    HealthReport
        What a person should know about them.

    Raises
    ------
    DataError
        If the folder holds no readable picture in any class folder.
    """
    listing = list_files(root)
    layout = read_layout([*listing.files, *listing.skipped])
    known_as = {path: layout.prefix + path for path in layout.placed}
    real = {p: listing.files[name] for p, name in known_as.items() if name in listing.files}
    skipped = {p: listing.skipped[name] for p, name in known_as.items() if p not in real}
    facts = _check(listing.root, real, progress, look)
    spec = _spec(listing, layout, facts, name or listing.name)
    unreadable = {path: fact.reason for path, fact in facts.items() if fact.reason} | skipped
    if not spec.photos:
        raise nothing_found(spec.name, layout, unreadable)
    return spec, report(spec, layout, facts, unreadable, listing.shrunk)


def _check(
    root: Path, files: dict[str, str], progress: Progress | None, look: Look
) -> dict[str, FileFacts]:
    """Return the facts of all files, decoding those that are new or have changed."""
    cache = scan_cache(root)
    known = _read_cache(cache)

    def check(path: str) -> FileFacts:
        file = root / files[path]
        fact = known.get(path)
        stat = file.stat()
        if fact and (fact.size, fact.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return fact
        return _examine(file, stat.st_size, stat.st_mtime_ns, look)

    facts = dict(zip(files, each(check, list(files), progress), strict=True))
    if facts != known:
        _write_cache(cache, facts)
    return facts


def scan_cache(root: Path) -> Path:
    """Return where the result of checking a folder is remembered: an upload's goes with it."""
    if (root / MANIFEST).is_file():
        return root / ".tl_scan.json"
    return home() / "cache" / "scans" / f"{_digest(str(root.resolve()))[:32]}.json"


def carry_over(old: Path, new: Path, names: Mapping[str, str]) -> None:
    """Remember for a folder what is known of the same files in another one.

    Parameters
    ----------
    old, new
        The folders, both of them checked ones.
    names
        From the path of a picture in ``old`` to its path in ``new``. What has another size or time
        there is examined anew.
    """
    known = _read_cache(scan_cache(old))
    facts = {path: known[name] for name, path in names.items() if name in known}
    _write_cache(scan_cache(new), facts)


def _write_cache(cache: Path, facts: dict[str, FileFacts]) -> None:
    content = {"settings": DECODE_SETTINGS, "files": {p: asdict(f) for p, f in facts.items()}}
    write_atomically(cache, json.dumps(content))


def _read_cache(cache: Path) -> dict[str, FileFacts]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        if content["settings"] != DECODE_SETTINGS:
            return {}
        return {path: FileFacts(**facts) for path, facts in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or not one of ours
        return {}


def _examine(file: Path, size: int, mtime_ns: int, look: Look) -> FileFacts:
    try:
        data = read(file)
        photo = open_photo(data)
        header = describe(photo)
        look(file, photo)
    except DataError as error:
        return FileFacts(size, mtime_ns, reason=str(error))
    digest = hashlib.sha256(data).hexdigest()
    return FileFacts(size, mtime_ns, digest, *header)


def _spec(listing: Listing, layout: Layout, facts: dict[str, FileFacts], name: str) -> DatasetSpec:
    good = sorted(path for path, fact in facts.items() if not fact.reason)
    classes = sorted({layout.placed[path][1] for path in good})
    photos = tuple(
        Photo(
            path,
            label=classes.index(layout.placed[path][1]),
            split=layout.placed[path][0],
            sha256=facts[path].sha256,
            stored=listing.files[layout.prefix + path],
        )
        for path in good
    )
    content = [classes, [(photo.path, photo.sha256) for photo in photos]]
    return DatasetSpec(listing.root, name, tuple(classes), photos, _digest(json.dumps(content)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def nothing_found(name: str, layout: Layout, unreadable: dict[str, str]) -> DataError:
    """Return the error for a data set without a single readable picture in a class folder."""
    return DataError(_why_nothing(name, layout, unreadable))


def _why_nothing(name: str, layout: Layout, unreadable: dict[str, str]) -> str:
    wanted = "There should be one folder for each class, with its photos inside."
    if unreadable:
        path, reason = next(iter(unreadable.items()))
        return (
            f"None of the {len(unreadable)} files in {name!r} can be used. For example {path}: "
            f"{reason} {wanted}"
        )
    if layout.outside:
        return (
            f"The {len(layout.outside)} files of {name!r} lie in no class folder, for example "
            f"{layout.outside[0]}. {wanted}"
        )
    return f"There are no photos in {name!r}. {wanted}"
