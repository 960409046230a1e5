"""What a run needs in order to go on from the end of an epoch as if nothing had happened.

Batch order, dropout and augmentation depend on (seed, epoch, position) alone, so at the end of an
epoch there is no random state to keep: weights, optimiser, schedule and history are all there is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tl_core.classifier import TransferClassifier
from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.data import DatasetSpec
from tl_core.errors import ConfigError, RunError, UserError
from tl_core.home import replacing
from tl_core.reading import Unreadable
from tl_core.training.checkpoint_file import read_checkpoint, require_like, require_state
from tl_core.training.config import CHECKPOINT_SHARE, RunConfig
from tl_core.training.events import EpochEnded, PhaseStarted
from tl_core.training.record import CHECKPOINT
from tl_core.training.setup import TrainingSetup
from tl_core.training.state import Best, RunState
from tl_core.training.tensor_file import forms_of, require_forms

Plain = dict[str, Any]


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
        Events up to here.
    learned
        Names of the parameters that have learned in some phase.
    steps, seconds
        Optimiser steps and wall time up to here; time in a pause does not count.
    best_epoch, best
        The best epoch so far and its weights.
    classifier, optimizer, schedule
        Their ``state_dict``.
    """

    asked: Plain
    config: Plain
    fingerprint: str
    history: list[EpochEnded]
    phases: list[PhaseStarted]
    learned: list[str]
    steps: int
    seconds: float
    best_epoch: int
    best: dict[str, torch.Tensor]
    classifier: dict[str, torch.Tensor]
    optimizer: Plain
    schedule: Plain

    def save(self, run_dir: Path) -> None:
        """Replace the checkpoint of a run by this one.

        Raises
        ------
        RunError
            If it cannot be written; the one before it is still there, whole.
        """
        with writing(), replacing(run_dir / CHECKPOINT) as temporary:
            torch.save(to_plain(self), temporary)

    @classmethod
    def load(cls, run_dir: Path) -> Checkpoint | None:
        """Return the checkpoint of a run, or None if there is none.

        Raises
        ------
        UserError
            If it cannot be read, contradicts itself, or another version has written it.
        """
        if not os.path.lexists(run_dir / CHECKPOINT):
            return None
        with _reading(run_dir):
            found = from_plain(cls, read_checkpoint(run_dir / CHECKPOINT))
            found._check()
        return found

    def _check(self) -> None:
        """Refuse what no run can have saved."""
        asked, config = RunConfig.from_dict(self.asked), RunConfig.from_dict(self.config)
        planned = [(phase.name, phase.epochs) for phase in config.phases]
        began = [(phase.name, phase.epochs) for phase in self.phases]
        epochs = [epoch.epoch for epoch in self.history]
        if (asked.epochs, asked.strategy) != (config.epochs, config.strategy):
            raise Unreadable("was asked for another run than it holds")
        if not began or began != planned[: len(began)]:
            raise Unreadable("holds other phases than its strategy has")
        if not epochs or epochs != list(range(1, len(epochs) + 1)) or len(epochs) > config.epochs:
            raise Unreadable(f"holds epochs other than 1 to {config.epochs}, in order")
        if any(not 1 <= phase.first_epoch <= len(epochs) + 1 for phase in self.phases):
            raise Unreadable("holds a phase that begins at no epoch")
        if not 1 <= self.best_epoch <= len(epochs) or min(self.steps, self.seconds) < 0:
            raise Unreadable("holds a best epoch, steps or seconds that cannot be")

    def require_fit(
        self, classifier: TransferClassifier, optimizer: Optimizer, schedule: LRScheduler
    ) -> None:
        """Refuse to put tensors back that belong to another network or optimiser.

        Raises
        ------
        Unreadable
            Naming what does not fit.
        """
        wanted = forms_of(classifier.state_dict())
        for tensors in (self.classifier, self.best):
            require_forms(forms_of(tensors), wanted, f"{self.config['backbone']} of this run")
        require_state(optimizer, self.optimizer)
        require_like(self.schedule, schedule.state_dict(), "schedule")

    def state(self) -> RunState:
        """Return the state of the run at the end of that epoch."""
        accuracy = self.history[self.best_epoch - 1].val_accuracy
        return RunState(
            history=list(self.history),
            phases=list(self.phases),
            learned=set(self.learned),
            steps=self.steps,
            best=Best(self.best_epoch, accuracy, self.best),
            began=time.perf_counter() - self.seconds,
            saved_epoch=len(self.history),
        )


