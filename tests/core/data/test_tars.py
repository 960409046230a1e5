import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.archives import GOOD, make_tar, make_zip, photo, refusal
from tl_core.data.archives.unpack import unpack
from tl_core.data.limits import ArchiveLimits
from tl_core.data.staging import StagingFolder

FOLDERS: dict[str, bytes | None] = {"ant/": None, "wasp/": None, ".git/": None}

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"


def staged(stream: io.BytesIO, tmp_path: Path) -> StagingFolder:
    with StagingFolder(tmp_path, "set") as staging:
        unpack(stream, staging)
        return staging


def test_folders_in_archives_are_noted_though_they_are_empty(tmp_path: Path) -> None:
    zipped = make_zip({**GOOD, "ant/": b"", "wasp\\": b"", ".git/": b""})
    for stream in (zipped, make_tar({**GOOD, **FOLDERS}), make_tar({**GOOD, **FOLDERS}, "w:gz")):
        found = staged(stream, tmp_path)
        assert found.folders == ["ant", "wasp"] and set(found.brought.files) == set(GOOD)
        assert found.brought.encoding == "" and found.brought.encodings == {}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_equals_the_zip_of_the_same_files(tmp_path: Path, mode: str, form: int) -> None:
    names = {"муравей": "ant", "b" * 90 + "/" + "c" * 60: "bee"}
    entries = {f"{name}/{i}.jpg": photo(i) for name in names for i in range(2)}
    tar = staged(make_tar(entries, mode, format=form), tmp_path)
    zipped = staged(make_zip(entries), tmp_path)
    assert set(tar.brought.files) == set(zipped.brought.files) == set(entries)
    assert tar.digest() == zipped.digest()


def test_names_in_an_old_tar_are_read_like_those_in_a_zip(tmp_path: Path) -> None:
    entries = {f"{name}/0.jpg": photo() for name in ("кошки", "собаки", "лисица")}
    tar = make_tar(entries, format=tarfile.GNU_FORMAT, encoding="cp1251")
    assert set(staged(tar, tmp_path).brought.files) == set(entries)


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "/etc/evil.jpg", "C:/evil.jpg", "a/../../evil.jpg"]
)
def test_paths_in_a_tar_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    assert "leads out" in refusal(make_tar({**GOOD, name: photo()}), tmp_path)


def special(kind: bytes, **fields: object) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("ant/x.jpg")
        member.type, member.linkname = kind, "/etc/passwd"
        for name, value in fields.items():
            setattr(member, name, value)
        archive.addfile(member)
    stream.seek(0)
    return stream


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        (special(tarfile.SYMTYPE), "is a link"),
        (special(tarfile.LNKTYPE), "is a link"),
        (special(tarfile.FIFOTYPE), "is a special file"),
        (special(tarfile.BLKTYPE), "is a special file"),
        (special(tarfile.CHRTYPE), "is a special file"),
        (special(tarfile.REGTYPE, pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}),
         "stored with holes"),
        (special(tarfile.REGTYPE, pax_headers={"comment": "x" * 20_000}), "in it is too long"),
        (special(tarfile.REGTYPE, name="x" * 20_000), "in it is too long"),
    ],
)  # fmt: skip
def test_what_is_no_ordinary_file_of_a_tar_is_refused(
    tmp_path: Path, stream: io.BytesIO, what: str
) -> None:
    assert what in refusal(stream, tmp_path)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_limits_hold_for_tars(tmp_path: Path, mode: str) -> None:
    big = make_tar({**GOOD, "ant/zeros.jpg": bytes(5_000_000)}, mode)
    assert "more than 1 MB" in refusal(big, tmp_path, ArchiveLimits(total_bytes=2**20))
    assert "more than 3 files" in refusal(make_tar(GOOD, mode), tmp_path, ArchiveLimits(entries=3))
    assert "17 folders deep" in refusal(make_tar({"d/" * 17 + "0.jpg": b"x"}, mode), tmp_path)
    bombs = make_tar({f"ant/{i}.jpg": bytes(40_000) for i in range(9)}, mode)
    limits = ArchiveLimits(file_bytes=10_000, total_bytes=50_000)
    assert "unpacks to more" in refusal(bombs, tmp_path, limits)


def test_a_tar_of_a_false_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = bytearray(make_tar({"ant/0.jpg": b"x"}).getvalue())
    header = tarfile.TarInfo("ant/0.jpg")
    header.size = 2**32
    content[: tarfile.BLOCKSIZE] = header.tobuf(tarfile.USTAR_FORMAT)
    assert "unpacks to more" in refusal(io.BytesIO(gzip.compress(bytes(content))), tmp_path)


def test_zeros_without_end_behind_a_tar_are_not_unpacked(tmp_path: Path) -> None:
    content = make_tar(GOOD).getvalue() + bytes(30_000_000)
    limits = ArchiveLimits(entries=10, total_bytes=2**20)
    assert "unpacks to more" in refusal(io.BytesIO(gzip.compress(content)), tmp_path, limits)


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_tar_is_never_taken_for_a_shorter_one(tmp_path: Path, packed: bool) -> None:
    whole = make_tar(GOOD).getvalue()
    second = whole.index(b"ant/1.jpg")
    spoiled = whole[:second] + b"XXX" + whole[second + 3 :]
    doubled = whole + whole
    for content in (spoiled, doubled, whole[:second], whole[: second + 700]):
        stream = io.BytesIO(gzip.compress(content) if packed else content)
        assert "damaged" in refusal(stream, tmp_path)
    if packed:
        assert "damaged" in refusal(io.BytesIO(gzip.compress(whole)[:-12]), tmp_path)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_the_empty_class_of_the_cases_is_noted(tmp_path: Path) -> None:
    found = staged(io.BytesIO((CASES / "empty_class.zip").read_bytes()), tmp_path)
    assert found.folders == ["bird"] and {path[:3] for path in found.brought.files} == {
        "cat",
        "dog",
    }


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_colons_in_the_names_of_the_cases(tmp_path: Path) -> None:
    found = staged(io.BytesIO((CASES / "colon_in_names.zip").read_bytes()), tmp_path)
    assert {path.partition("/")[0] for path in found.brought.files} == {"A:B", "C:D"}
