from pathlib import Path
from typing import Any

import pytest
import torch

from tests.photos import make_photo_folder
from tl_core.data.views import Items, TrainingViews
from tl_core.errors import DataError
from tl_core.modalities.photo import PHOTO, tensors
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing

PREPROCESSING = PhotoPreprocessing(40, 32, "bilinear", (0.48, 0.45, 0.4), (0.27, 0.26, 0.28))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return sorted(make_photo_folder(tmp_path, per_class=4).rglob("*.jpg"))


def load_eval(files: list[Path], **more: Any) -> torch.Tensor:
    return Items(PHOTO, files, **more).evaluation_batch(PREPROCESSING)


def training(files: list[Path], name: str, seed: int = 0, **more: Any) -> TrainingViews:
    return TrainingViews(Items(PHOTO, files, **more), PREPROCESSING, AUGMENTATIONS.get(name), seed)


def test_load_eval_keeps_the_order_and_reports_progress(files: list[Path]) -> None:
    seen: list[tuple[int, int]] = []
    views = load_eval(files, progress=lambda done, total, _: seen.append((done, total)))
    assert views.shape == (8, 3, 32, 32) and views.dtype == torch.uint8
    assert seen == [(i + 1, 8) for i in range(8)]
    assert torch.equal(views[5:6], load_eval(files[5:6]))
    assert load_eval([]).shape == (0, 3, 32, 32)


def test_an_unreadable_photo_is_named(files: list[Path]) -> None:
    files[3].write_bytes(files[3].read_bytes()[:200])
    with pytest.raises(DataError, match=files[3].name):
        load_eval(files)


@pytest.mark.parametrize("name", AUGMENTATIONS.names())
def test_a_draw_depends_on_seed_epoch_and_picture_alone(files: list[Path], name: str) -> None:
    views = training(files, name, seed=3)
    whole = views.batch(range(8), epoch=2)
    assert whole.shape == (8, 3, 32, 32) and whole.dtype == torch.uint8
    views.batch([7, 0], epoch=5)  # other calls between change nothing
    assert torch.equal(views.batch([6, 1, 6], epoch=2), whole[[6, 1, 6]])
    again = training(files, name, seed=3)
    assert torch.equal(again.batch(range(8), epoch=2), whole)
    if name == "none":
        assert torch.equal(whole, load_eval(files))
    else:
        other = training(files, name, seed=4)
        assert not torch.equal(other.batch(range(8), epoch=2), whole)
        assert not torch.equal(views.batch(range(8), epoch=3), whole)


def test_light_views_are_the_measured_view_or_its_mirror_image(files: list[Path]) -> None:
    views = training(files, "light", seed=0)
    plain = load_eval(files)
    mirrored = 0
    for epoch in range(10):
        for view, original in zip(views.batch(range(8), epoch), plain, strict=True):
            is_mirrored = torch.equal(view, original.flip(-1))
            mirrored += is_mirrored
            assert is_mirrored or torch.equal(view, original)
    assert 20 <= mirrored <= 60


def test_the_global_random_state_is_untouched(files: list[Path]) -> None:
    views = training(files, "strong", seed=0)
    before = torch.get_rng_state()
    views.batch(range(8), epoch=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_views_outlive_their_files(files: list[Path]) -> None:
    views = training(files, "standard", seed=0)
    for file in files:
        file.unlink()
    assert views.batch([0, 1], epoch=0).shape[0] == 2


@pytest.mark.parametrize("name", ["none", "standard"])
def test_pixels_are_decoded_once_for_all_runs(
    files: list[Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = [file.name for file in files]
    once = training(files, name, digests=digests)
    fresh = training(files, name)
    with monkeypatch.context() as patch:
        patch.setattr(tensors, "to_array", lambda *_: pytest.fail("again"))
        again = training(files, name, digests=digests)
    assert torch.equal(once.batch([3, 1], 2), fresh.batch([3, 1], 2))
    assert torch.equal(once.batch([3, 1], 2), again.batch([3, 1], 2))


@pytest.mark.parametrize("name", ["none", "standard"])
def test_without_any_room_photos_are_decoded_when_they_are_needed(
    files: list[Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_CACHE_GB", "0")
    monkeypatch.setattr("tl_core.cache.free_memory", lambda: 0)
    views = training(files, name, digests=list("abcdefgh"))
    fresh = training(files, name)
    assert torch.equal(views.batch([3, 1], 2), fresh.batch([3, 1], 2))