class Checkpoints:
    """When a run is kept, and where it goes on from.

    Parameters
    ----------
    config
        As it was asked for.
    run_dir
        The folder of the run. If it holds a checkpoint of the same configuration, the run goes on
        from there.

    Attributes
    ----------
    pending
        The checkpoint that the run goes on from, until it is restored.

    Raises
    ------
    ConfigError
        If the folder already holds something else: a run never overwrites another.
    """

    def __init__(self, config: RunConfig, run_dir: Path) -> None:
        self.asked, self.run_dir = config, run_dir
        self.pending = self._find()
        self._next = 0.0

    def _find(self) -> Checkpoint | None:
        taken = self.run_dir.exists()
        if self.run_dir.is_dir():
            for remains in self.run_dir.glob(f".{CHECKPOINT}.*"):  # of a process killed meanwhile
                remains.unlink()
            taken = any(self.run_dir.iterdir())
        found = Checkpoint.load(self.run_dir)
        if taken and (found is None or RunConfig.from_dict(found.asked) != self.asked):
            raise ConfigError(
                f"The folder for this run, {self.run_dir}, is not empty. "
                "Name another one with --out, or move it away."
            )
        return found

    @property
    def config(self) -> RunConfig:
        """The configuration to train with: resolved where the run goes on."""
        return RunConfig.from_dict(self.pending.config) if self.pending else self.asked

    def check(self, dataset: DatasetSpec) -> None:
        """Refuse to go on with other data than the run began with.

        Raises
        ------
        RunError
            If the fingerprint of the data set differs.
        """
        if self.pending and self.pending.fingerprint != dataset.fingerprint:
            raise RunError(
                f"The {dataset.kind.plural} have changed since this run stopped, so it cannot go "
                "on. Start it again."
            )

    def restore(
        self, classifier: TransferClassifier, optimizer: Optimizer, schedule: LRScheduler
    ) -> None:
        """Put everything back as the checkpoint has it, if the run goes on from one.

        Raises
        ------
        UserError
            If the checkpoint does not fit; nothing was put back then.
        """
        if self.pending is None:
            return
        with _reading(self.run_dir):
            self.pending.require_fit(classifier, optimizer, schedule)
        classifier.load_state_dict(self.pending.classifier)
        # What an older checkpoint lacks keeps its fresh value; what it has beyond that is unused.
        kept, fresh = self.pending.optimizer, optimizer.state_dict()["param_groups"]
        pairs = zip(fresh, kept["param_groups"], strict=True)
        groups = [new | {name: old[name] for name in new.keys() & old.keys()} for new, old in pairs]
        optimizer.load_state_dict({"state": kept["state"], "param_groups": groups})
        scheduled = self.pending.schedule
        known = schedule.state_dict().keys() & scheduled.keys()
        schedule.load_state_dict({name: scheduled[name] for name in known})
        self.pending = None

    def save(
        self,
        setup: TrainingSetup,
        state: RunState,
        optimizer: Optimizer,
        schedule: LRScheduler,
        *,
        always: bool = False,
    ) -> None:
        """Keep the end of an epoch, unless the last checkpoint was too costly and too recent.

        Parameters
        ----------
        always
            Keep it in any case: the run is about to stop here.
        """
        start = time.perf_counter()
        if start < self._next and not always:
            return
        assert state.best is not None
        Checkpoint(
            asked=self.asked.to_dict(),
            config=setup.config.to_dict(),
            fingerprint=setup.dataset.fingerprint,
            history=state.history,
            phases=state.phases,
            learned=sorted(state.learned),
            steps=state.steps,
            seconds=state.seconds,
            best_epoch=state.best.epoch,
            best=dict(state.best.weights),
            classifier=setup.classifier.state_dict(),
            optimizer=optimizer.state_dict(),
            schedule=schedule.state_dict(),
        ).save(self.run_dir)
        end = time.perf_counter()
        state.saved_epoch = len(state.history)
        self._next = end + (end - start) / CHECKPOINT_SHARE

    def discard(self) -> None:
        """Remove the checkpoint: the run is over."""
        (self.run_dir / CHECKPOINT).unlink(missing_ok=True)


@contextmanager
def _reading(run_dir: Path) -> Iterator[None]:
    """Turn whatever is wrong with a checkpoint into a sentence that names it."""
    try:
        yield
    except (Unreadable, PlainDataError, UserError) as error:
        raise UserError(
            f"What was saved of this run cannot be read: {run_dir / CHECKPOINT} "
            f"{str(error).rstrip('.')}. Perhaps another version of this program has written it. "
            "Start the run again."
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
