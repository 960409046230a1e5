"""Remedies make a new set of the same files: training sees it, it is owned, and limited."""

from __future__ import annotations

import io
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.photos import make_photo, make_photo_folder
from tl_core.data import catalog, make_split, open_dataset, scan
from tl_core.data.checked import KEPT
from tl_core.data.manifest import MANIFEST
from tl_core.data.facts import facts_file
from tl_core.data.staging import StagingFolder
from tl_core.errors import DataError, TLError
from tl_core.server import remedies
from tl_core.server.limits import UploadLimits
from tl_core.server.remedies import (
    LONGEST_NAME,
    class_name,
    drop_class,
    drop_copies,
    keep_one_of_each,
    merge_classes,
    rename_class,
)
from tl_core.server.uploads import Upload, Uploads, uploads_folder
from tl_core.store.database import Store
from tl_core.store.schema import uploads as table

ANNA, BEN = "a" * 32, "b" * 32
HOSTILE = (
    "../../etc/passwd",
    "train",
    "<script>alert(1)</script>",
    "CON",
    ".hidden",
    "\u202egpj",
    "👩‍👩‍👧",
    "蜂 муравей",
    "{a|b} %s \\",
    "n" * 500,
)


@pytest.fixture
def uploads() -> Iterator[Uploads]:
    store = Store()
    yield Uploads(store)
    store.close()


def photo(label: int, seed: int) -> bytes:
    stream = io.BytesIO()
    make_photo(label, seed=seed).save(stream, "JPEG")
    return stream.getvalue()


def bring(uploads: Uploads, files: dict[str, bytes], owner: str = ANNA, name: str = "set") -> str:
    """Store an upload as the checking process would; return its folder."""
    with StagingFolder(uploads_folder(), name) as staging:
        for path, content in files.items():
            staging.store(path, io.BytesIO(content))
        folder = staging.commit(uploads_folder() / f"{name}-{staging.digest()[:12]}")
    record(uploads, Upload(owner, folder.name, name, len(files), 1000, time.time()))
    return str(folder)


def record(uploads: Uploads, upload: Upload) -> None:
    with uploads._engine.begin() as connection:
        connection.execute(insert(table).values(**vars(upload)))


@pytest.fixture
def three(uploads: Uploads) -> str:
    """Three classes below a wrapping folder, with subfolders and equal file names."""
    files = {f"set/{c}/{n}.jpg": photo(i, n) for i, c in enumerate(["ant", "bee"]) for n in (1, 2)}
    return bring(
        uploads, files | {"set/wasp/deep/1.jpg": photo(2, 1), "set/wasp/2.jpg": photo(2, 2)}
    )


def photos_of(upload: Upload) -> dict[str, str]:
    """Return class and digest of each photo, by its path, from a fresh look at the files."""
    dataset, _ = open_dataset(upload.path)
    return {p.path: dataset.classes[p.label] for p in dataset.items}


def test_a_class_is_left_out(uploads: Uploads, three: str) -> None:
    made = drop_class(uploads, ANNA, three, "bee")
    assert photos_of(made) == {
        "ant/1.jpg": "ant", "ant/2.jpg": "ant", "wasp/1.jpg": "wasp", "wasp/2.jpg": "wasp",
    }  # fmt: skip
    assert made.name == "set · without bee"
    assert made.photos == 4


def test_a_class_is_renamed(uploads: Uploads, three: str) -> None:
    made = rename_class(uploads, ANNA, three, "bee", "  honey\tbee ")
    assert sorted(set(photos_of(made).values())) == ["ant", "honey bee", "wasp"]


def test_classes_are_merged_and_keep_all_photos(uploads: Uploads, three: str) -> None:
    made = merge_classes(uploads, ANNA, three, ["bee", "wasp"], "stings")
    assert list(photos_of(made).values()).count("stings") == 4
    assert "stings/1 (2).jpg" in photos_of(made), "equal file names lost a photo"


