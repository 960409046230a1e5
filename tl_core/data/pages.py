"""Files with several pages, each page as an item of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tl_core.data.facts import FileFacts, Unchecked
from tl_core.data.files import Names
from tl_core.data.manifest import Brought
from tl_core.errors import DataError
from tl_core.home import home, write_atomically
from tl_core.modalities import Modality, read_bytes

MOST = 100
"""Pages beside the first that are taken of one file."""


def page_path(path: str, number: int) -> str:
    """Return what page ``number`` of a file is called: "ant/stack (page 02).tif"."""
    folders, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    stem = stem if dot else name
    return f"{folders}{slash}{stem} (page {number:02}){dot}{suffix if dot else ''}"


def add_pages(
    root: Path,
    brought: Brought,
    facts: Mapping[str, FileFacts],
    kind: Modality,
    *,
    decode: bool = True,
) -> tuple[Brought, dict[str, str]]:
    """Add the further pages of all files with several to the files that were brought.

    Pages of a stored set lie beside its files already. Those of any other folder are written to
    ``TL_HOME/data/pages`` once, under the digest of the file that they are of.

    Returns
    -------
    Brought
        With the pages among the files.
    dict
        From the path of each further page to that of its file.

    Raises
    ------
    Unchecked
        If nothing may be decoded, and pages have to be written first.
    """
    files, pages, names = dict(brought.files), {}, Names()
    for path in (*brought.files, *brought.left_out):
        names.take(path)
    for path, fact in facts.items():
        if fact.measures is None:
            continue
        stored = brought.pages.get(path)
        if stored is None and fact.measures.parts > 1:
            stored = _written(root / brought.files[path], fact.sha256, kind, decode)
        for number, place in enumerate(stored or (), start=2):
            page = names.take(page_path(path, number))
            files[page], pages[page] = place, path
    return replace(brought, files=files), pages


def further_pages(kind: Modality, data: bytes, most: int = MOST) -> Iterator[bytes]:
    """Yield the second and further pages of a file, at most so many, each as a file of its own.

    Behind a damaged page there is none.
    """
    with contextlib.suppress(DataError):
        yield from islice(kind.split_parts(data), 1, 1 + most)


def _written(file: Path, sha256: str, kind: Modality, decode: bool) -> tuple[str, ...]:
    """Write the further pages of a file, unless they lie there already; return where."""
    folder = home() / "data" / "pages" / sha256
    done = folder / "whole"
    if not done.exists():
        if not decode:
            raise Unchecked(file)
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(further_pages(kind, read_bytes(file)), start=2):
            write_atomically(folder / f"{number:03}{kind.written_suffix}", content)
        write_atomically(done, b"")
    return tuple(str(page) for page in sorted(folder.glob(f"*{kind.written_suffix}")))
