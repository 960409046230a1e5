import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.photos import make_photo_folder
from tl_core.backbones.spec import Preprocessing
from tl_core.compat import torchvision  # noqa: F401
from tl_core.data.views import TrainViews, eval_view, load_eval, normalise
from tl_core.errors import DataError
from tl_core.modalities.photo.augment import AUGMENTATIONS

# isort: split
from torchvision.transforms import v2
from torchvision.transforms.functional import InterpolationMode

PREPROCESSING = Preprocessing(40, 32, "bilinear", (0.48, 0.45, 0.4), (0.27, 0.26, 0.28))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return sorted(make_photo_folder(tmp_path, per_class=4).rglob("*.jpg"))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "size", [(80, 60), (61, 97), (33, 200), (20, 20), (500, 375), (7, 300), (41, 40)]
)
def test_eval_view_equals_torchvisions_preset_on_the_photo(
    interpolation: str, size: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(pixels)
    preset = v2.Compose([v2.Resize(40, InterpolationMode(interpolation)), v2.CenterCrop(32)])
    preprocessing = Preprocessing(40, 32, interpolation, (0.5,) * 3, (0.5,) * 3)
    assert np.array_equal(np.asarray(eval_view(image, preprocessing)), np.asarray(preset(image)))


def test_load_eval_keeps_the_order_and_reports_progress(files: list[Path]) -> None:
    seen: list[tuple[int, int]] = []
    views = load_eval(files, PREPROCESSING, lambda done, total: seen.append((done, total)))
    assert views.shape == (8, 3, 32, 32) and views.dtype == torch.uint8
    assert seen == [(i + 1, 8) for i in range(8)]
    assert torch.equal(views[5:6], load_eval(files[5:6], PREPROCESSING))
    assert load_eval([], PREPROCESSING).shape == (0, 3, 32, 32)


def test_an_unreadable_photo_is_named(files: list[Path]) -> None:
    files[3].write_bytes(files[3].read_bytes()[:200])
    with pytest.raises(DataError, match=files[3].name):
        load_eval(files, PREPROCESSING)


@pytest.mark.parametrize("name", AUGMENTATIONS.names())
def test_a_draw_depends_on_seed_epoch_and_picture_alone(files: list[Path], name: str) -> None:
    views = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), seed=3)
    whole = views.batch(range(8), epoch=2)
    assert whole.shape == (8, 3, 32, 32) and whole.dtype == torch.uint8
    views.batch([7, 0], epoch=5)  # other calls between change nothing
    assert torch.equal(views.batch([6, 1, 6], epoch=2), whole[[6, 1, 6]])
    again = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), seed=3)
    assert torch.equal(again.batch(range(8), epoch=2), whole)
    if name == "none":
        assert torch.equal(whole, load_eval(files, PREPROCESSING))
    else:
        other = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), seed=4)
        assert not torch.equal(other.batch(range(8), epoch=2), whole)
        assert not torch.equal(views.batch(range(8), epoch=3), whole)


def test_light_views_are_the_measured_view_or_its_mirror_image(files: list[Path]) -> None:
    views = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get("light"), seed=0)
    plain = load_eval(files, PREPROCESSING)
    mirrored = 0
    for epoch in range(10):
        for view, original in zip(views.batch(range(8), epoch), plain, strict=True):
            is_mirrored = torch.equal(view, original.flip(-1))
            mirrored += is_mirrored
            assert is_mirrored or torch.equal(view, original)
    assert 20 <= mirrored <= 60


def test_the_global_random_state_is_untouched(files: list[Path]) -> None:
    views = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get("strong"), seed=0)
    before = torch.get_rng_state()
    views.batch(range(8), epoch=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_photos_are_decoded_once_and_kept_no_larger_than_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [(300, 200), (60, 45)]
    files = []
    for number, size in enumerate(sizes):
        files.append(tmp_path / f"{number}.png")
        Image.new("RGB", size, "teal").save(files[-1])
    kept = []
    monkeypatch.setattr("tl_core.data.views._to_tensor", lambda image: kept.append(image.size))
    TrainViews(files, PREPROCESSING, AUGMENTATIONS.get("standard"), seed=0)
    enough = math.ceil(32 / math.sqrt(0.35))
    assert sorted(kept) == [(60, 45), (int(enough * 1.5), enough)]


def test_views_outlive_their_files(files: list[Path]) -> None:
    views = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get("standard"), seed=0)
    for file in files:
        file.unlink()
    assert views.batch([0, 1], epoch=0).shape[0] == 2


@pytest.mark.parametrize("name", ["none", "standard"])
def test_pixels_are_decoded_once_for_all_runs(
    files: list[Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = [file.name for file in files]
    once = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), 0, digests=digests)
    fresh = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), 0)
    with monkeypatch.context() as patch:
        patch.setattr("tl_core.data.decode_once.decode", lambda *_, **__: pytest.fail("again"))
        again = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), 0, digests=digests)
    assert torch.equal(once.batch([3, 1], 2), fresh.batch([3, 1], 2))
    assert torch.equal(once.batch([3, 1], 2), again.batch([3, 1], 2))


@pytest.mark.parametrize("name", ["none", "standard"])
def test_without_any_room_photos_are_decoded_when_they_are_needed(
    files: list[Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_CACHE_GB", "0")
    monkeypatch.setattr("tl_core.cache.free_memory", lambda: 0)
    views = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), 0, digests=list("abcdefgh"))
    fresh = TrainViews(files, PREPROCESSING, AUGMENTATIONS.get(name), 0)
    assert torch.equal(views.batch([3, 1], 2), fresh.batch([3, 1], 2))


def test_normalise_does_what_torchvision_does(files: list[Path]) -> None:
    batch = load_eval(files, PREPROCESSING)
    result = normalise(batch, PREPROCESSING, "cpu")
    preset = v2.Normalize(PREPROCESSING.mean, PREPROCESSING.std)
    assert result.dtype == torch.float32
    assert result.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(result.contiguous(), preset(batch.float() / 255))
