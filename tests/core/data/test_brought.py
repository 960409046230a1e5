"""What people really bring is read rightly: as a folder, as a zip, and through a server's check."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.data.brought import CASES, Case, Right, packed, write
from tl_core.data import DatasetSpec, HealthReport, open_dataset, require_usable
from tl_core.data.manifest import read_manifest
from tl_core.data.read_as import ReadAs
from tl_core.errors import DataError
from tl_core.server.limits import UploadLimits
from tl_core.server.upload_worker import KINDS, Reporter, Request


def hold(dataset: DatasetSpec, report: HealthReport, right: Right) -> None:
    """Assert that a set was read rightly, and every file accounted for."""
    assert report.splits == right.splits, report.layout.text
    assert len(report.left_out) == right.left_out, report.left_out
    assert sum(report.passed_over.values()) == right.passed_over, report.passed_over
    assert report.layout.undecided == right.undecided
    assert report.brought + report.further_pages == (
        len(dataset.items) + len(report.left_out) + sum(report.passed_over.values())
    )
    for name in right.empty_folders:
        assert any(name in sentence for sentence in report.warnings), report.warnings
    if right.undecided:
        with pytest.raises(DataError, match="--layout"):
            require_usable(report)
    else:
        require_usable(report)


def built(name: str, folder: Path) -> tuple[Case, Path, Path]:
    case = CASES[name]
    files = case.files()
    root = write(files, folder / "folder" / name, case.folders)
    return case, root, packed(files, folder / f"{name}.zip", case.folders, case.names)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.right])
def test_a_folder_and_its_zip_are_read_rightly(name: str, tmp_path: Path, own_home: Path) -> None:
    case, root, archive = built(name, tmp_path)
    assert case.right is not None
    of_folder, of_zip = open_dataset(root), open_dataset(archive)
    hold(*of_folder, case.right)
    hold(*of_zip, case.right)
    assert of_folder[0].fingerprint == of_zip[0].fingerprint
    assert of_folder[1].layout.text == of_zip[1].layout.text
    assert of_folder[1].left_out == of_zip[1].left_out
    assert of_zip[1].layout.encoding == case.right.encoding


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.right])
def test_a_server_takes_it_in_with_the_same_report(
    name: str, tmp_path: Path, own_home: Path
) -> None:
    case, root, archive = built(name, tmp_path)
    assert case.right is not None
    target = tmp_path / "uploads" / name
    request = Request("items", name, archive, target, UploadLimits(), 10**9)
    KINDS["items"](request, Reporter(io.StringIO()))
    dataset, report = open_dataset(target)
    hold(dataset, report, case.right)
    assert report.layout.text == open_dataset(root)[1].layout.text
    assert read_manifest(target) is not None


@pytest.mark.parametrize("name", CASES)
def test_the_development_file_is_read_rightly(name: str, cases: Path, own_home: Path) -> None:
    right, case_file = CASES[name].right, cases / f"{name}.zip"
    if right is None:
        with pytest.raises(DataError, match="detection"):
            open_dataset(case_file)
    else:
        hold(*open_dataset(case_file), right)


def test_detection_labels_are_called_what_they_are(tmp_path: Path, own_home: Path) -> None:
    _, root, archive = built("yolo_layout", tmp_path)
    for data in (root, archive):
        with pytest.raises(DataError, match="detection labels"):
            open_dataset(data)


def test_the_other_reading_is_one_choice_away(tmp_path: Path, own_home: Path) -> None:
    _, root, _ = built("classes_one_level_deeper", tmp_path)
    found, report = open_dataset(root)
    other, otherwise = open_dataset(root, ReadAs(layout="classes"))
    assert otherwise.splits == {"all": {"fruit": 20, "vegetable": 20}}
    assert found.fingerprint != other.fingerprint
    require_usable(otherwise)
    require_usable(open_dataset(root, ReadAs(layout="inner"))[1])
    assert {one.layout for one in report.layout.others} >= {"classes"}


def test_all_pages_are_items_that_stay_together(tmp_path: Path, own_home: Path) -> None:
    _, root, archive = built("multi_page_tiff", tmp_path)
    target = tmp_path / "uploads" / "pages"
    request = Request("items", "pages", archive, target, UploadLimits(), 10**9)
    for data in (root, archive):
        dataset, report = open_dataset(data, ReadAs(pages="all"))
        assert report.splits == {"all": {"ant": 8, "bee": 8}}
        assert report.further_pages == 12 and report.brought == 4
        assert "ant/stack0.tif and 3 more have several pages; each is one of the photos." in (
            report.warnings
        )
        assert not report.near_copies.within_split, "pages are no copies"
        groups = {
            item.path.partition(" (")[0].removesuffix(".tif"): set() for item in dataset.items
        }
        for item in dataset.items:
            groups[item.path.partition(" (")[0].removesuffix(".tif")].add(item.group)
        assert all(len(group) == 1 for group in groups.values())
    KINDS["items"](request, Reporter(io.StringIO()))
    said = "ant/stack0.tif and 3 more have several pages; the first is used."
    assert said in open_dataset(target)[1].warnings and said in open_dataset(root)[1].warnings
    dataset, report = open_dataset(target, ReadAs(pages="all"))
    assert report.splits == {"all": {"ant": 8, "bee": 8}}


def test_twelve_bits_are_scaled_by_the_range_of_the_set(tmp_path: Path, own_home: Path) -> None:
    _, root, _ = built("twelve_bit_png", tmp_path)
    dataset, report = open_dataset(root)
    assert dataset.calibration == {"white": 4095}
    assert any("4095" in sentence or "12" in sentence for sentence in report.warnings)
    assert replace(dataset, calibration={}) != dataset


def test_a_page_takes_no_other_file_s_name(tmp_path: Path, own_home: Path) -> None:
    files = CASES["multi_page_tiff"].files()
    files["ant/stack0 (page 02).tif"] = files["bee/stack1.tif"]
    dataset, report = open_dataset(write(files, tmp_path / "set"), ReadAs(pages="all"))
    assert report.brought == 5 and report.further_pages == 15
    assert len(dataset.items) == 20 == len({item.path for item in dataset.items})
