"""How far a run is: plain, public data that the training loop brings forward.

The policy of checkpoints is in :mod:`~tl_core.training.checkpoint`, what is written at the end in
:mod:`~tl_core.training.record`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from tl_core.classifier import TransferClassifier
from tl_core.strategies import Phase
from tl_core.training.events import EpochEnded, PhaseStarted, PrefixCached


class Best(NamedTuple):
    """The best epoch so far: its number, validation accuracy and weights."""

    epoch: int
    accuracy: float
    weights: Mapping[str, torch.Tensor]


@dataclass
class RunState:
    """How far a run is.

    Attributes
    ----------
    history, phases, caches
        The epochs that ended, the phases that began and what was computed once, in order.
    learned
        Names of the parameters that have learned in some phase.
    steps
        Optimiser steps so far.
    best
        The first epoch with the highest validation accuracy; None before the first has ended.
    began
        When it began, on the clock of ``time.perf_counter``; time in a pause does not count.
    saved_epoch
        Epochs that the checkpoint on disk holds.
    """

    history: list[EpochEnded] = field(default_factory=list)
    phases: list[PhaseStarted] = field(default_factory=list)
    caches: list[PrefixCached] = field(default_factory=list)
    learned: set[str] = field(default_factory=set)
    steps: int = 0
    best: Best | None = None
    began: float = field(default_factory=time.perf_counter)
    saved_epoch: int = 0

    @property
    def seconds(self) -> float:
        """Wall time up to now."""
        return time.perf_counter() - self.began

    def remaining(self, phases: Sequence[Phase]) -> Iterator[tuple[int, Phase]]:
        """Yield the phases that have not ended, with their numbers from 1.

        The last one that began may have been left in the middle by a pause; it comes first.
        """
        first = max(0, len(self.phases) - 1)
        yield from list(enumerate(phases, start=1))[first:]

    def begin_phase(self, phase: Phase, classifier: TransferClassifier) -> PhaseStarted:
        """Note a phase whose freeze plan was applied to the classifier."""
        learning = {n: p.numel() for n, p in classifier.named_parameters() if p.requires_grad}
        self.learned |= learning.keys()
        stages = classifier.backbone.stage_names
        self.phases.append(
            PhaseStarted(
                phase=len(self.phases) + 1,
                name=phase.name,
                trainable=[name for name in stages if name in phase.plan.trainable],
                trainable_parameters=sum(learning.values()),
                first_epoch=len(self.history) + 1,
                epochs=phase.epochs,
            )
        )
        return self.phases[-1]

    def epochs_left(self, patience: int) -> Iterator[int]:
        """Yield the epochs of the phase that began last, until it is over or has stalled.

        Parameters
        ----------
        patience
            Epochs without a lower validation loss after which a phase stops; 0 for never.
        """
        phase = self.phases[-1]
        while len(self.history) + 1 < phase.first_epoch + phase.epochs:
            if self._stalled(phase.first_epoch, patience):
                return
            yield len(self.history) + 1

    def _stalled(self, first_epoch: int, patience: int) -> bool:
        """Tell whether the last ``patience`` epochs brought no lower validation loss."""
        losses = [epoch.val_loss for epoch in self.history[first_epoch - 1 :]]
        if not patience or len(losses) <= patience:
            return False
        return min(losses[-patience:]) >= min(losses[:-patience])

    def end_epoch(self, ended: EpochEnded, classifier: TransferClassifier) -> None:
        """Note an epoch; copy the weights if it is the best so far."""
        self.history.append(ended)
        if ended.best:
            weights = {k: v.detach().clone() for k, v in classifier.state_dict().items()}
            self.best = Best(ended.epoch, ended.val_accuracy, weights)

    def is_best(self, accuracy: float) -> bool:
        """Tell whether a validation accuracy is higher than all before."""
        return self.best is None or accuracy > self.best.accuracy
