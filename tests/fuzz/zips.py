"""Zips of entries that are fine, broken and hostile."""

from __future__ import annotations

import io
import warnings
import zipfile

from hypothesis import strategies as st

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

ZIPS = st.one_of(
    mutated(st.lists(_ENTRIES, max_size=6).map(_zip)),
    st.lists(_ENTRIES, max_size=6).map(_zip),
    st.binary(max_size=60),
)
