import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tests.archives import GOOD, RawEntry, make_tar, make_zip, photo, raw_zip, refusal
from tests.photos import make_photo_folder, zip_folder
from tests.work import is_linear, work_of
from tl_core.data import add_archive, files, open_dataset
from tl_core.data.archives.unpack import extract
from tl_core.data.files import Names, list_files
from tl_core.data.limits import ArchiveLimits
from tl_core.data.respell import respell
from tl_core.errors import DataError, UserError


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
        make_zip({"a.jpg": b"b"}).getvalue(),
        make_tar({"a.png": b"b"}, "w:gz").getvalue(),
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
    ],
    ids=("zip", "tar.gz", "7z", "rar"),
)
def test_archives_inside_are_refused_by_content(tmp_path: Path, content: bytes) -> None:
    assert "another archive" in refusal(make_zip({**GOOD, "ant/x.jpg": content}), tmp_path)


@pytest.mark.parametrize("name", ["ant/more.zip", "more.TAR", "bee/photos.tar.gz"])
@pytest.mark.parametrize(
    "content", [b"words", make_zip({"a": b"b"}).getvalue()], ids=("words", "zip")
)
def test_what_holds_no_photo_is_left_out_by_name(name: str, content: bytes) -> None:
    _, report = open_dataset(add_archive(make_zip({**GOOD, name: content}), "x.zip"))
    assert list(report.left_out) == [name]


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
    assert "larger than" in report.left_out["ant/panorama.jpg"]
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
    assert not report.left_out
    assert sum(report.passed_over.values()) == len(clutter)


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
    named = {photo.path for photo in spec.items} | set(report.left_out)
    assert named == set(GOOD) | set(bad)
    assert all(report.left_out.values())


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


def paths_in(stream: io.BytesIO, tmp_path: Path, encoding: str = "auto") -> set[str]:
    brought = list_files(extract(stream, tmp_path / "target"))
    return set(respell(brought, encoding).files)


def test_different_names_in_legacy_encodings_are_different_classes(tmp_path: Path) -> None:
    raw = {f"{name}/0.jpg".encode("cp932"): photo() for name in ("写真/表札", "写真/表紙", "ソ")}
    assert paths_in(raw_zip(raw), tmp_path) == {"写真/表札/0.jpg", "写真/表紙/0.jpg", "ソ/0.jpg"}


def test_names_that_differ_in_control_characters_are_different_classes(tmp_path: Path) -> None:
    raw = {b"a\0/0.jpg": photo(0), b"a\1/0.jpg": photo(1), b"a_/0.jpg": photo(2)}
    assert paths_in(raw_zip(raw), tmp_path) == {"a␀/0.jpg", "a␁/0.jpg", "a_/0.jpg"}


def test_an_encoding_of_names_can_be_asked_for(tmp_path: Path) -> None:
    raw = {f"{name}/0.jpg".encode("cp1251"): photo() for name in ("лес", "поле")}
    assert paths_in(raw_zip(raw), tmp_path, encoding="cp1251") == {"лес/0.jpg", "поле/0.jpg"}
    with pytest.raises(DataError, match="The names in it are not written in u"):
        paths_in(raw_zip(raw), tmp_path, encoding="utf-8")


def test_names_read_otherwise_meet_no_other_file_and_lead_nowhere(tmp_path: Path) -> None:
    """Half of a character is a backslash elsewhere, and one name says how it reads."""
    raw = [f"{name}/0.jpg".encode("cp932") for name in ("ソ", "ソ..", "ソ../ソ", "写真", "表札")]
    entries = [RawEntry("â/0.jpg".encode(), utf8=True), *map(RawEntry, raw)]
    before = list_files(extract(raw_zip(entries), tmp_path / "target"))
    assert before.encoding == "cp932" and "ソ../0.jpg" in before.files
    for encoding in ("cp932", "cp437", "cp850"):
        found = respell(before, encoding)
        assert sorted(found.files.values()) == sorted(before.files.values())
        assert not any(".." in path.split("/") for path in found.files)


@pytest.mark.parametrize("name", ["A:B/0.jpg", "C:D/0.jpg", "c:evil.jpg", "12:30/0.jpg"])
def test_a_colon_is_a_character(tmp_path: Path, name: str) -> None:
    assert paths_in(make_zip({**GOOD, name: photo()}), tmp_path) == {*GOOD, name}
