"""Makes archives as other programs do: names in legacy encodings, fields of the format, tars."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping

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
