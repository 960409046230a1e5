from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.photos import make_photo, make_photo_folder
from tl_core.data import open_dataset
from tl_core.data.decode_once import DecodeOnce
from tl_core.data.views import Items, TrainingViews
from tl_core.errors import DataError
from tl_core.modalities.photo import PHOTO, tensors
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing

PREPROCESSING = PhotoPreprocessing(40, 32, "bilinear", (0.48, 0.45, 0.4), (0.27, 0.26, 0.28))
MEASURED = tensors.evaluation_form(PREPROCESSING)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Class folders with photos of several shapes, most of them larger than is needed."""
    folder = make_photo_folder(tmp_path / "pets", per_class=3)
    for number, size in enumerate([(500, 375), (300, 801), (30, 90)]):
        make_photo(0, seed=number).resize(size).save(folder / "ant" / f"other_{number}.jpg")
    return folder


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Hold whatever is decoded for training or measuring during the test."""
    seen: list[Any] = []
    to_array = tensors.to_array

    def noting(photo: Any, form: Any) -> Any:
        seen.append(photo)
        return to_array(photo, form)

    monkeypatch.setattr(tensors, "to_array", noting)
    return seen


def load_eval(files: list[Path], look: DecodeOnce | None = None) -> torch.Tensor:
    return Items(PHOTO, files, decoded=look).evaluation_batch(PREPROCESSING)


@pytest.mark.parametrize("augment", ["none", "standard"])
def test_a_checked_photo_is_not_decoded_again_and_looks_the_same(
    augment: str, root: Path, decoded: list[Any]
) -> None:
    augmentation = AUGMENTATIONS.get(augment)
    look = DecodeOnce(PHOTO, tensors.training_form(PREPROCESSING, augmentation))
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(len(dataset.items)))
    assert len(decoded) == len(files) == 9
    kept = Items(PHOTO, files, decoded=look)
    views = TrainingViews(kept, PREPROCESSING, augmentation, 0).batch(range(9), 1)
    assert len(decoded) == 9
    fresh = TrainingViews(Items(PHOTO, files), PREPROCESSING, augmentation, 0).batch(range(9), 1)
    assert torch.equal(views, fresh)
    assert len(decoded) == 18


def test_another_form_and_a_second_time_are_decoded(root: Path, decoded: list[Any]) -> None:
    look = DecodeOnce(PHOTO, MEASURED)
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(9))
    first = load_eval(files, look)
    assert len(decoded) == 9
    assert torch.equal(first, load_eval(files, look))
    assert len(decoded) == 18
    assert look.take(files[0], MEASURED) is None
    other = DecodeOnce(PHOTO, tensors.PhotoForm(50, None, "bilinear"))
    open_dataset(root, look=other)
    assert other.take(files[0], MEASURED) is None


def test_no_more_is_kept_than_there_is_room_for(root: Path, decoded: list[Any]) -> None:
    look = DecodeOnce(PHOTO, MEASURED, room=round(2.5 * MEASURED.nbytes))
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(9))
    kept = [array for file in files if (array := look.take(file, MEASURED)) is not None]
    assert len(kept) == 2
    assert all(np.asarray(array).nbytes == MEASURED.nbytes for array in kept)
    assert torch.equal(load_eval(files, look), load_eval(files))


def test_what_cannot_be_read_is_said_by_the_check(root: Path) -> None:
    whole = (root / "ant" / "other_0.jpg").read_bytes()
    (root / "bee" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    look = DecodeOnce(PHOTO, MEASURED)
    dataset, report = open_dataset(root, look=look)
    assert len(dataset.items) == 9
    assert "cut off" in dict(report.unreadable)["bee/cut.jpg"]
    with pytest.raises(DataError, match=r"cut\.jpg"):
        load_eval([root / "bee" / "cut.jpg"], look)
