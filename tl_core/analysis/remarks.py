"""Remarks about a run's curves, made only when they are true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from tl_core.training.events import EpochEnded

WINDOW = 3
"""Epochs that are averaged before two places on a curve are compared: single ones are noisy."""


@dataclass(frozen=True)
class Remark:
    """A sentence about a curve.

    Attributes
    ----------
    name
        ``overfitting``, ``rate_too_high``, ``still_improving`` or ``not_learning``.
    text
        What is seen, what it usually means and the nearest thing to try.
    """

    name: str
    text: str


def remarks(history: Sequence[EpochEnded], classes: int, *, ended: bool) -> list[Remark]:
    """Return the remarks that the curves support.

    Parameters
    ----------
    history
        The epochs so far.
    classes
        Number of classes: guessing gets one in so many right.
    ended
        Whether the run is over; some things can only be said then.
    """
    rules: list[Callable[[], str | None]] = [
        lambda: _rate_too_high(history),
        lambda: _overfitting(history),
        lambda: _not_learning(history, classes) if ended else None,
        lambda: _still_improving(history) if ended else None,
    ]
    names = ("rate_too_high", "overfitting", "not_learning", "still_improving")
    texts = zip(names, (rule() for rule in rules), strict=True)
    return [Remark(name, text) for name, text in texts if text]


def _overfitting(history: Sequence[EpochEnded]) -> str | None:
    """See validation loss rise well above its lowest while training loss went on falling."""
    if len(history) < 2 * WINDOW:
        return None
    val = _smooth([e.val_loss for e in history])
    train = _smooth([e.train_loss for e in history])
    lowest = min(range(len(val)), key=val.__getitem__)
    if val[-1] > 1.1 * val[lowest] and train[-1] < 0.9 * train[lowest]:
        return (
            f"The validation loss has risen since about epoch {lowest + WINDOW} while the "
            "training loss went on falling: the network begins to learn the training photos by "
            "heart. Freezing more stages, more photos or augmentation help."
        )
    return None


def _rate_too_high(history: Sequence[EpochEnded]) -> str | None:
    """See the training loss, which every step should lower, jump above where it began."""
    losses = [e.train_loss for e in history]
    if len(losses) >= 3 and max(losses[1:]) > 1.5 * losses[0]:
        return (
            "The training loss jumped above where it began: the steps are too large. "
            "Try a third of the learning rate."
        )
    return None


def _not_learning(history: Sequence[EpochEnded], classes: int) -> str | None:
    """See the training accuracy stay near guessing."""
    if len(history) >= WINDOW and history[-1].train_accuracy < 1.3 / classes:
        return (
            f"Guessing would get one in {classes} right, and this run hardly does better on its "
            "own training photos. A larger learning rate or more epochs may help."
        )
    return None


def _still_improving(history: Sequence[EpochEnded]) -> str | None:
    """See the validation loss still falling over the last quarter of the epochs."""
    if len(history) < 2 * WINDOW:
        return None
    val = _smooth([e.val_loss for e in history])
    earlier = val[-1 - max(1, len(history) // 4)]
    if val[-1] == min(val) and val[-1] < 0.97 * earlier:
        return "The validation loss was still falling when the run ended: more epochs may help."
    return None


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the means of every ``WINDOW`` neighbours."""
    return [mean(values[i : i + WINDOW]) for i in range(len(values) - WINDOW + 1)]