def test_of_copies_one_stays_and_of_contradictions_none(uploads: Uploads) -> None:
    same, odd = photo(0, 1), photo(1, 9)
    data = bring(uploads, {
        "ant/1.jpg": same, "ant/2.jpg": same, "ant/3.jpg": photo(0, 3), "ant/odd.jpg": odd,
        "bee/1.jpg": photo(1, 1), "bee/odd.jpg": odd,
    })  # fmt: skip
    made = drop_copies(uploads, ANNA, data)
    assert sorted(photos_of(made)) == ["ant/1.jpg", "ant/3.jpg", "bee/1.jpg"]
    assert open_dataset(made.path)[1].duplicates.within_split == ()


def test_of_copies_in_splits_the_one_that_measures_stays(uploads: Uploads) -> None:
    leak = photo(0, 1)
    data = bring(uploads, {
        "train/ant/1.jpg": leak, "train/ant/2.jpg": photo(0, 2), "train/bee/1.jpg": photo(1, 1),
        "val/ant/1.jpg": leak, "val/bee/2.jpg": photo(1, 2),
    })  # fmt: skip
    made = drop_copies(uploads, ANNA, data)
    dataset, report = open_dataset(made.path)
    assert [p.path for p in dataset.items if p.split == "val"] == [
        "val/ant/1.jpg",
        "val/bee/2.jpg",
    ]
    assert [p.path for p in dataset.items if p.split == "train"] == [
        "train/ant/2.jpg", "train/bee/1.jpg",
    ]  # fmt: skip
    assert report.duplicates.across_splits == ()
    assert len(make_split(dataset, seed=0).val) == 2


def group(monkeypatch: pytest.MonkeyPatch, data: str, *groups: set[str]) -> None:
    """Let some photos of a set show the same, as the check would have found."""
    dataset, report = open_dataset(data)
    key = {path: min(paths) for paths in groups for path in paths}
    items = tuple(replace(item, group=key.get(item.path, "")) for item in dataset.items)
    monkeypatch.setattr(remedies, "open_checked", lambda _: (replace(dataset, items=items), report))


def sized(label: int, seed: int, spare: int) -> bytes:
    """Return a photo with a comment, so that its file is larger."""
    content = photo(label, seed)
    return content[:2] + b"\xff\xfe" + (spare + 2).to_bytes(2, "big") + bytes(spare) + content[2:]


