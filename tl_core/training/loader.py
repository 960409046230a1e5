"""What the epochs of a phase read: views of items, or what the frozen stages made of them."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Collection, Iterator, Sequence

import torch

from tl_core.cache import Arrays, NoRoom
from tl_core.device import send
from tl_core.features import Batches, FrozenPrefix, as_tensor
from tl_core.seeding import generator
from tl_core.training.config import RunConfig
from tl_core.training.evaluation import EvaluationSet
from tl_core.training.events import PrefixCached
from tl_core.training.progress import Preparing, report_steps
from tl_core.training.setup import TrainingSetup


def cached_depths(*configs: RunConfig) -> set[int]:
    """Return the depths from which the phases of some runs start."""
    return {config.cached_depth(phase) for config in configs for phase in config.phases} - {0}


def batch_positions(setup: TrainingSetup, epoch: int) -> list[torch.Tensor]:
    """Return the positions of the items in each batch, in an order that (seed, epoch) decides.

    A last batch of one item joins the one before it: BatchNorm has no variance of one.
    """
    shuffled = generator(setup.config.seed, "order", epoch)
    order = torch.randperm(len(setup.train_labels), generator=shuffled)
    batches = list(torch.split(order, setup.config.batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


class PhaseLoader:
    """The items of one phase, as its epochs read them.

    What the frozen stages make of a view is computed when its first epoch comes, so that learning
    starts at once.

    Parameters
    ----------
    setup
        The run; the stages in front of ``depth`` are in evaluation mode.
    depth
        Stages that are computed once; 0 for none.
    beside
        Depths from which other runs of a comparison start; they are kept on the way.

    Attributes
    ----------
    start
        Stages that are done already in what is read now.
    """

    def __init__(self, setup: TrainingSetup, depth: int, beside: Collection[int] = ()) -> None:
        config = setup.config
        self.setup, self.depth, self.start = setup, depth if config.cache else 0, 0
        # Without frozen stages in front, every epoch has a view of its own.
        views = 1 if config.augment == "none" else config.augment_views
        self._views = views if depth else None
        self._view = 1
        self._prefix = FrozenPrefix(
            setup.classifier.backbone,
            config.spec,
            config.spec.preprocessing.at(config.input_size),
            cached_depths(config) | set(beside),
            config.device,
        )
        self._kept: dict[int, Arrays] = {}
        self._val: Arrays | None = None
        self._seconds = 0.0

    def prepare(self, epoch: int) -> Preparing[None]:
        """Make ready what an epoch reads, before its first batch."""
        self._view = (epoch - 1) % self._views + 1 if self._views else epoch
        if self.depth and self._view not in self._kept:
            setup, view, augment = self.setup, self._view, self.setup.config.augment
            with contextlib.suppress(NoRoom):
                self._kept[view] = yield from self._run_frozen(
                    "training",
                    setup.split.train,
                    lambda positions: setup.views.batch(positions, view),
                    (augment, setup.config.seed, view) if augment != "none" else (),
                    setup.config.precision,
                )
        self.start = self.depth if self._view in self._kept else 0

    def epoch(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of an epoch that is prepared: what the network reads, and labels (B,).

        Both are on the device of the run.
        """
        device = self.setup.config.device
        for positions in batch_positions(self.setup, epoch):
            with self.setup.watch.part("views"):
                x = send(self.read(positions), device)
                labels = send(self.setup.train_labels[positions], device)
            yield x, labels

    def read(self, positions: torch.Tensor) -> torch.Tensor:
        """Return the network's input for some training items, on the processor."""
        if self.start:
            return as_tensor(self._kept[self._view])[positions]
        return self.setup.views.batch(positions.tolist(), self._view)

    def validation(self) -> Preparing[EvaluationSet]:
        """Return the validation items, behind the frozen stages where that is kept.

        They pass the frozen stages in fp32 whatever precision trains: the numbers of record need
        them so, and one pass is enough.
        """
        val = self.setup.val
        if self.depth and self._val is None:
            with contextlib.suppress(NoRoom):
                self._val = yield from self._run_frozen(
                    "validation",
                    self.setup.split.val,
                    lambda positions: val.batch[positions[0] : positions[-1] + 1],
                )
        if self._val is None:
            return val
        return dataclasses.replace(val, batch=as_tensor(self._val), start=self.depth)

    def report(self, phase: int, epochs: int) -> PrefixCached | None:
        """Return the event for the features kept in a phase, or None where none were."""
        if not self._kept or self._val is None:
            return None
        kept = [*self._kept.values(), self._val]
        one_view = sum(a.seconds for a in self._kept.values()) / len(self._kept)
        return PrefixCached(
            phase=phase,
            stages=list(self.setup.config.spec.stage_names[: self.depth]),
            views=len(self._kept),
            bytes=sum(a.flat.nbytes for a in kept),
            where=" and ".join(sorted({a.where for a in kept})),
            seconds=self._seconds,
            seconds_saved=max(0.0, epochs * (one_view + self._val.seconds) - self._seconds),
        )

    def _run_frozen(
        self,
        part: str,
        indices: Sequence[int],
        batches: Batches,
        view: tuple[object, ...] = (),
        precision: str = "fp32",
    ) -> Preparing[Arrays]:
        """Run the frozen stages on some items, or fetch what an earlier run made of them."""
        setup, began = self.setup, time.perf_counter()
        digests = setup.dataset.digests(indices)
        what = f"{part} {setup.dataset.kind.plural} through the frozen stages"
        steps = self._prefix.arrays(self.depth, digests, view, batches, precision)
        try:
            with setup.watch.part("prefix"):
                return (yield from report_steps(what, steps, len(digests)))
        finally:
            self._seconds += time.perf_counter() - began
