from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.photos import make_photo_folder
from tl_core.device import send
from tl_core.errors import NonFiniteLoss
from tl_core.training import epoch_metrics as tallies
from tl_core.training.config import make_config
from tl_core.training.epoch_metrics import EpochMetrics
from tl_core.training.events import EpochEnded, StepEnded
from tl_core.training.loop import train

SCORES = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0]])
LABELS = torch.tensor([0, 0, 0])


def test_losses_are_weighed_by_the_photos_of_their_step() -> None:
    tally = EpochMetrics()
    tally.add(torch.tensor(1.0), SCORES, LABELS)
    tally.add(torch.tensor(4.0), SCORES[:1], LABELS[:1])
    assert list(tally.losses()) == [1.0, 4.0]
    assert list(tally.losses()) == []
    assert tally.loss == pytest.approx(7 / 4) and tally.accuracy == pytest.approx(3 / 4)


def test_an_infinite_loss_is_told_after_the_steps_before_it() -> None:
    tally = EpochMetrics()
    for loss in (1.0, float("nan"), 2.0):
        tally.add(torch.tensor(loss), SCORES, LABELS)
    read = []
    with pytest.raises(NonFiniteLoss, match="learning rate"):
        for loss in tally.losses():
            read.append(loss)
    assert read == [1.0]


def test_no_step_waits_for_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU each of these would wait until all that was asked of it is done."""
    photos = make_photo_folder(tmp_path / "photos", per_class=14)
    monkeypatch.setattr(tallies, "READ_SECONDS", float("inf"))
    read: list[str] = []
    for name in ("item", "tolist", "__int__", "__float__", "__bool__", "cpu", "numpy"):
        original = getattr(torch.Tensor, name)

        def note(self: torch.Tensor, *args: object, _o=original, _n=name, **more: object) -> object:
            read.append(_n)
            return _o(self, *args, **more)

        monkeypatch.setattr(torch.Tensor, name, note)
    config = make_config(
        str(photos), strategy="fine_tune", trainable="last:1", input_size=32, batch_size=2,
        epochs=2, precision="fp32", threads=1, augment="none", optimizer="sgd",
    )  # fmt: skip
    looks: dict[int, int] = {}
    stream = train(config, tmp_path / "run")
    for event in stream:
        if isinstance(event, StepEnded):
            looks.setdefault(event.step, len(read))
        if isinstance(event, EpochEnded):
            break
    steps = [looks[step] for step in sorted(looks)]
    # The first step is told at once; all others are read together, at the end of the epoch.
    assert len(steps) == 10 and len(set(steps[1:])) == 1
    assert steps[1] - steps[0] <= 2, read[steps[0] : steps[1]]


def test_what_is_sent_to_the_processor_stays() -> None:
    assert send(LABELS, "cpu") is LABELS
    assert send(LABELS, torch.device("meta")).device.type == "meta"
