"""Makes archives as other programs do: names in legacy encodings, fields of the format, tars."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.photos import make_photo
from tl_core.data.archives.unpack import extract
from tl_core.data.limits import ArchiveLimits
from tl_core.errors import ArchiveError

DOS, UNIX = 0, 3
UTF8_FLAG = 0x800


class RawEntry(zipfile.ZipInfo):
    """An entry whose name is these bytes, with or without the flag of UTF-8."""

    def __init__(self, raw: bytes, *, utf8: bool = False, system: int = DOS) -> None:
        super().__init__(raw.decode("cp437"))
        self.raw, self.utf8, self.create_system = raw, utf8, system

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.raw, self.flag_bits & ~UTF8_FLAG | UTF8_FLAG * self.utf8


def unicode_path(raw: bytes, name: str) -> bytes:
    """Return the field that says how a name reads (APPNOTE 4.6.9)."""
    content = struct.pack("<BL", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def raw_zip(entries: Mapping[bytes, bytes] | list[RawEntry], system: int = DOS) -> io.BytesIO:
    """Make a zip of names as bytes and contents, or of entries that are empty."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        if isinstance(entries, Mapping):
            for raw, content in entries.items():
                archive.writestr(RawEntry(raw, system=system), content)
        else:
            for entry in entries:
                archive.writestr(entry, b"")
    stream.seek(0)
    return stream


def make_tar(
    entries: Mapping[str, bytes | None], mode: str = "w", **settings: object
) -> io.BytesIO:
    """Make a tar of names and contents; None makes a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **settings) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
            member.size = len(content or b"")
            archive.addfile(member, io.BytesIO(content or b""))
    stream.seek(0)
    return stream


def photo(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    make_photo(0, seed=seed).save(stream, "JPEG")
    return stream.getvalue()


def make_zip(entries: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


GOOD = {f"{name}/{i}.jpg": photo(i) for name in ("ant", "bee") for i in range(2)}


def refusal(stream: io.BytesIO, tmp_path: Path, limits: ArchiveLimits | None = None) -> str:
    """Unpack, expect a refusal that leaves nothing, and return its one sentence."""
    folder = tmp_path / "store"
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError) as caught:
        extract(stream, folder / "target", limits or ArchiveLimits(), name="photos")
    assert set(tmp_path.rglob("*")) - before <= {folder}
    message = str(caught.value)
    assert message.startswith("'photos' was refused: ") and "\n" not in message
    return message
