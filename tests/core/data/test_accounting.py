"""Whatever a folder holds, every file is accounted for once, and its zip tells the same."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.core.data.brought import LFS_POINTER, Files, packed, photo, write
from tl_core.data import DatasetSpec, HealthReport, open_dataset
from tl_core.data.health import HowRead
from tl_core.errors import DataError

_FOLDERS = (
    "train", "test_set", "Valid", "cats", "dogs", "images", "masks", "labels", "__MACOSX", "@eaDir",
    "A:B", "école", "day1", "0", "data", "lost+found", "cats ", "Cat",
)  # fmt: skip
_NAMES = (
    "0.jpg", "1.png", "cat.0.jpg", "dog.1.jpg", "IMG_1.HEIC", "a", "notes.txt", "Thumbs.db", ".hid",
    "labels.csv", "data.yaml", "0.txt", "x.xml", "._0.jpg", "b.dng", ".b.jpg.icloud", "c.AVIF",
)  # fmt: skip
_CONTENTS = {
    **{f"photo {n}": photo(n % 2, n, "JPEG", (20, 16)) for n in range(8)},
    "png": photo(0, 9, "PNG", (20, 16)),
    "nothing": b"",
    "zeros": bytes(50),
    "words": b"words",
    "page": b"<html></html>",
    "table": b"file,label\n0.jpg,cat\n1.png,dog\n",
    "pointer": LFS_POINTER,
}

_PATHS = st.lists(st.sampled_from(_FOLDERS), max_size=4).flatmap(
    lambda folders: st.sampled_from(_NAMES).map(lambda name: "/".join([*folders, name]))
)


def _possible(files: dict[str, str]) -> dict[str, str]:
    """Leave out what no disk could hold: a file where a folder is, names apart in case alone."""
    kept: dict[str, str] = {}
    for path, content in files.items():
        folded = {known.casefold() for known in kept}
        inside = any(known.startswith(f"{path.casefold()}/") for known in folded)
        above = any(path.casefold().startswith(f"{known}/") for known in folded)
        if path.casefold() not in folded and not inside and not above:
            kept[path] = content
    return kept


TREES = st.dictionaries(_PATHS, st.sampled_from(list(_CONTENTS)), min_size=1, max_size=14).map(
    _possible
)


@pytest.fixture(scope="module", autouse=True)
def a_home() -> Iterator[None]:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"TL_HOME": folder}),
    ):
        yield


def _told(data: Path) -> tuple[DatasetSpec, HealthReport] | str:
    try:
        return open_dataset(data)
    except DataError as error:
        return str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES)
@example({"cats/0.jpg": "photo 0", "cats/images/0.jpg": "photo 0", "dogs/a": "photo 5"})
@example({"train/0.jpg": "photo 0", "train/labels.csv": "table", "1.png": "png"})
@example({"train/Thumbs.db": "photo 0", "cats/0.jpg": "photo 1"})
def test_every_file_is_accounted_for_in_a_folder_and_in_its_zip(tree: dict[str, str]) -> None:
    files: Files = {path: _CONTENTS[content] for path, content in tree.items()}
    with tempfile.TemporaryDirectory() as place:
        of_folder = _told(write(files, Path(place) / "set"))
        of_zip = _told(packed(files, Path(place) / "set.zip"))
    if isinstance(of_folder, str) or isinstance(of_zip, str):
        assert of_folder == of_zip
        return
    for dataset, report in (of_folder, of_zip):
        over = sum(report.passed_over.values())
        assert report.brought == len(files)
        assert len(dataset.items) + len(report.left_out) + over == len(files)
        assert all(report.left_out.values()), "something is left out without a reason"
        assert sum(sum(split.values()) for split in report.splits.values()) == len(dataset.items)
        assert isinstance(report.layout, HowRead) and report.layout.text
    (one, first), (two, second) = of_folder, of_zip
    assert one.classes == two.classes and one.fingerprint == two.fingerprint
    assert first.splits == second.splits and first.left_out == second.left_out
    assert first.passed_over == second.passed_over and first.warnings == second.warnings
