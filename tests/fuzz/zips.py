"""Zips and tars of entries that are fine, broken and hostile."""

from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile

from hypothesis import strategies as st

from tests.archives import RawEntry
from tests.fuzz.material import NAMES, mutated
from tests.fuzz.photos import PHOTOS


def _zip(entries: list[tuple[str, bytes, bool, int]]) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(stream, "w") as archive:
        for name, content, packed, attributes in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = name.replace("\0", "").encode("utf-8", "replace").decode() or "_"
            entry.external_attr = attributes << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, content)
    return stream.getvalue()


def _legacy_zip(entries: list[tuple[bytes, bytes, int]]) -> bytes:
    """Zip entries whose names are any bytes, as programs of the nineties do."""
    stream = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(stream, "w") as archive:
        for raw, content, system in entries:
            entry = RawEntry(raw, system=system % 20, utf8=system == 20)
            if system == 21:
                entry.extra = b"\x75\x70" + content[:9]
            archive.writestr(entry, content)
    return stream.getvalue()


def _tar(entries: list[tuple[str, bytes, bytes, bool]], form: int, packed: bool) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, content, kind, honest in entries:
            member = tarfile.TarInfo(name.encode("utf-8", "replace").decode())
            member.type, member.linkname = kind, "../x"
            member.size = len(content) if honest else 9 * len(content)
            archive.addfile(member)
            archive.fileobj.write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
    return gzip.compress(stream.getvalue()) if packed else stream.getvalue()


_CONTENT = st.one_of(
    PHOTOS,
    mutated(PHOTOS, 2),
    st.binary(max_size=40),
    st.sampled_from(
        (b"", bytes(70_000), _zip([("a", b"", False, 0)]), b"\x1f\x8b", b"Rar!\x1a\x07")
    ),
)
_ENTRIES = st.tuples(
    NAMES, _CONTENT, st.booleans(), st.sampled_from((0, 0, 0o100644, 0o120777, 0o040755, 0o010644))
)

_LEGACY = st.lists(
    st.tuples(
        st.one_of(
            st.binary(min_size=1, max_size=12),
            st.tuples(NAMES, st.sampled_from(("cp932", "gbk", "cp866", "cp850", "utf-8"))).map(
                lambda both: both[0].encode(both[1], "replace") or b"_"
            ),
        ),
        _CONTENT,
        st.integers(0, 21),
    ),
    max_size=6,
).map(_legacy_zip)

_KINDS = (tarfile.REGTYPE,) * 6 + (
    tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE,
    tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, b"?",
)  # fmt: skip
_TARS = st.builds(
    _tar,
    st.lists(
        st.tuples(
            NAMES, _CONTENT, st.sampled_from(_KINDS), st.sampled_from((True,) * 9 + (False,))
        ),
        max_size=6,
    ),
    st.sampled_from((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
    st.booleans(),
)

ZIPS = st.one_of(
    mutated(st.lists(_ENTRIES, max_size=6).map(_zip)),
    st.lists(_ENTRIES, max_size=6).map(_zip),
    _LEGACY,
    mutated(_LEGACY, 2),
    _TARS,
    mutated(_TARS, 2),
    st.binary(max_size=60),
)
