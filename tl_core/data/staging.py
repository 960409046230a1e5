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

from tl_core.data.archives.containers import nested_archive
from tl_core.data.archives.names import ZipNames
from tl_core.data.files import Names, clean, misplaced, topmost_empty
from tl_core.data.limits import ArchiveLimits, megabytes
from tl_core.data.manifest import MANIFEST, Brought, write_manifest
from tl_core.data.passing import passing_rule
from tl_core.errors import ArchiveError
from tl_core.home import disk_full

_CHUNK = 2**20
_SHOWN = 60
"""Characters of a path that a message shows."""

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
    brought
        What has come by now, each file once; where files lie is relative to ``folder``.
    folders
        All folders that were named as such, empty ones too.
    """

    parent: Path
    name: str
    limits: ArchiveLimits = LIMITS
    brought: Brought = field(init=False)
    folders: list[str] = field(default_factory=list, init=False)
    folder: Path = field(init=False)
    _names: Names = field(default_factory=Names, init=False)
    _digests: dict[str, str] = field(default_factory=dict, init=False)
    _entries: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _stored: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.brought = Brought(self.name)

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

    def place(self) -> str:
        """Return a new place for a file, relative to the folder."""
        self._stored += 1
        return f"files/{self._stored - 1:06}"

    def admit_names(self, names: ZipNames) -> list[str]:
        """Admit all entries of an archive, and remember how their names were read."""
        paths = [self.admit(path) for path in names.paths]
        if names.candidates:
            self.brought.encoding = names.encoding
            self.brought.encodings = {} if names.sure else names.candidates
        return paths

    def note_folder(self, path: str, raw: bytes | None = None) -> None:
        """Remember a folder, which may turn out to be empty. See :meth:`store`."""
        if path and not passing_rule(path):
            self.folders.append(path)
            self._note_name(path, raw)

    def store(self, path: str, stream: IO[bytes], raw: bytes | None = None) -> None:
        """Store one file; what falls under a rule is counted, an oversized one left out by name.

        Parameters
        ----------
        path
            What :meth:`admit` made of its name.
        stream
            Its content.
        raw
            Its name in the archive, where that does not say how it reads.

        Raises
        ------
        ArchiveError
            If it is itself an archive of items, or the upload becomes too large.
        """
        if rule := passing_rule(path):
            self.brought.pass_over(rule)
            while passing_rule(path := path.rpartition("/")[0]):
                pass
            self.note_folder(path)
            return
        path = self._names.take(path)
        self._note_name(path, raw)
        stored = self.place()
        digest = hashlib.sha256()
        size = 0
        with (self.folder / stored).open("w+b") as file:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                self._count(len(chunk))
                if size > self.limits.file_bytes:
                    break
                digest.update(chunk)
                file.write(chunk)
            if size <= self.limits.file_bytes and (refused := nested_archive(path, file)):
                raise self.refuse(refused)
        self.brought.files[path] = stored
        self._digests[path] = digest.hexdigest()
        if size > self.limits.file_bytes:
            limit = megabytes(self.limits.file_bytes)
            self.leave_out(path, f"the file is larger than {limit}: save it smaller.")

    def _note_name(self, path: str, raw: bytes | None) -> None:
        if raw is not None and not raw.isascii():
            self.brought.raw_names[path] = raw.hex()

    def leave_out(self, path: str, reason: str) -> None:
        """Leave out a file that was stored, and the pages that were kept of it."""
        for stored in (self.brought.files.pop(path), *self.brought.pages.pop(path, ())):
            (self.folder / stored).unlink()
        self._digests.pop(path, None)
        self.brought.left_out[path] = reason

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self.limits.total_bytes:
            raise self.too_large()

    def too_large(self) -> ArchiveError:
        """Return the error for an upload that is too large as a whole."""
        limit = megabytes(self.limits.total_bytes)
        return self.refuse(f"it unpacks to more than {limit}; make its files smaller.")

    def require_few(self, classes: int) -> None:
        """Refuse the upload if it has too many classes.

        Raises
        ------
        ArchiveError
            If so.
        """
        if classes > self.limits.classes:
            raise self.refuse(
                f"it holds {classes:,} classes, and at most {self.limits.classes:,} can be taken "
                "in: each class folder is one. Leave some out, or put what belongs together into "
                "one folder."
            )

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
        listed = [*self.brought.files, *self.brought.left_out]
        self.brought.empty_folders = topmost_empty(self.folders, listed)
        write_manifest(self.folder, self.brought)
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
