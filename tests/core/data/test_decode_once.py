from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.photos import make_photo, make_photo_folder
from tl_core.backbones.spec import Preprocessing
from tl_core.data import AUGMENTATIONS, decode, open_dataset
from tl_core.data.decode_once import DecodeOnce
from tl_core.data.views import TrainViews, load_eval, shorter_side
from tl_core.errors import DataError

PREPROCESSING = Preprocessing(40, 32, "bilinear", (0.48, 0.45, 0.4), (0.27, 0.26, 0.28))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Class folders with photos of several shapes, most of them larger than is needed."""
    folder = make_photo_folder(tmp_path / "pets", per_class=3)
    for number, size in enumerate([(500, 375), (300, 801), (30, 90)]):
        make_photo(0, seed=number).resize(size).save(folder / "ant" / f"other_{number}.jpg")
    return folder


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Hold whatever is decoded during the test."""
    seen: list[Any] = []

    def noting(source: Any, **options: Any) -> Image.Image:
        seen.append(source)
        return decode(source, **options)

    monkeypatch.setattr("tl_core.data.decode_once.decode", noting)
    return seen


@pytest.mark.parametrize("augment", ["none", "standard"])
def test_a_checked_photo_is_not_decoded_again_and_looks_the_same(
    augment: str, root: Path, decoded: list[Any]
) -> None:
    augmentation = AUGMENTATIONS.get(augment)
    look = DecodeOnce(shorter_side(PREPROCESSING, augmentation), PREPROCESSING)
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(len(dataset.items)))
    assert len(decoded) == len(files) == 9
    views = TrainViews(files, PREPROCESSING, augmentation, 0, read=look.read).batch(range(9), 1)
    assert len(decoded) == 9
    fresh = TrainViews(files, PREPROCESSING, augmentation, 0).batch(range(9), 1)
    assert torch.equal(views, fresh)
    assert len(decoded) == 18


def test_another_size_and_a_second_time_are_decoded(root: Path, decoded: list[Any]) -> None:
    look = DecodeOnce(PREPROCESSING.resize, PREPROCESSING)
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(9))
    first = load_eval(files, PREPROCESSING, read=look.read)
    assert len(decoded) == 9
    assert torch.equal(first, load_eval(files, PREPROCESSING, read=look.read))
    assert len(decoded) == 18
    assert look.read(files[0], 200).size == decode(files[0], shorter=200).size


def test_no_more_is_kept_than_there_is_room_for(root: Path, decoded: list[Any]) -> None:
    most = 3 * 40 * 54  # the pixels of two photos and a half, roughly
    look = DecodeOnce(PREPROCESSING.resize, PREPROCESSING, room=round(2.5 * most))
    dataset, _ = open_dataset(root, look=look)
    files = dataset.files(range(9))
    views = load_eval(files, PREPROCESSING, read=look.read)
    assert 9 + 5 <= len(decoded) < 18
    assert torch.equal(views, load_eval(files, PREPROCESSING))


def test_what_cannot_be_read_is_said_by_the_check(root: Path) -> None:
    whole = (root / "ant" / "other_0.jpg").read_bytes()
    (root / "bee" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    look = DecodeOnce(PREPROCESSING.resize, PREPROCESSING)
    dataset, report = open_dataset(root, look=look)
    assert len(dataset.items) == 9
    assert "cut off" in dict(report.unreadable)["bee/cut.jpg"]
    with pytest.raises(DataError, match=r"cut\.jpg"):
        look.read(root / "bee" / "cut.jpg", 40)
