import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.photos import make_photo, make_photo_folder
from tl_core.data import require_usable, scan
from tl_core.data.checked import KEPT
from tl_core.data.files import topmost_empty
from tl_core.data.manifest import MANIFEST
from tl_core.errors import DataError
from tl_core.modalities import MODALITIES, Measures
from tl_core.modalities.photo import PHOTO
from tl_core.parallel import each


def test_a_folder_that_lies_too_deep_is_named_and_not_entered(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=2)
    deep = root / "ant" / "/".join("d" * 40)
    deep.mkdir(parents=True)
    make_photo(0).save(deep / "0.jpg")
    make_photo(1).save(root / "ant" / "/".join("d" * 15) / "1.jpg")  # the 16th folder
    spec, report = scan(root)
    assert len(spec.items) == 5
    [(path, reason)] = report.left_out.items()
    assert path == "ant/" + "/".join("d" * 17) and "17 folders deep, and at most 16" in reason


def test_a_sound_folder(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", splits={"train": 12, "val": 3})
    spec, report = scan(root)
    assert spec.name == "pets" and spec.classes == ("ant", "bee")
    assert report.splits == {"train": {"ant": 12, "bee": 12}, "val": {"ant": 3, "bee": 3}}
    assert report.modality == spec.modality == "photo"
    assert report.spreads["width"] == {"min": 80, "median": 80, "max": 80}
    assert report.kinds == {"formats": {"JPEG": 30}, "modes": {"RGB": 30}}
    assert report.warnings == () and report.problems == ()
    assert [spec.items[i].path for i in range(30)] == sorted(p.path for p in spec.items)
    assert spec.file(0) == root / "train" / "ant" / "ant_0001.jpg"
    require_usable(report)


def test_the_report_goes_to_json(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets")
    (root / "ant" / "words.jpg").write_text("words")
    values = json.loads(json.dumps(scan(root)[1].to_dict()))
    assert values["classes"] == ["ant", "bee"]
    assert values["splits"] == {"all": {"ant": 12, "bee": 12}}
    assert values["height"] == {"min": 60, "median": 60, "max": 60}
    assert values["formats"] == {"JPEG": 24}
    assert values["unreadable"][0]["file"] == "ant/words.jpg"
    assert values["unreadable"][0]["reason"].startswith("is a text, not a photo")
    assert values["duplicates"] == {"within_split": [], "across_splits": [], "across_classes": []}
    assert "ant/words.jpg" in values["warnings"][0]


def test_copies_are_grouped_by_what_they_spoil(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", splits={"train": 3, "val": 3})
    photos = sorted((root / "train" / "ant").iterdir())
    shutil.copy(photos[0], root / "train" / "ant" / "again.jpg")
    shutil.copy(photos[1], root / "val" / "ant" / "leak.jpg")
    shutil.copy(photos[2], root / "train" / "bee" / "conflict.jpg")
    duplicates = scan(root)[1].duplicates
    assert duplicates.within_split == (
        ("train/ant/again.jpg", "train/ant/ant_0001.jpg"),
        ("train/ant/ant_0003.jpg", "train/bee/conflict.jpg"),
    )
    assert duplicates.across_splits == (("train/ant/ant_0002.jpg", "val/ant/leak.jpg"),)
    assert duplicates.across_classes == (("train/ant/ant_0003.jpg", "train/bee/conflict.jpg"),)
    text = " ".join(scan(root)[1].warnings)
    assert all(word in text for word in ("again.jpg", "leak.jpg", "conflict.jpg"))


def test_a_class_missing_from_val_keeps_its_index(tmp_path: Path) -> None:
    root = make_photo_folder(
        tmp_path / "pets", ("ant", "bee", "cat"), splits={"train": 2, "val": 2}
    )
    shutil.rmtree(root / "val" / "bee")
    spec, report = scan(root)
    assert spec.classes == ("ant", "bee", "cat")
    assert {p.label for p in spec.items if p.split == "val"} == {0, 2}
    assert report.splits["val"] == {"ant": 2, "bee": 0, "cat": 2}
    assert any("without a photo in val: bee" in warning for warning in report.warnings)
    require_usable(report)


def test_warnings(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", ("Ant", "ant"), per_class=4)
    make_photo_folder(root, ("bee",), per_class=120)
    make_photo(5).save(root / "bee" / "icon.gif")
    make_photo(6, size=(80, 20)).save(root / "bee" / "strip.jpg")
    (root / "docs").mkdir()
    (root / "docs" / "notes.txt").write_text("words")
    make_photo(7).save(root / "lonely.jpg")
    spec, report = scan(root)
    assert spec.classes == ("Ant", "ant", "bee")
    text = " ".join(report.warnings)
    for piece in (
        "fewer than 10 photos to learn from: Ant, ant",
        "largest class has 122 photos, the smallest 4",
        "Ant, ant",
        "bee/icon.gif (GIF)",
        "fewer than 32 pixels on a side: bee/strip.jpg",
        "docs/notes.txt",
        "lonely.jpg",
    ):
        assert piece in text


def test_the_placeholder_among_the_ants_is_pointed_at(hymenoptera: Path) -> None:
    spec, report = scan(hymenoptera)
    assert report.splits == {"train": {"ants": 124, "bees": 121}, "val": {"ants": 70, "bees": 83}}
    assert "train/ants/imageNotFound.gif" in {photo.path for photo in spec.items}
    assert any("imageNotFound.gif (GIF)" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("classes", "splits", "message"),
    [
        (("ant",), {"": 5}, "Only one class was found, 'ant'"),
        (("ant", "bee"), {"": 1}, "'ant' has 1 different photo to learn from; at least 2"),
        (("ant", "bee"), {"val": 5, "test": 5}, "val and test folders, but no train folder"),
    ],
)
def test_too_little_is_reported_and_refused_for_training(
    tmp_path: Path, classes: tuple[str, ...], splits: dict[str, int], message: str
) -> None:
    _, report = scan(make_photo_folder(tmp_path / "pets", classes, splits=splits))
    with pytest.raises(DataError, match=message):
        require_usable(report)


def test_of_many_classes_with_too_few_photos_some_are_named(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(9)]
    _, report = scan(make_photo_folder(tmp_path / "pets", names, per_class=1))
    assert len(report.problems) == 6
    assert report.problems[-1] == "4 more classes have too few photos as well."


def test_copies_of_one_picture_are_no_two_pictures(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=1)
    shutil.copy(root / "ant" / "ant_0001.jpg", root / "ant" / "copy.jpg")
    with pytest.raises(DataError, match="'ant' has 1 different photo"):
        require_usable(scan(root)[1])


def test_a_folder_without_photos_says_what_it_is_like(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no photos in 'empty'.*one folder for each class"):
        (tmp_path / "empty").mkdir()
        scan(tmp_path / "empty")
    flat = tmp_path / "flat"
    flat.mkdir()
    make_photo(0).save(flat / "a.jpg")
    with pytest.raises(DataError, match=r"1 photos of 'flat' belong to no class.*a\.jpg"):
        scan(flat)
    broken = tmp_path / "broken" / "ant"
    broken.mkdir(parents=True)
    (broken / "a.jpg").write_text("words")
    with pytest.raises(DataError, match=r"None of the 1 files in 'broken'.*ant/a\.jpg: is a text"):
        scan(tmp_path / "broken")


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is decoded from now on."""
    seen: list[bytes] = []

    def noted(data: bytes, most: float | None) -> Measures:
        seen.append(data)
        return PHOTO.examine(data, most)

    noting = dataclasses.replace(PHOTO, examine=noted)
    monkeypatch.setitem(MODALITIES._items, PHOTO.name, noting)
    return seen


def test_only_new_content_is_decoded(tmp_path: Path, examined: list[bytes]) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=3)
    first = scan(root)
    assert len(examined) == 6
    examined.clear()
    assert scan(root) == first and not examined
    new, changed = root / "ant" / "new.jpg", root / "bee" / "bee_0004.jpg"
    make_photo(0, seed=99).save(new)
    make_photo(1, seed=98).save(changed)
    (root / "bee" / "bee_0005.jpg").rename(root / "bee" / "moved.jpg")
    spec, _ = scan(root)
    assert sorted(examined) == sorted([new.read_bytes(), changed.read_bytes()])
    assert spec.fingerprint != first[0].fingerprint


def test_a_label_that_was_corrected_is_followed(tmp_path: Path, examined: list[bytes]) -> None:
    """Two files of one size and one time change places: only their content tells."""
    root = make_photo_folder(tmp_path / "pets", per_class=3)
    ant, bee = root / "ant" / "ant_0001.jpg", root / "bee" / "bee_0004.jpg"
    contents = [file.read_bytes().ljust(10_000, b"\0") for file in (ant, bee)]

    def put(first: bytes, second: bytes) -> None:
        for file, content in zip((ant, bee), (first, second), strict=True):
            file.write_bytes(content)
            os.utime(file, ns=(10**18, 10**18))

    put(*contents)
    before, _ = scan(root)
    put(*reversed(contents))
    after, report = scan(root)
    assert before.fingerprint != after.fingerprint and not report.left_out
    digests = {item.path: item.sha256 for item in before.items}
    swapped = {item.path: item.sha256 for item in after.items}
    assert swapped["ant/ant_0001.jpg"] == digests["bee/bee_0004.jpg"] != digests["ant/ant_0001.jpg"]
    assert len(examined) == 6, "known content was decoded once more"


def test_a_damaged_cache_is_no_obstacle(tmp_path: Path, own_home: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=3)
    first = scan(root)
    (cache,) = (own_home / "cache" / "scans").iterdir()
    for content in ("", "[]", '{"settings": {}}', "\x00"):
        cache.write_text(content)
        assert scan(root) == first


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=2)
    (root / "ant" / "loop").symlink_to(root)
    elsewhere = make_photo_folder(tmp_path / "elsewhere", ("cat",), per_class=2)
    (root / "cat").symlink_to(elsewhere / "cat")
    os.mkfifo(root / "ant" / "pipe.jpg")
    (root / "bee" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    spec, report = scan(root)
    assert spec.classes == ("ant", "bee", "cat") and len(spec.items) == 6
    assert "link to a file that is not there" in report.left_out["bee/gone.jpg"]
    assert "no ordinary file" in report.left_out["ant/pipe.jpg"]
    assert report.passed_over == {"links to folders that are listed already": 1}


def test_a_folder_counts_where_it_lies_and_not_where_links_to_it_do(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "pets", per_class=2)
    (root / "aardvark").symlink_to(root / "bee")
    make_photo_folder(root / ".store", ("cat",), per_class=2)
    (root / "cat").symlink_to(root / ".store" / "cat")
    report = scan(root)[1]
    assert report.splits == {"all": {"ant": 2, "bee": 2, "cat": 2}}
    assert report.passed_over == {
        "hidden files": 2,
        "links to folders that are listed already": 1,
    }


def test_a_folder_that_cannot_be_read_is_not_called_empty() -> None:
    assert topmost_empty(["a", "locked", "b/c"], ["a/1.jpg", "locked"]) == ("b",)


def test_a_table_that_labels_is_not_called_unusable(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "set", ("images",), per_class=4)
    names = sorted(file.name for file in (root / "images").iterdir())
    rows = [f"{name};{'xy'[i % 2]}" for i, name in enumerate(names)]
    (root / "labels.csv").write_text("\n".join(["file;label", *rows]))
    (root / "notes.csv").write_text("day;weather\n")
    report = scan(root)[1]
    assert report.left_out["labels.csv"] == "it is the table that labels the other files."
    assert "Files left out because they cannot be used: notes.csv." in report.warnings


def test_progress_is_told(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    root = make_photo_folder(tmp_path / "pets", per_class=2)
    scan(root, progress=lambda *counts: seen.append(counts))
    assert seen == [(done, 4, "files") for done in (1, 2, 3, 4)]


def test_the_first_error_ends_the_work() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda divisor: 1 / divisor, [1, 0, 1])


def test_generated_classes_differ() -> None:
    means = [
        np.mean([np.asarray(make_photo(label, seed=s)).mean((0, 1)) for s in range(6)], axis=0)
        for label in range(2)
    ]
    assert np.abs(means[0] - means[1]).max() > 30
    assert isinstance(make_photo(0), Image.Image)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """Return a folder with a list of its files, as an upload has one."""
    make_photo_folder(tmp_path / "set", per_class=2)
    listed = {p.relative_to(tmp_path / "set").as_posix() for p in tmp_path.rglob("*.jpg")}
    manifest = {"name": "set", "files": {name: name for name in listed}, "skipped": {}}
    (tmp_path / "set" / MANIFEST).write_text(json.dumps({**manifest, "shrunk": 0}))
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"files": {"ant/0.jpg": "../../secret"}}, "'../../secret', which is no file of that"),
        ({"files": {"ant/0.jpg": "/etc/passwd"}}, "'/etc/passwd', which is no file of that"),
        ({"files": {"ant/0.jpg": 3}}, "files.ant/0.jpg must be text, not 3"),
        ({"files": ["ant/0.jpg"]}, "files must be values by their names"),
        ({"shrunk": "many"}, "shrunk must be a whole number"),
        ({"pages": {"ant/0.jpg": ["../x"]}}, "'../x', which is no file of that"),
        ({"raw_names": {"ant/0.jpg": "xy"}}, "which are no such digits"),
        ({"root": "/etc"}, "no Brought has it"),
        ({"colour": 1}, "no Brought has it"),
    ],
    ids=str,
)
def test_a_list_of_files_that_lies_is_told(change: dict[str, Any], said: str, upload: Path) -> None:
    manifest = upload / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(DataError) as caught:
        scan(upload)
    assert said in str(caught.value) and str(manifest) in str(caught.value)
    manifest.write_bytes(b"[" * 100_000)
    with pytest.raises(DataError, match="nested too deeply"):
        scan(upload)


def test_a_file_that_is_listed_and_not_there_is_left_out(upload: Path) -> None:
    next(upload.rglob("*.jpg")).unlink()
    dataset, report = scan(upload)
    assert len(dataset.items) == 3
    assert "No such file" in next(iter(report.left_out.values()))


@pytest.mark.parametrize(
    "content", [b"[]", b"[" * 100_000, b'{"version": 1}', b'{"modality": "photo", "files": 3}']
)
@pytest.mark.parametrize("name", [".tl_scan.json", KEPT])
def test_what_is_remembered_and_damaged_is_found_out_anew(
    name: str, content: bytes, upload: Path
) -> None:
    whole = scan(upload)
    for kept in (".tl_scan.json", KEPT):
        (upload / kept).unlink()
    (upload / name).write_bytes(content)
    assert scan(upload) == whole


def test_no_check_that_is_remembered_leads_out_of_its_folder(upload: Path) -> None:
    whole = scan(upload)
    kept = upload / KEPT
    kept.write_text(kept.read_text().replace('"stored": "', '"stored": "../'))
    assert scan(upload) == whole
