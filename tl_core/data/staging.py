"""Takes in files from strangers: uploads are hostile until checked.

Nothing of an upload decides where it is stored: files lie under numbers, and their real names are
data in a manifest. So no name can leave the folder, hit another file or be unfit for a file system.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from tl_core.data.files import MANIFEST, Layout, Names, clean, ignored, misplaced, read_layout
from tl_core.data.limits import ArchiveLimits, megabytes
from tl_core.data.passing import passing_rule
from tl_core.data.zip_names import ZipNames
from tl_core.errors import ArchiveError
from tl_core.home import disk_full

_CHUNK = 2**20
_SHOWN = 60
"""Characters of a path that a message shows."""

_ARCHIVE_SUFFIXES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar"}
_ARCHIVE_STARTS = (
    b"PK\x03\x04",  # zip
    b"PK\x05\x06",  # empty zip
    b"\x1f\x8b",  # gzip
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",  # Zstandard
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
)


LIMITS = ArchiveLimits()


def refusal(name: str, reason: str) -> ArchiveError:
    """Return the error that refuses a whole upload; ``name`` is the upload's."""
    return ArchiveError(f"{name!r} was refused: {reason}")


def require_fitting(name: str, path: str) -> None:
    """Refuse the upload of that name if a path in it is too long or lies too deep.

    For whoever is handed a path by a stranger, before anything else looks at it.

    Raises
    ------
    ArchiveError
        If it does not fit.
    """
    if reason := misplaced(path):
        shown = clean(path[:_SHOWN]) + "…" * (len(path) > _SHOWN)
        raise refusal(name, f"the path {shown!r} in it {reason}")


@contextmanager
def refusing_full_disk(name: str) -> Iterator[None]:
    """Refuse the upload of that name if what is written meanwhile finds no room on the disk.

    Raises
    ------
    ArchiveError
        In place of the disk's own error; every other error passes.
    """
    try:
        yield
    except OSError as error:
        if not disk_full(error):
            raise
        raise refusal(name, "there is no room left on the disk.") from error


@dataclass
class StagingFolder:
    """A folder in the making; used as a context manager, it leaves nothing unless committed.

    Parameters
    ----------
    parent
        Folder in which to make it.
    name
        Of the upload, for messages and reports.
    limits
        How much it may hold.

    Attributes
    ----------
    files
        From the real path to where the file lies, relative to ``folder``.
    skipped
        From the real path of a file that is left out to the reason.
    shrunk
        Number of items that were made smaller.
    folders
        Paths of folders that an archive lists, whether they hold anything or not.
    zip_names
        How the names of an archive were read; None of what came in otherwise.
    """

    parent: Path
    name: str
    limits: ArchiveLimits = LIMITS
    files: dict[str, str] = field(default_factory=dict, init=False)
    skipped: dict[str, str] = field(default_factory=dict, init=False)
    shrunk: int = field(default=0, init=False)
    folders: list[str] = field(default_factory=list, init=False)
    zip_names: ZipNames | None = field(default=None, init=False)
    folder: Path = field(init=False)
    _names: Names = field(default_factory=Names, init=False)
    _digests: dict[str, str] = field(default_factory=dict, init=False)
    _entries: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)

    def __enter__(self) -> StagingFolder:
        self.parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=self.parent, prefix=".taking-in-"))
        (self.folder / "files").mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def refuse(self, reason: str) -> ArchiveError:
        """Return the error that refuses the whole upload."""
        return refusal(self.name, reason)

    def admit(self, raw_path: str) -> str:
        """Check the path of one entry and count it.

        Returns
        -------
        str
            The path with forward slashes, safe to show.

        Raises
        ------
        ArchiveError
            If it leads out of the upload, is too long or lies too deep, or there are too many
            entries.
        """
        self._entries += 1
        if self._entries > self.limits.entries:
            raise self.refuse(f"it holds more than {self.limits.entries} files and folders.")
        path = raw_path.replace("\\", "/")
        require_fitting(self.name, path.rstrip("/"))
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or re.match("[A-Za-z]:/", path) or ".." in parts:
            raise self.refuse(f"the path {clean(raw_path)!r} in it leads out of its own folder.")
        return clean("/".join(parts))

    def store(self, path: str, stream: IO[bytes]) -> None:
        """Store one file; hidden ones are passed over, an oversized one is noted as skipped.

        Raises
        ------
        ArchiveError
            If it is itself an archive, or the upload becomes too large.
        """
        if ignored(path):
            return
        stored = f"files/{len(self.files):06}"
        digest = hashlib.sha256()
        size = 0
        with (self.folder / stored).open("wb") as file:
            while chunk := stream.read(_CHUNK):
                if not size and _is_archive(path, chunk):
                    raise self.refuse(f"it holds another archive, {path!r}: unpack that first.")
                size += len(chunk)
                self._count(len(chunk))
                if size > self.limits.file_bytes:
                    break
                digest.update(chunk)
                file.write(chunk)
        if size > self.limits.file_bytes:
            (self.folder / stored).unlink()
            limit = megabytes(self.limits.file_bytes)
            self.skipped[path] = f"the file is larger than {limit}: save it smaller."
        else:
            path = self._names.take(path)
            self.files[path] = stored
            self._digests[path] = digest.hexdigest()

    def note_folder(self, path: str) -> None:
        """Note a folder that an archive lists: it may be a class without a file."""
        if passing_rule(path) is None:
            self.folders.append(path)

    def skip(self, path: str, reason: str) -> None:
        """Leave out a file that was stored."""
        (self.folder / self.files.pop(path)).unlink()
        self.skipped[path] = reason

    def layout(self) -> Layout:
        """Work out splits and classes from the folders of the files: see :func:`read_layout`.

        Raises
        ------
        ArchiveError
            If there are too many classes.
        """
        layout = read_layout([*self.files, *self.skipped])
        classes = len({name for _, name in layout.placed.values()})
        if classes > self.limits.classes:
            raise self.refuse(
                f"it holds {classes:,} classes, and at most {self.limits.classes:,} can be taken "
                "in: each class folder is one. Leave some out, or put what belongs together into "
                "one folder."
            )
        return layout

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self.limits.total_bytes:
            raise self.too_large()

    def too_large(self) -> ArchiveError:
        """Return the error for an upload that is too large as a whole."""
        limit = megabytes(self.limits.total_bytes)
        return self.refuse(f"it unpacks to more than {limit}; make its files smaller.")

    @property
    def stored_bytes(self) -> int:
        """Bytes of the files that are stored by now, and of what was made for them."""
        return sum(file.stat().st_size for file in self.folder.glob("*/*"))

    def digest(self) -> str:
        """Return a digest of the stored files' names and contents, whatever their order."""
        return hashlib.sha256(json.dumps(sorted(self._digests.items())).encode()).hexdigest()

    def seal(self) -> Path:
        """Write down what the folder holds, so that ``scan`` can read it.

        Returns
        -------
        Path
            The folder.
        """
        kept = ("name", "files", "skipped", "shrunk")
        manifest = {key: getattr(self, key) for key in kept}
        (self.folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        return self.folder

    def commit(self, target: Path) -> Path:
        """Move the folder to where it belongs; one that is already there stays.

        Returns
        -------
        Path
            ``target``.
        """
        self.seal()
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.folder.rename(target)
        except OSError:
            if not (target / MANIFEST).is_file():
                raise
        return target


def _is_archive(path: str, start: bytes) -> bool:
    return (
        start.startswith(_ARCHIVE_STARTS)
        or start[257:262] == b"ustar"
        or Path(path).suffix.lower() in _ARCHIVE_SUFFIXES
    )
