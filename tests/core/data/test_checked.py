"""What a check found is kept: it is read once, and nobody looks at the files again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.photos import make_photo_folder, zip_folder
from tl_core.data import add_archive, checked, open_dataset, reopen_dataset, scan
from tl_core.data.checked import KEPT, RecentlyOpened, read_checked
from tl_core.data.health import HealthReport
from tl_core.data.manifest import MANIFEST
from tl_core.data.read_as import ReadAs
from tl_core.data.spec import DatasetSpec, Item
from tl_core.errors import DataError


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """Return a stored upload that is not checked yet."""
    folder = make_photo_folder(tmp_path / "pets", splits={"train": 3, "val": 2})
    (folder / "train" / "ant" / "words.jpg").write_text("words")
    with zip_folder(folder, tmp_path / "pets.zip").open("rb") as file:
        return add_archive(file, "pets.zip")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is read while a data set is opened: lists of files, layouts, files."""
    seen: list[str] = []

    def note(module: object, name: str) -> None:
        real: Callable[..., object] = getattr(module, name)

        def noted(*args: object, **more: object) -> object:
            seen.append(name)
            return real(*args, **more)

        monkeypatch.setattr(module, name, noted)

    for module, name in (("scan", "list_files"), ("scan", "read_layout"), ("facts", "_look")):
        note(sys.modules[f"tl_core.data.{module}"], name)
    note(checked.json, "loads")
    return seen


def test_the_second_one_reads_what_the_first_one_found(upload: Path, looked_at: list[str]) -> None:
    first = open_dataset(upload)
    assert {"list_files", "read_layout", "_look"} < set(looked_at)
    looked_at.clear()
    assert open_dataset(upload) == first
    assert looked_at == ["loads"]


def test_pages_read_nothing_at_all(upload: Path, looked_at: list[str]) -> None:
    first = reopen_dataset(upload)
    looked_at.clear()
    assert all(reopen_dataset(str(upload)) is first for _ in range(3))
    assert looked_at == []


def test_a_folder_that_is_no_upload_is_read_again_once_it_has_changed(
    tmp_path: Path, looked_at: list[str]
) -> None:
    folder = make_photo_folder(tmp_path / "pets", per_class=2)
    first = reopen_dataset(folder)
    looked_at.clear()
    assert reopen_dataset(folder) is first and looked_at == []
    make_photo_folder(folder, ("cat",), per_class=2)
    os.utime(folder, ns=(1, 1))  # as any later time
    assert reopen_dataset(folder)[0].classes == ("ant", "bee", "cat")
    assert not (folder / KEPT).exists()
    assert scan(folder)[0].classes == ("ant", "bee", "cat")  # a run looks at every file


def test_it_may_move(upload: Path, tmp_path: Path) -> None:
    first, report = open_dataset(upload)
    moved = tmp_path / "moved"
    shutil.move(upload, moved)
    assert open_dataset(moved) == (replace(first, root=moved), report)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: "",
        lambda values: "[]",
        lambda values: json.dumps(values | {"version": 0}),
        lambda values: json.dumps(values | {"settings": {"another": "decoder"}}),
        lambda values: json.dumps({**values, "dataset": {"name": 1}}),
        lambda values: json.dumps({k: v for k, v in values.items() if k != "report"}),
    ],
)
def test_what_cannot_be_used_is_made_anew(upload: Path, spoil: Callable[..., str]) -> None:
    first = open_dataset(upload)
    kept = upload / KEPT
    whole = kept.read_text()
    kept.write_text(spoil(json.loads(whole)))
    assert read_checked(upload) is None
    assert open_dataset(upload) == first
    assert kept.read_text() == whole


def test_a_record_without_an_upload_counts_for_nothing(upload: Path) -> None:
    open_dataset(upload)
    (upload / MANIFEST).unlink()
    assert read_checked(upload) is None


def test_as_many_sets_are_remembered_as_their_items_allow() -> None:
    def opened(items: int) -> tuple[DatasetSpec, HealthReport]:
        item = Item("a/1.jpg", 0, None, "", "a/1.jpg")
        return DatasetSpec(Path(), "", "photo", ("a",), (item,) * items, ""), None  # type: ignore

    recent = RecentlyOpened(most=10)
    for key, items in (("a", 4), ("b", 4)):
        recent.put(key, opened(items))
    assert recent.get("a") is not None  # asked for later than b
    recent.put("c", opened(4))
    assert [key for key in "abc" if recent.get(key)] == ["a", "c"]
    recent.put("d", opened(99))  # alone it may be larger
    assert [key for key in "abcd" if recent.get(key)] == ["d"]


def test_few_chosen_readings_are_kept(upload: Path) -> None:
    for layout in ("auto", "splits", "classes", "inner", "names"):
        for pages in ("first", "all"):
            with contextlib.suppress(DataError):
                scan(upload, ReadAs(layout, pages, "utf-8"))
    scan(upload)
    assert len(list(upload.glob(".tl_checked-*"))) == 8 > checked.MOST_KEPT - 1
    assert read_checked(upload) is not None