def test_of_what_shows_the_same_the_largest_stays(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bring(uploads, {
        "ant/a.jpg": photo(0, 1), "ant/b.jpg": sized(0, 1, 500), "ant/c.jpg": sized(0, 1, 90),
        "ant/d.jpg": photo(0, 2), "ant/e.jpg": photo(0, 2), "ant/f.jpg": photo(0, 3),
        "bee/a.jpg": photo(1, 1),
    })  # fmt: skip
    group(monkeypatch, data, {"ant/a.jpg", "ant/b.jpg", "ant/c.jpg"}, {"ant/d.jpg", "ant/e.jpg"})
    made = keep_one_of_each(uploads, ANNA, data)
    assert sorted(photos_of(made)) == ["ant/b.jpg", "ant/d.jpg", "ant/f.jpg", "bee/a.jpg"]
    assert made.name == "set · one of each" and Path(data).is_dir()


def test_of_what_shows_the_same_in_splits_the_one_that_measures_stays(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bring(uploads, {
        "train/ant/1.jpg": sized(0, 1, 500), "train/ant/2.jpg": photo(0, 2),
        "train/bee/1.jpg": photo(1, 1), "val/ant/1.jpg": photo(0, 1), "val/bee/2.jpg": photo(1, 2),
    })  # fmt: skip
    group(monkeypatch, data, {"train/ant/1.jpg", "val/ant/1.jpg"})
    made = keep_one_of_each(uploads, ANNA, data)
    assert "train/ant/1.jpg" not in photos_of(made) and len(photos_of(made)) == 4


def test_of_what_seems_to_show_the_same_across_classes_all_stays(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That they show the same is a guess; only of identical files none is believed."""
    odd = photo(1, 9)
    data = bring(uploads, {
        "ant/1.jpg": photo(0, 1), "ant/odd.jpg": odd, "ant/like.jpg": photo(0, 5),
        "ant/twice.jpg": photo(0, 5), "bee/1.jpg": photo(1, 1), "bee/odd.jpg": odd,
        "bee/like.jpg": photo(1, 5),
    })  # fmt: skip
    group(monkeypatch, data, {"ant/like.jpg", "ant/twice.jpg", "bee/like.jpg"})
    made = keep_one_of_each(uploads, ANNA, data)
    assert sorted(photos_of(made)) == ["ant/1.jpg", "ant/like.jpg", "bee/1.jpg", "bee/like.jpg"]


def test_the_former_set_stays_and_files_are_shared(uploads: Uploads, three: str) -> None:
    before = {file: file.read_bytes() for file in Path(three).rglob("*") if file.is_file()}
    made = drop_class(uploads, ANNA, three, "bee")
    after = {file: file.read_bytes() for file in Path(three).rglob("*") if file.is_file()}
    of_the_check = {facts_file(Path(three)), Path(three) / KEPT}
    assert {file: content for file, content in after.items() if file not in of_the_check} == before
    assert all(file.stat().st_nlink == 2 for file in (made.path / "files").iterdir())
    uploads.delete(ANNA, Path(three).name)
    assert len(photos_of(made)) == 4


def test_no_photo_is_decoded_again(
    uploads: Uploads, three: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dataset(three)
    undecoded = dataclasses.replace(PHOTO, examine=lambda *_: pytest.fail("decoded"))
    monkeypatch.setitem(MODALITIES._items, PHOTO.name, undecoded)
    assert len(photos_of(drop_class(uploads, ANNA, three, "bee"))) == 4


def test_remedies_follow_one_another(uploads: Uploads, three: str) -> None:
    once = rename_class(uploads, ANNA, three, "bee", "honey bee")
    twice = drop_class(uploads, ANNA, str(once.path), "ant")
    assert sorted(set(photos_of(twice).values())) == ["honey bee", "wasp"]
    assert twice.name == "set · without ant"
    assert len(uploads.of(ANNA)) == 3


def test_the_same_remedy_twice_is_one_set(uploads: Uploads, three: str) -> None:
    first, second = (drop_class(uploads, ANNA, three, "bee") for _ in range(2))
    assert first.folder == second.folder and len(uploads.of(ANNA)) == 2


def test_a_bundled_set_becomes_the_learners_own(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_photo_folder(tmp_path / "samples" / "produce" / "market", ("a", "b", "c"), 2)
    monkeypatch.setattr(catalog, "SAMPLES", tmp_path / "samples")
    made = drop_class(uploads, ANNA, "produce/market", "c")
    assert made.owner == ANNA and made.path.parent == uploads_folder()
    assert made.name == "produce/market · without c"
    assert len(photos_of(made)) == 4 and len(list(folder.rglob("*.jpg"))) == 6
    assert uploads.may_use(ANNA, str(made.path)) and not uploads.may_use(BEN, str(made.path))


def test_where_files_cannot_be_shared_they_are_copied(
    uploads: Uploads, three: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr("os.link", refuse)
    assert len(photos_of(drop_class(uploads, ANNA, three, "bee"))) == 4


class TestRefusals:
    def leaves_nothing(self, uploads: Uploads, three: str) -> None:
        assert [path.name for path in uploads_folder().iterdir()] == [Path(three).name]
        assert len(uploads.of(ANNA)) == 1

    def test_others_photos(self, uploads: Uploads, three: str, tmp_path: Path) -> None:
        theirs = make_photo_folder(tmp_path / "server", per_class=2)
        for owner, data in ((BEN, three), (ANNA, str(theirs)), (ANNA, "nowhere")):
            with pytest.raises(DataError, match="not on this server"):
                drop_class(uploads, owner, data, "ant")
        assert uploads.of(BEN) == []

    def test_what_changes_nothing_or_leaves_nothing(self, uploads: Uploads, three: str) -> None:
        for remedy in (drop_copies, keep_one_of_each):
            with pytest.raises(DataError, match="Nothing would change"):
                remedy(uploads, ANNA, three)
        with pytest.raises(DataError, match="Nothing would change"):
            rename_class(uploads, ANNA, three, "ant", "ant")
        one = bring(uploads, {"ant/1.jpg": photo(0, 1)}, name="one")
        with pytest.raises(DataError, match="No photo"):
            drop_class(uploads, ANNA, one, "ant")

    def test_unknown_and_taken_names(self, uploads: Uploads, three: str) -> None:
        with pytest.raises(DataError, match=r"no class 'fly'.*ant, bee, wasp"):
            drop_class(uploads, ANNA, three, "fly")
        with pytest.raises(DataError, match="Merge the two"):
            rename_class(uploads, ANNA, three, "ant", "bee")
        with pytest.raises(DataError, match="at least two"):
            merge_classes(uploads, ANNA, three, ["ant", "ant"], "x")
        with pytest.raises(DataError, match="Merge that one too"):
            merge_classes(uploads, ANNA, three, ["ant", "bee"], "wasp")
        self.leaves_nothing(uploads, three)

    def test_more_than_a_learner_may_keep(self, uploads: Uploads, three: str) -> None:
        size = sum(file.stat().st_size for file in (Path(three) / "files").iterdir())
        uploads.limits = UploadLimits(learner_bytes=1000 + size // 2)
        with pytest.raises(TLError, match="Remove photos that you no longer need"):
            drop_class(uploads, ANNA, three, "bee")
        self.leaves_nothing(uploads, three)

    def test_more_photos_than_a_set_may_have(self, uploads: Uploads, three: str) -> None:
        uploads.limits = UploadLimits(items=3)
        with pytest.raises(DataError, match="4 photos are too many"):
            drop_class(uploads, ANNA, three, "bee")

    def test_files_that_go_away_meanwhile(
        self, uploads: Uploads, three: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dataset = scan(Path(three))
        monkeypatch.setattr(remedies, "open_checked", lambda _: dataset)
        shutil.rmtree(Path(three) / "files")
        with pytest.raises(DataError, match="being removed"):
            drop_class(uploads, ANNA, three, "bee")
        with pytest.raises(DataError, match="being removed"):
            keep_one_of_each(uploads, ANNA, three)
        self.leaves_nothing(uploads, three)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_data(uploads: Uploads, three: str, name: str) -> None:
    made = rename_class(uploads, ANNA, three, "bee", name)
    dataset, report = open_dataset(made.path)
    assert class_name(name) in dataset.classes and len(dataset.items) == 6
    assert report.problems == () and {photo.split for photo in dataset.items} == {None}
    assert all(len(cls) <= LONGEST_NAME for cls in dataset.classes)
    stored = json.loads((made.path / MANIFEST).read_text())["files"].values()
    assert sorted(stored) == [f"files/{n:06}" for n in range(6)]
    assert made.path.parent == uploads_folder()


@pytest.mark.parametrize("name", ["", "   ", "..", "\u200b\u200b", "///", "\n"])
def test_a_name_that_nobody_sees_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="can be seen"):
        class_name(name)


def test_all_classes_may_bear_names_of_splits(uploads: Uploads, three: str) -> None:
    data = three
    for old, new in (("ant", "train"), ("bee", "val"), ("wasp", "test")):
        data = str(rename_class(uploads, ANNA, data, old, new).path)
    dataset, _ = open_dataset(data)
    assert dataset.classes == ("test", "train", "val")
    assert {photo.split for photo in dataset.items} == {None}


def test_what_is_known_of_the_files_goes_along(uploads: Uploads, three: str) -> None:
    made = drop_class(uploads, ANNA, three, "bee")
    cache = facts_file(made.path)
    known = set(json.loads(cache.read_text())["contents"])
    assert known >= {item.sha256 for item in open_dataset(made.path)[0].items}
