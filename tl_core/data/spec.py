"""What a data set and a split are; no pixel is read here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Photo:
    """One readable picture.

    Attributes
    ----------
    path
        Its name: relative to the data set's root, with forward slashes, as the person who made the
        data set called it.
    label
        Index into the data set's classes.
    split
        ``train``, ``val`` or ``test`` where the folders say so, else None.
    sha256
        Hexadecimal digest of the file's bytes; equal for byte-identical copies.
    stored
        Where the file lies, relative to the root; differs from ``path`` for uploads, which are
        stored under names of our own.
    """

    path: str
    label: int
    split: str | None
    sha256: str
    stored: str


@dataclass(frozen=True)
class DatasetSpec:
    """A folder of class folders, checked; unreadable files are not part of it.

    Attributes
    ----------
    root
        The folder (of an unpacked archive, where the data set came as a zip).
    name
        For people: the name of the folder or zip.
    classes
        Class names, sorted; the union over all splits.
    photos
        All readable pictures, sorted by path.
    fingerprint
        Digest of classes, paths and contents: equal data, equal fingerprint, whether it came as a
        folder or as a zip.
    """

    root: Path
    name: str
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    fingerprint: str

    def file(self, index: int) -> Path:
        """Return where picture ``index`` lies."""
        return self.root / self.photos[index].stored

    def files(self, indices: tuple[int, ...]) -> list[Path]:
        """Return where these pictures lie."""
        return [self.file(index) for index in indices]


@dataclass(frozen=True)
class Split:
    """Which pictures train, which validate and which test: indices into ``DatasetSpec.photos``."""

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
