"""Photos that resemble nothing in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from tests.jobs import quick
from tests.photos import make_photo, make_photo_folder
from tl_core.errors import UserError
from tl_core.runs.restore import predict_files
from tl_core.strategies import STRATEGIES
from tl_core.training.config import REMEMBERED
from tl_core.training.events import RunEnded
from tl_core.training.loop import train
from tl_core.training.novelty import NEIGHBOUR, UNFAMILIAR, NoveltyDetector
from tl_core.training.record import NOVELTY, RunRecord

FEATURES = 256
"""Of resnet_mini."""


@pytest.fixture(scope="module")
def many_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photo_folder(tmp_path_factory.mktemp("photos") / "set", per_class=30)


def finish(photos: Path, folder: Path, **choices: object) -> Path:
    assert isinstance(list(train(quick(photos, **choices), folder))[-1], RunEnded)
    return folder


def around(direction: int, count: int, seed: int) -> torch.Tensor:
    """Return features (count, 8) near one axis, each of a length of its own."""
    noise = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    return (F.one_hot(torch.tensor(direction), 8) + 0.1 * noise) * torch.rand(count, 1).add(0.5)


def test_the_share_of_nearer_validation_photos_is_counted() -> None:
    training, validation = around(0, 60, seed=1), around(0, 200, seed=2)
    known = NoveltyDetector.fit(training, validation)
    again, far = around(0, 400, seed=3), around(5, 20, seed=4)
    false_alarms = sum(share > UNFAMILIAR for share in known.score(again)) / 400
    assert 0.01 < false_alarms < 0.12
    assert known.score(far) == [1.0] * 20
    assert known.score(3 * again) == pytest.approx(known.score(again), abs=0.01)


def test_one_strange_training_photo_vouches_for_no_other() -> None:
    training = torch.cat([around(0, 60, seed=1), around(5, NEIGHBOUR - 1, seed=2)])
    known = NoveltyDetector.fit(training, around(0, 50, seed=3))
    assert known.score(around(5, 10, seed=4)) == [1.0] * 10


def test_with_fewer_photos_than_neighbours_the_farthest_counts() -> None:
    known = NoveltyDetector.fit(around(0, 2, seed=1), around(0, 3, seed=2))
    assert known.score(around(5, 1, seed=3)) == [1.0]


@pytest.mark.parametrize("strategy", STRATEGIES.names())
def test_every_run_keeps_what_it_is_at_home_with(
    strategy: str, many_photos: Path, tmp_path: Path
) -> None:
    run = finish(many_photos, tmp_path / "run", strategy=strategy, trainable="last:2")
    known, record = NoveltyDetector.load(run, FEATURES), RunRecord.load(run)
    assert known is not None
    assert len(known.features) == len(record.split["train"]) <= REMEMBERED
    assert len(known.distances) == len(record.val)
    assert torch.linalg.vector_norm(known.features.float(), dim=1) == pytest.approx(1, abs=1e-2)


def test_where_features_are_kept_changes_nothing(many_photos: Path, tmp_path: Path) -> None:
    runs = [finish(many_photos, tmp_path / str(cache), cache=cache) for cache in (True, False)]
    kept, afresh = (NoveltyDetector.load(run, FEATURES) for run in runs)
    assert kept is not None and afresh is not None
    assert kept.features.float().numpy() == pytest.approx(afresh.features.float().numpy(), abs=2e-3)


def test_noise_is_unfamiliar_and_photos_of_the_task_are_not(
    many_photos: Path, tmp_path: Path
) -> None:
    run = finish(many_photos, tmp_path / "run")
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    new = [tmp_path / f"{seed}.png" for seed in range(1000, 1020)]
    for seed, file in enumerate(new, start=1000):
        make_photo(seed % 2, seed=seed).save(file)
    odd, *others = predict_files(run, [tmp_path / "noise.png", *new]).predictions
    assert odd["unfamiliar"] and odd["novelty"] == 1.0
    assert sum(answer["unfamiliar"] for answer in others) <= 4


def test_a_run_from_before_gives_no_warning_and_a_damaged_file_is_told(
    many_photos: Path, tmp_path: Path
) -> None:
    run = finish(many_photos, tmp_path / "run")
    photo = next(many_photos.rglob("*.jpg"))
    (run / NOVELTY).write_bytes(b"garbage")
    with pytest.raises(UserError, match="damaged"):
        predict_files(run, [photo])
    (run / NOVELTY).unlink()
    [answer] = predict_files(run, [photo]).predictions
    assert answer["novelty"] is None and not answer["unfamiliar"]
