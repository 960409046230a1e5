"""What a training run reports, as it happens.

One stream serves the live chart, the store, the command line and the tests. Which events occur:

=======================  ========  ======  =========  ======
event                    finished  failed  cancelled  paused
=======================  ========  ======  =========  ======
PreparationAdvanced      0..n      0..n    0..n       0..n
RunStarted, RunResumed   1         0..1    0..1       0..1
PhaseStarted             0..n      0..n    0..n       0..n
PrefixCached             0..n      0..n    0..n       0..n
StepEnded, EpochEnded    0..n      0..n    0..n       0..n
CheckpointSaved          1         0       0..1       0..1
RunEnded                 1
RunFailed                          1
RunCancelled                               1
RunPaused                                             1
=======================  ========  ======  =========  ======

The last event of a stream is always one of the last four. A run that was paused or interrupted has
another stream when it goes on: that begins with ``RunResumed`` instead of ``RunStarted``, and
reports only the phases, steps and epochs from there on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.codec import from_tagged, to_tagged


@dataclass(frozen=True)
class PreparationAdvanced:
    """Something before the first step advanced: ``done`` of ``total`` pieces of ``what``."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class RunStarted:
    """The run is set up and its configuration resolved.

    Attributes
    ----------
    config
        The resolved ``RunConfig`` as plain data.
    classes
        Class names in the order of the labels.
    train_count, val_count, test_count
        Photos in each split.
    epochs, steps
        Totals over all phases.
    total_parameters
        Learnable values of backbone and head.
    """

    config: dict[str, Any]
    classes: list[str]
    train_count: int
    val_count: int
    test_count: int
    epochs: int
    steps: int
    total_parameters: int


@dataclass(frozen=True)
class RunResumed:
    """The run goes on after ``epoch`` whole epochs; what it reported beyond them is void.

    Attributes
    ----------
    epoch, step
        The last ones that are done.
    seconds
        Wall time of the run up to there.
    """

    epoch: int
    step: int
    seconds: float


@dataclass(frozen=True)
class PhaseStarted:
    """A phase begins: the stages in ``trainable`` learn from epoch ``first_epoch`` on."""

    phase: int
    name: str
    trainable: list[str]
    trainable_parameters: int
    first_epoch: int
    epochs: int


@dataclass(frozen=True)
class PrefixCached:
    """The frozen stages in front of a phase are done: its epochs start at their boundary.

    Attributes
    ----------
    phase
        Number of the phase.
    stages
        Of the backbone that lie in front; pooling counts to the last.
    views
        Of each training photo that are kept; the epochs take them in turn.
    bytes
        Of all that is kept.
    where
        ``file`` or ``memory``.
    seconds
        Spent on it by this run; little, if another run had kept it.
    seconds_saved
        What the frozen stages would have cost in all epochs of the phase, less ``seconds``.
    """

    phase: int
    stages: list[str]
    views: int
    bytes: int
    where: str
    seconds: float
    seconds_saved: float


@dataclass(frozen=True)
class StepEnded:
    """One optimiser step; ``step`` counts from 1 over the whole run."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class EpochEnded:
    """One epoch; accuracies are fractions, ``lr`` is the head's rate, ``best`` says "best yet"."""

    epoch: int
    phase: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    seconds: float
    best: bool


@dataclass(frozen=True)
class CheckpointSaved:
    """The weights of ``epoch`` are on disk, whole."""

    epoch: int
    path: str


@dataclass(frozen=True)
class RunEnded:
    """The run finished; ``summary`` is what the command line prints as JSON."""

    summary: dict[str, Any]


@dataclass(frozen=True)
class RunFailed:
    """The run could not finish; ``reason`` is a sentence for people."""

    reason: str


@dataclass(frozen=True)
class RunCancelled:
    """The run was stopped on request after ``epoch`` whole epochs."""

    epoch: int


@dataclass(frozen=True)
class RunPaused:
    """The run stopped so that it can go on; ``epoch`` whole epochs need not be repeated then."""

    epoch: int


TrainEvent = (
    PreparationAdvanced
    | RunStarted
    | RunResumed
    | PhaseStarted
    | PrefixCached
    | StepEnded
    | EpochEnded
    | CheckpointSaved
    | RunEnded
    | RunFailed
    | RunCancelled
    | RunPaused
)

ENDINGS = (RunEnded, RunFailed, RunCancelled, RunPaused)
"""One of these is the last event of every stream."""


def to_dict(event: TrainEvent) -> dict[str, Any]:
    """Return plain data for JSON, with the event's name under ``event``."""
    return to_tagged(event, "event")


def from_dict(values: Mapping[str, Any]) -> TrainEvent:
    """Read what :func:`to_dict` wrote.

    Raises
    ------
    PlainDataError
        If it is no event.
    """
    event: TrainEvent = from_tagged(TrainEvent, values, "event")
    return event


class CancelRun(Exception):
    """Thrown into a stream of events (``events.throw(CancelRun())``) to stop the run."""


class PauseRun(Exception):
    """Thrown into a stream of events to stop the run in such a way that it can go on later."""
