"""What a run needs in order to go on from the end of an epoch as if nothing had happened.

Batch order, dropout and augmentation depend on (seed, epoch, picture) alone, so at the end of an
epoch there is no random state to keep: weights, optimiser, schedule and history are all there is.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from tl_core.errors import RunError, UserError
from tl_core.home import replacing
from tl_core.training.record import CHECKPOINT

State = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A run at the end of an epoch: tensors and plain data only.

    Attributes
    ----------
    asked, config
        The configuration as it was asked for, and as it was resolved.
    fingerprint
        Of the data set.
    history, phases
        Events up to here, as dictionaries.
    learned
        Names of the parameters that have learned in some phase.
    steps, seconds
        Optimiser steps and wall time up to here; time in a pause does not count.
    best_epoch, best
        The best epoch so far and its weights.
    classifier, optimizer, schedule
        Their ``state_dict``.
    """

    asked: State
    config: State
    fingerprint: str
    history: list[State]
    phases: list[State]
    learned: list[str]
    steps: int
    seconds: float
    best_epoch: int
    best: dict[str, torch.Tensor]
    classifier: dict[str, torch.Tensor]
    optimizer: State
    schedule: State

    def save(self, run_dir: Path) -> None:
        """Replace the checkpoint of a run by this one.

        Raises
        ------
        RunError
            If it cannot be written; the one before it is still there, whole.
        """
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        with writing(), replacing(run_dir / CHECKPOINT) as temporary:
            torch.save(values, temporary)

    @classmethod
    def load(cls, run_dir: Path) -> Checkpoint | None:
        """Return the checkpoint of a run, or None if there is none.

        Raises
        ------
        UserError
            If it cannot be read, or another version of this program has written it.
        """
        path = run_dir / CHECKPOINT
        if not path.exists():
            return None
        try:
            return cls(**torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, pickle.UnpicklingError, TypeError, EOFError, OSError) as error:
            raise UserError(
                "What was saved of this run cannot be read; perhaps another version of this "
                "program has written it. Start the run again."
            ) from error


@contextmanager
def writing() -> Iterator[None]:
    """Turn what goes wrong on the disk into a reason in plain words.

    Raises
    ------
    RunError
        If the disk is full or cannot be written.
    """
    try:
        yield
    # torch and safetensors report a full disk by errors of their own.
    except (OSError, RuntimeError, SafetensorError) as error:
        raise RunError(
            "The run could not be saved: the server's disk is full or cannot be written. Free "
            "some space, for instance by removing old uploads and runs, then start it again."
        ) from error
