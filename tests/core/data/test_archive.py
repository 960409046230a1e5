import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.archives import make_tar, raw_zip
from tests.photos import make_photo, make_photo_folder, zip_folder
from tests.work import is_linear, work_of
from tl_core.data import add_archive, files, open_dataset
from tl_core.data.archive import extract, unpack
from tl_core.data.containers import UNREAD, archive_kind, holds_items, nested_archive
from tl_core.data.files import Names, list_files
from tl_core.data.limits import ArchiveLimits
from tl_core.data.staging import StagingFolder
from tl_core.errors import ArchiveError, DataError, UserError


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


@pytest.mark.parametrize(
    "name",
    [
        "../evil.jpg",
        "ant/../../evil.jpg",
        "/etc/evil.jpg",
        "C:/evil.jpg",
        "c:\\evil.jpg",
        "..\\evil.jpg",
        "\\\\server\\share\\evil.jpg",
        "__MACOSX/../../evil.jpg",
    ],
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    assert "leads out" in refusal(make_zip({**GOOD, name: photo()}), tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("ant/link.jpg")
    link.create_system = 3
    link.external_attr = (kind | 0o777) << 16
    stream = make_zip(GOOD)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert ("link" if kind == stat.S_IFLNK else "special file") in refusal(stream, tmp_path)


def test_number_of_entries_is_capped(tmp_path: Path) -> None:
    assert "more than 3 files" in refusal(make_zip(GOOD), tmp_path, ArchiveLimits(entries=3))


def test_number_of_classes_is_capped(tmp_path: Path) -> None:
    message = refusal(make_zip(GOOD), tmp_path, ArchiveLimits(classes=1))
    assert "it holds 2 classes, and at most 1 can be taken in" in message


@pytest.mark.parametrize("path", ["d/" * 17 + "0.jpg", "d\\" * 17 + "0.jpg", "d/" * 18])
def test_the_depth_of_folders_is_capped(tmp_path: Path, path: str) -> None:
    message = refusal(make_zip({**GOOD, path: b""}), tmp_path)
    assert "17 folders deep, and at most 16" in message and "further up" in message


def test_the_length_of_a_path_is_capped(tmp_path: Path) -> None:
    longest = "a" * 994 + "/0.jpg"
    folder = extract(make_zip({**GOOD, longest: photo()}), tmp_path / "fits")
    assert longest in list_files(folder).files
    message = refusal(make_zip({**GOOD, f"a{longest}": photo()}), tmp_path)
    assert "has 1,001 characters, and at most 1,000" in message and len(message) < 300


def test_equal_names_take_no_more_work_each_the_more_there_are() -> None:
    def work(count: int) -> int:
        names = Names()
        return work_of(lambda: [names.take("ant/0.jpg") for _ in range(count)], files)

    assert is_linear(work, 100)


def test_a_huge_table_of_contents_is_refused_before_it_is_read(tmp_path: Path) -> None:
    stream = make_zip({f"{'x' * 60_000}{i}/": b"" for i in range(30)})
    assert "table of contents" in refusal(stream, tmp_path, ArchiveLimits(entries=100))


def test_total_size_is_capped(tmp_path: Path) -> None:
    stream = make_zip({**GOOD, "ant/zeros.jpg": bytes(5_000_000)})
    assert "more than 1 MB" in refusal(stream, tmp_path, ArchiveLimits(total_bytes=2**20))


def test_a_bomb_with_false_sizes_is_refused(tmp_path: Path) -> None:
    stream = make_zip({**GOOD, "ant/zeros.jpg": bytes(5_000_000)})
    real, false = struct.pack("<L", 5_000_000), struct.pack("<L", 100)
    stream = io.BytesIO(stream.getvalue().replace(real, false))
    limits = ArchiveLimits(total_bytes=2**20)
    assert "damaged" in refusal(stream, tmp_path, limits)


def test_entries_that_share_one_bomb_are_counted_each(tmp_path: Path) -> None:
    limits = ArchiveLimits(file_bytes=10_000, total_bytes=50_000)
    bombs = {f"ant/{i}.jpg": bytes(40_000) for i in range(9)}
    assert "unpacks to more" in refusal(make_zip(bombs), tmp_path, limits)


@pytest.mark.parametrize(
    "content",
    [
        make_zip({"a": b"b"}).getvalue(),
        b"\x1f\x8b\x08\0rest",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
    ],
)
def test_archives_inside_are_refused_by_content(tmp_path: Path, content: bytes) -> None:
    assert "another archive" in refusal(make_zip({**GOOD, "ant/x.jpg": content}), tmp_path)


@pytest.mark.parametrize("name", ["ant/more.zip", "more.TAR", "bee/photos.tar.gz"])
def test_archives_inside_are_refused_by_name(tmp_path: Path, name: str) -> None:
    assert "another archive" in refusal(make_zip({**GOOD, name: b"words"}), tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(make_zip(GOOD).getvalue())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    assert "password" in refusal(io.BytesIO(bytes(content)), tmp_path)


def test_unusual_compression_is_refused(tmp_path: Path) -> None:
    assert "ordinary zip" in refusal(make_zip(GOOD, zipfile.ZIP_LZMA), tmp_path)


def test_damaged_zips_are_refused(tmp_path: Path) -> None:
    content = make_zip(GOOD).getvalue()
    for cut in range(0, len(content), len(content) // 25):
        assert "damaged" in refusal(io.BytesIO(content[:cut]), tmp_path)
    spoiled = bytearray(content)
    spoiled[200] ^= 0xFF
    assert "damaged" in refusal(io.BytesIO(bytes(spoiled)), tmp_path)


def test_an_oversized_file_is_left_out_and_named() -> None:
    stream = make_zip({**GOOD, "ant/panorama.jpg": bytes(200_000)})
    folder = add_archive(stream, "x.zip", ArchiveLimits(file_bytes=100_000))
    spec, report = open_dataset(folder)
    assert len(spec.items) == 4
    assert "larger than" in report.unreadable["ant/panorama.jpg"]
    assert len(list((folder / "files").iterdir())) == 4


def test_clutter_is_ignored() -> None:
    clutter = [
        "__MACOSX/ant/._0.jpg",
        ".DS_Store",
        "ant/Thumbs.db",
        "bee/desktop.ini",
        ".git/x.zip",
    ]
    spec, report = open_dataset(
        add_archive(make_zip({**GOOD, **dict.fromkeys(clutter, b"?")}), "x")
    )
    assert [photo.path for photo in spec.items] == sorted(GOOD)
    assert not report.unreadable


NAMES = {
    "reserved": ("CON", "aux.x"),
    "only capitals differ": ("Ant", "ant"),
    "trailing dots and spaces": ("ant.", "ant ", "ant"),
    "longer than a file system allows": ("a" * 300, "b" * 300),
    "other scripts": ("муравей", "蜂", "fourmi é"),
    "odd characters": ('a<b>:"|?*', "b%00"),
}


@pytest.mark.parametrize("classes", NAMES.values(), ids=NAMES.keys())
def test_class_names_survive_whatever_they_are(classes: tuple[str, ...]) -> None:
    entries = {f"{name}/{i}.jpg": photo(i) for name in classes for i in range(2)}
    folder = add_archive(make_zip(entries), "x.zip")
    spec, _ = open_dataset(folder)
    assert spec.classes == tuple(sorted(classes))
    assert sorted(photo.path for photo in spec.items) == sorted(entries)
    for i, entry in enumerate(spec.items):
        assert spec.file(i).read_bytes() == entries[entry.path]
        assert spec.file(i).resolve().is_relative_to(folder.resolve())


def test_one_class_in_two_unicode_forms_is_one_class() -> None:
    entries = {"caf\u00e9/0.jpg": photo(0), "cafe\u0301/0.jpg": photo(1), "tea/0.jpg": photo(2)}
    spec, _ = open_dataset(add_archive(make_zip(entries), "x.zip"))
    assert spec.classes == ("caf\u00e9", "tea")
    assert [photo.path for photo in spec.items] == [
        "caf\u00e9/0 (2).jpg", "caf\u00e9/0.jpg", "tea/0.jpg"
    ]  # fmt: skip


def test_control_characters_do_not_reach_a_terminal() -> None:
    entries = {"a\x1b[31mnt/0.jpg": photo(0), "bee/1\n.jpg": photo(1)}
    spec, _ = open_dataset(add_archive(make_zip(entries), "x.zip"))
    assert [photo.path for photo in spec.items] == ["a␛[31mnt/0.jpg", "bee/1␊.jpg"]


def test_windows_separators_and_twice_the_same_name() -> None:
    stream = make_zip({"set\\ant\\0.jpg": photo(0), "set\\bee\\0.jpg": photo(1)})
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("set\\bee\\0.jpg", photo(2))
    spec, _ = open_dataset(add_archive(stream, "x.zip"))
    assert [photo.path for photo in spec.items] == ["ant/0.jpg", "bee/0 (2).jpg", "bee/0.jpg"]


def test_a_zip_equals_the_folder_it_was_made_of(tmp_path: Path) -> None:
    folder = make_photo_folder(tmp_path / "pets", splits={"train": 3, "val": 2})
    spec, _ = open_dataset(folder)
    archive = zip_folder(folder, tmp_path / "Pets.zip", prefix="wrapped/")
    unpacked, _ = open_dataset(archive)
    assert unpacked.fingerprint == spec.fingerprint
    assert unpacked.name == "Pets" and spec.name == "pets"
    assert [photo.path for photo in unpacked.items] == [photo.path for photo in spec.items]


def test_a_zip_is_unpacked_once(tmp_path: Path, own_home: Path) -> None:
    archive = zip_folder(make_photo_folder(tmp_path / "pets", per_class=2), tmp_path / "pets.zip")
    first, _ = open_dataset(archive)
    second, _ = open_dataset(str(archive))
    assert first == second
    assert len(list((own_home / "data").iterdir())) == 1


def test_malformed_files_in_a_good_zip_are_read_or_named(malformed: Path) -> None:
    files = {path for path in malformed.rglob("*") if path.is_file()}
    bad = {f"ant/{path.relative_to(malformed)}": path.read_bytes() for path in files}
    spec, report = open_dataset(add_archive(make_zip({**GOOD, **bad}), "x.zip"))
    named = {photo.path for photo in spec.items} | set(report.unreadable)
    assert named == set(GOOD) | set(bad)
    assert all(report.unreadable.values())


def test_what_is_no_data_set_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no folder, no zip and no set of photos called 'nowhere'"):
        open_dataset("nowhere")
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"x\.zip is neither a folder nor a zip"):
        open_dataset(tmp_path / "x.zip")
    with pytest.raises(DataError, match="no photos in 'x'"):
        open_dataset(add_archive(make_zip({}), "x.zip"))


def test_names_without_the_unicode_flag(tmp_path: Path) -> None:
    content = make_zip({"b_e/0.jpg": photo(), "ant/0.jpg": photo(1)}).getvalue()
    content = content.replace(b"b_e/", b"b\x82e/")  # é in code page 437
    folder = extract(io.BytesIO(content), tmp_path / "target")
    assert set(list_files(folder).files) == {"bée/0.jpg", "ant/0.jpg"}


def paths_in(stream: io.BytesIO, tmp_path: Path, **settings: str) -> set[str]:
    return set(list_files(extract(stream, tmp_path / "target", **settings)).files)


def test_different_names_in_legacy_encodings_are_different_classes(tmp_path: Path) -> None:
    raw = {f"{name}/0.jpg".encode("cp932"): photo() for name in ("写真/表札", "写真/表紙", "ソ")}
    assert paths_in(raw_zip(raw), tmp_path) == {"写真/表札/0.jpg", "写真/表紙/0.jpg", "ソ/0.jpg"}


def test_names_that_differ_in_control_characters_are_different_classes(tmp_path: Path) -> None:
    raw = {b"a\0/0.jpg": photo(0), b"a\1/0.jpg": photo(1), b"a_/0.jpg": photo(2)}
    assert paths_in(raw_zip(raw), tmp_path) == {"a␀/0.jpg", "a␁/0.jpg", "a_/0.jpg"}


def test_an_encoding_of_names_can_be_asked_for(tmp_path: Path) -> None:
    raw = {f"{name}/0.jpg".encode("cp1251"): photo() for name in ("лес", "поле")}
    assert paths_in(raw_zip(raw), tmp_path, encoding="cp1251") == {"лес/0.jpg", "поле/0.jpg"}
    with pytest.raises(
        ArchiveError, match=r"'x' was refused: The names in it are not written in u"
    ):
        extract(raw_zip(raw), tmp_path / "no", name="x", encoding="utf-8")


@pytest.mark.parametrize("name", ["A:B/0.jpg", "C:D/0.jpg", "c:evil.jpg", "12:30/0.jpg"])
def test_a_colon_is_a_character(tmp_path: Path, name: str) -> None:
    assert paths_in(make_zip({**GOOD, name: photo()}), tmp_path) == {*GOOD, name}


# ------------------------------------------------------------------------------------------- tars

FOLDERS: dict[str, bytes | None] = {"ant/": None, "wasp/": None, ".git/": None}


def staged(stream: io.BytesIO, tmp_path: Path) -> StagingFolder:
    with StagingFolder(tmp_path, "set") as staging:
        unpack(stream, staging)
        return staging


def test_folders_in_archives_are_noted_though_they_are_empty(tmp_path: Path) -> None:
    zipped = make_zip({**GOOD, "ant/": b"", "wasp\\": b"", ".git/": b""})
    for stream in (zipped, make_tar({**GOOD, **FOLDERS}), make_tar({**GOOD, **FOLDERS}, "w:gz")):
        found = staged(stream, tmp_path)
        assert found.folders == ["ant", "wasp"] and set(found.files) == set(GOOD)
        assert found.zip_names is not None and found.zip_names.sure


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_equals_the_zip_of_the_same_files(tmp_path: Path, mode: str, form: int) -> None:
    names = {"муравей": "ant", "b" * 90 + "/" + "c" * 60: "bee"}
    entries = {f"{name}/{i}.jpg": photo(i) for name in names for i in range(2)}
    tar = staged(make_tar(entries, mode, format=form), tmp_path)
    zipped = staged(make_zip(entries), tmp_path)
    assert set(tar.files) == set(zipped.files) == set(entries)
    assert tar.digest() == zipped.digest()


def test_names_in_an_old_tar_are_read_like_those_in_a_zip(tmp_path: Path) -> None:
    entries = {f"{name}/0.jpg": photo() for name in ("кошки", "собаки", "лисица")}
    tar = make_tar(entries, format=tarfile.GNU_FORMAT, encoding="cp1251")
    assert set(staged(tar, tmp_path).files) == set(entries)


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


# ------------------------------------------------------------------------- archives of other kinds


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
