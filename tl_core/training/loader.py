"""What the epochs of a phase read: images, or what the frozen stages made of them."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Collection, Sequence

import torch

from tl_core.cache import Arrays, NoRoom
from tl_core.device import send
from tl_core.features import FrozenPrefix, Images, as_tensor
from tl_core.strategies import Phase
from tl_core.training.config import RunConfig
from tl_core.training.events import PrefixCached
from tl_core.training.progress import Preparing, stepping
from tl_core.training.setup import Photos, TrainingSetup


def cached_depths(*configs: RunConfig) -> set[int]:
    """Return the depths that the phases of some runs start from of some runs."""
    return {config.cached_depth(phase) for config in configs for phase in config.phases} - {0}


class PhaseLoader:
    """The photos of one phase, as its epochs read them.

    What the frozen stages make of a view is computed when its first epoch comes, so that learning
    starts at once.

    Parameters
    ----------
    session
        The run.
    number, phase
        The phase and its number, from 1; its freeze plan has to be applied.
    shared
        Boundaries that other runs of a comparison start from; they are kept on the way.

    Attributes
    ----------
    start
        Stages that are done already in what :meth:`batch` returns now.
    """

    def __init__(
        self, session: TrainingSetup, number: int, phase: Phase, shared: Collection[int]
    ) -> None:
        config = session.config
        self.session, self.number, self.phase = session, number, phase
        self.start = 0
        self._depth = config.cached_depth(phase)
        self._views = 1 if config.augment == "none" else config.augment_views
        depths = cached_depths(config) | set(shared)
        self._prefix = _prefix(session, depths)
        self._view = 1
        self._kept: dict[int, Arrays] = {}
        self._val: Arrays | None = None
        self._seconds = 0.0

    def prepare(self, epoch: int) -> Preparing[None]:
        """Make ready what an epoch reads, before its first batch."""
        # Without frozen stages in front, every epoch has a view of its own.
        self._view = (epoch - 1) % self._views + 1 if self._depth else epoch
        if self._depth and self.session.config.cache and self._view not in self._kept:
            began = time.perf_counter()
            with contextlib.suppress(NoRoom):
                self._kept[self._view] = yield from _run_view(
                    self.session, self._prefix, self._depth, self._view
                )
            self._seconds += time.perf_counter() - began
        self.start = self._depth if self._view in self._kept else 0

    def batch(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the network reads of some training photos, and their labels (B,)."""
        device = self.session.config.device
        labels = send(self.session.train_labels[indices], device)
        if self.start:
            return send(as_tensor(self._kept[self._view])[indices], device), labels
        return self.session.images(indices, self._view), labels

    def validation(self) -> Preparing[Photos]:
        """Return the validation photos, behind the frozen stages where that is kept.

        They pass the frozen stages in fp32 whatever precision trains: the numbers of record need
        them so, and one pass is enough.
        """
        session = self.session
        if not (self._depth and session.config.cache):
            return session.val
        if self._val is None:
            began = time.perf_counter()
            try:
                self._val = yield from _run_validation(session, self._prefix, self._depth)
            except NoRoom:
                return session.val
            self._seconds += time.perf_counter() - began
        return dataclasses.replace(session.val, images=as_tensor(self._val), start=self._depth)

    def report(self, epochs: int) -> PrefixCached | None:
        """Return what was computed once for ``epochs`` epochs, or None where nothing was."""
        if not self._kept or self._val is None:
            return None
        kept = [*self._kept.values(), self._val]
        one_view = sum(a.seconds for a in self._kept.values()) / len(self._kept)
        return PrefixCached(
            phase=self.number,
            stages=list(self.session.config.spec.stage_names[: self._depth]),
            views=len(self._kept),
            bytes=sum(a.flat.nbytes for a in kept),
            where=" and ".join(sorted({a.where for a in kept})),
            seconds=self._seconds,
            seconds_saved=max(0.0, epochs * (one_view + self._val.seconds) - self._seconds),
        )


def first_view(
    session: TrainingSetup,
) -> Preparing[tuple[Callable[[torch.Tensor], torch.Tensor], int]]:
    """Return what reads training photos in their first view, and how many stages are done in it.

    They are read by their positions (B,), behind what no phase has changed where that is kept.
    """
    depth = _unchanged(session.config)
    if depth:
        with contextlib.suppress(NoRoom):
            prefix = _prefix(session, cached_depths(session.config))
            kept = yield from _run_view(session, prefix, depth, 1)
            return as_tensor(kept).__getitem__, depth
    return lambda positions: session.views.batch(positions.tolist(), 1), 0


def validation_in_fp32(session: TrainingSetup) -> Preparing[Photos]:
    """Return the validation photos for the numbers of record, behind what no phase has changed."""
    config = session.config
    depth = _unchanged(config)
    if not depth:
        return session.val
    session.classifier.eval()
    try:
        prefix = _prefix(session, cached_depths(config))
        kept = yield from _run_validation(session, prefix, depth)
    except NoRoom:
        return session.val
    return dataclasses.replace(session.val, images=as_tensor(kept), start=depth)


def _unchanged(config: RunConfig) -> int:
    """Return how many stages are computed once for the whole run."""
    if not config.cache:
        return 0
    return min((config.cached_depth(phase) for phase in config.phases), default=0)


def _prefix(session: TrainingSetup, depths: Collection[int]) -> FrozenPrefix:
    config = session.config
    return FrozenPrefix(
        session.classifier.backbone,
        config.spec,
        session.preprocessing,
        depths,
        config.device,
    )


def _run_view(
    session: TrainingSetup, prefix: FrozenPrefix, depth: int, view: int
) -> Preparing[Arrays]:
    config = session.config
    return _frozen(
        session,
        prefix,
        depth,
        "training photos",
        config.precision,
        session.digests(session.split.train),
        lambda positions: session.views.batch(positions, view),
        (config.augment, config.seed, view) if config.augment != "none" else (),
    )


def _run_validation(session: TrainingSetup, prefix: FrozenPrefix, depth: int) -> Preparing[Arrays]:
    images = session.val.images
    return _frozen(
        session,
        prefix,
        depth,
        "validation photos",
        "fp32",
        session.digests(session.split.val),
        lambda positions: images[positions[0] : positions[-1] + 1],
    )


def _frozen(
    session: TrainingSetup,
    prefix: FrozenPrefix,
    depth: int,
    what: str,
    precision: str,
    digests: Sequence[str],
    images: Images,
    drawn: tuple[object, ...] = (),
) -> Preparing[Arrays]:
    """Run the frozen stages on some photos, or fetch what an earlier run made of them."""
    with session.watch.part("prefix"):
        return (
            yield from stepping(
                f"{what} through the frozen stages",
                prefix.arrays(depth, digests, drawn, images, precision),
                len(digests),
            )
        )
