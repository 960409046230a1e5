import bz2
import gzip
import io
import lzma
import struct
import zipfile
from pathlib import Path

import pytest

from tests.archives import GOOD, make_tar, make_zip, photo, refusal
from tl_core.data.archives.containers import UNREAD, archive_kind, holds_items, nested_archive
from tl_core.data.archives.unpack import extract
from tl_core.data.foreign import foreign
from tl_core.errors import ArchiveError

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"


def office_zip(mark: str) -> bytes:
    return make_zip({mark: b"<x/>", "word/media/image1.png": photo()}).getvalue()


def split(content: bytes) -> bytes:
    """Say in a zip's end that it is the second of two parts."""
    at = content.rindex(b"PK\x05\x06")
    return content[: at + 4] + struct.pack("<2H", 1, 1) + content[at + 8 :]


ZIPPED, TARRED = make_zip(GOOD).getvalue(), make_tar(GOOD).getvalue()
OTHERS = {
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(90),
    "rar": b"Rar!\x1a\x07\x01\0" + bytes(90),
    "bz2": bz2.compress(TARRED),
    "xz": lzma.compress(TARRED),
    "zst": b"\x28\xb5\x2f\xfd" + bytes(90),
    "gz": gzip.compress(photo()),
    "cab": b"MSCF\0\0\0\0" + bytes(90),
    "split zip": split(ZIPPED),
    "office document": office_zip("[Content_Types].xml"),
    "document": office_zip("mimetype"),
    "program": office_zip("META-INF/MANIFEST.MF"),
    "disk image": bytes(0x8001) + b"CD001" + bytes(90),
}


@pytest.mark.parametrize("kind", UNREAD)
def test_other_archives_are_refused_with_what_to_do(tmp_path: Path, kind: str) -> None:
    stream = io.BytesIO(OTHERS[kind])
    assert archive_kind(stream) == kind and stream.tell() == 0
    assert refusal(stream, tmp_path).endswith(UNREAD[kind])
    assert "." not in UNREAD[kind][:-1].replace("tar.gz", "")  # it is one sentence


def test_the_kinds_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(ZIPPED)
    assert archive_kind(tmp_path / "x.bin") == "zip"
    assert archive_kind(io.BytesIO(TARRED)) == "tar"
    assert archive_kind(make_tar(GOOD, "w:gz")) == "tar.gz"
    for other in (b"", b"no zip", photo(), bytes(10_000)):
        assert archive_kind(io.BytesIO(other)) is None


@pytest.mark.parametrize("name", ["set.z01", "set.zip.001", "SET.ZIP.002"])
def test_a_part_of_a_split_zip_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    for content in (ZIPPED[:700], b"PK\x07\x08" + ZIPPED[:700], ZIPPED[300:700]):
        with pytest.raises(ArchiveError, match="one part of a split zip"):
            extract(io.BytesIO(content), tmp_path / "x", name=name)


# --------------------------------------------------------------------------- archives inside of one

PHOTOS_INSIDE = {
    "zip": ZIPPED,
    "tar": TARRED,
    "tar.gz": make_tar(GOOD, "w:gz").getvalue(),
    "zip of a zip": make_zip({"more.zip": ZIPPED}).getvalue(),
}
NONE_INSIDE = {
    "notes": make_zip({"notes.txt": b"x"}).getvalue(),
    "weights": make_zip({"archive/data.pkl": b"x", "archive/data/0": b"x"}).getvalue(),
    "one file": OTHERS["gz"],
    "damaged": ZIPPED[:500],
    "a photo": photo(),
    "nothing": b"",
    **{kind: OTHERS[kind] for kind in ("office document", "document", "program")},
}


@pytest.mark.parametrize("content", PHOTOS_INSIDE.values(), ids=PHOTOS_INSIDE)
def test_an_archive_of_photos_has_to_be_unpacked_first(tmp_path: Path, content: bytes) -> None:
    assert holds_items("x", io.BytesIO(content)) is True
    (tmp_path / "x").write_bytes(content)
    for source in (io.BytesIO(content), tmp_path / "x"):
        assert nested_archive("ant/x", source) == (
            "it holds another archive, 'ant/x': unpack that first."
        )


@pytest.mark.parametrize("content", NONE_INSIDE.values(), ids=NONE_INSIDE)
def test_what_holds_no_photos_may_be_left_out(content: bytes) -> None:
    assert holds_items("x", io.BytesIO(content)) is False
    assert nested_archive("x", io.BytesIO(content)) is None


@pytest.mark.parametrize("kind", ["7z", "rar", "bz2", "xz", "split zip", "disk image"])
def test_what_cannot_be_looked_into_has_to_be_unpacked_first(kind: str) -> None:
    assert holds_items("x", io.BytesIO(OTHERS[kind])) is None
    assert "cannot be looked into" in str(nested_archive("x", io.BytesIO(OTHERS[kind])))


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_the_spreadsheet_of_the_cases_may_be_left_out() -> None:
    with zipfile.ZipFile(CASES / "spreadsheet_inside.zip") as archive:
        content = archive.read("shells/labels.xlsx")
    assert archive_kind(io.BytesIO(content)) == "office document"
    assert nested_archive("shells/labels.xlsx", io.BytesIO(content)) is None
    assert "an office document" in str(foreign("shells/labels.xlsx", content, len(content)))
