"""Losses and right answers of an epoch, read without holding up the device that computes them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch

from tl_core.errors import NonFiniteLoss

READ_SECONDS = 0.2
"""Reading a number waits until a GPU has computed it, so it is done so seldom, not every step."""


class EpochMetrics:
    """The steps of one epoch.

    Attributes
    ----------
    photos
        Seen so far.
    """

    def __init__(self) -> None:
        self.photos = 0
        self._loss, self._right = 0.0, 0
        self._waiting: list[tuple[int, torch.Tensor]] = []
        self._read = -math.inf

    def add(self, loss: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor) -> None:
        """Note a step: its mean loss, and scores (B, C) beside labels (B,)."""
        right = (scores.argmax(1) == labels).sum()
        self._waiting.append((len(labels), torch.stack([loss.detach(), right])))
        self.photos += len(labels)

    @property
    def due(self) -> bool:
        """Whether the last reading is long enough ago."""
        return time.monotonic() - self._read >= READ_SECONDS

    def losses(self) -> Iterator[float]:
        """Yield the loss of each step since the last reading.

        Raises
        ------
        NonFiniteLoss
            At a step whose loss is infinite or undefined.
        """
        if self._waiting:
            counts, numbers = zip(*self._waiting, strict=True)
            self._waiting.clear()
            for count, (loss, right) in zip(counts, torch.stack(numbers).tolist(), strict=True):
                self._loss += finite(loss) * count
                self._right += int(right)
                yield loss
        self._read = time.monotonic()

    @property
    def loss(self) -> float:
        """Mean over all photos whose steps were read."""
        return self._loss / self.photos

    @property
    def accuracy(self) -> float:
        """Share of right answers among them."""
        return self._right / self.photos


def finite(loss: float) -> float:
    """Return a loss unchanged.

    Raises
    ------
    NonFiniteLoss
        If it is infinite or undefined.
    """
    if not math.isfinite(loss):
        raise NonFiniteLoss(
            "The loss became infinite or undefined: the learning rate is probably too high. "
            "Try a tenth of it."
        )
    return loss
