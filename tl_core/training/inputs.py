"""What the epochs of a phase read: images, or what the frozen stages made of them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from tl_core.cache import Arrays, NoRoom
from tl_core.data.pool import Progress
from tl_core.features import FrozenPrefix, as_tensor, worthwhile_depth
from tl_core.strategies import Phase
from tl_core.training.config import RunConfig
from tl_core.training.events import PrefixCached
from tl_core.training.session import Photos, Preparing, Session, reporting


@dataclass(frozen=True)
class Inputs:
    """The training and validation photos of a phase.

    Attributes
    ----------
    session
        The run.
    views
        How many views the epochs take in turn; 0 if every epoch has its own.
    start
        Stages that are done already; what is read is what they made of the photos.
    kept
        For each view, what is read of the N training photos; empty where ``start`` is 0.
    val
        Validation photos as they are read.
    """

    session: Session
    views: int
    start: int
    kept: Sequence[torch.Tensor]
    val: Photos

    def batch(self, indices: torch.Tensor, epoch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the network reads of some photos in an epoch, and their labels (B,)."""
        session = self.session
        labels = session.train_labels[indices].to(session.config.device)
        view = (epoch - 1) % self.views + 1 if self.views else epoch
        if self.start:
            return self.kept[view - 1][indices].to(session.config.device), labels
        return session.images(indices, view), labels


def boundary(config: RunConfig, phase: Phase) -> int:
    """Return how many stages of a phase are computed once."""
    spec = config.spec
    prefix = phase.plan.frozen_prefix(spec.stage_names)
    return worthwhile_depth(spec, prefix, config.image_size)


def boundaries(config: RunConfig) -> set[int]:
    """Return the boundaries of all phases of a run."""
    return {boundary(config, phase) for phase in config.phases} - {0}


def make_inputs(
    session: Session, number: int, phase: Phase, shared: Collection[int]
) -> Preparing[tuple[Inputs, PrefixCached | None]]:
    """Run the frozen stages of a phase once, or find out that there is nothing to run.

    Parameters
    ----------
    number, phase
        The phase and its number, from 1. Its freeze plan is applied here.
    shared
        Boundaries that other runs of a comparison start from; they are kept on the way.

    Returns
    -------
    inputs
        For the epochs of the phase.
    report
        None where nothing was cached.
    """
    config = session.config
    depth = boundary(config, phase)
    views = _views(session) if depth else 0
    plain = Inputs(session, views, 0, (), session.val)
    if not (depth and config.cache):
        return plain, None
    phase.plan.apply(session.classifier)
    prefix = _prefix(session, boundaries(config) | set(shared), config.precision)
    began = time.perf_counter()
    try:
        kept = yield from _training(session, prefix, depth, views)
        val = yield from _validation(session, prefix, depth)
    except NoRoom:
        return plain, None
    seconds = time.perf_counter() - began
    saved = phase.epochs * (sum(a.seconds for a in kept) / len(kept) + val.seconds)
    report = PrefixCached(
        phase=number,
        stages=list(config.spec.stage_names[:depth]),
        views=len(kept),
        bytes=sum(a.flat.nbytes for a in (*kept, val)),
        where=" and ".join(sorted({a.where for a in (*kept, val)})),
        seconds=seconds,
        seconds_saved=max(0.0, saved - seconds),
    )
    photos = dataclasses.replace(session.val, images=as_tensor(val), start=depth)
    return Inputs(session, views, depth, [as_tensor(a) for a in kept], photos), report


def validation_in_fp32(session: Session) -> Preparing[Photos]:
    """Return the validation photos for the numbers of record, behind what no phase has changed."""
    config = session.config
    depth = min((boundary(config, phase) for phase in config.phases), default=0)
    if not (depth and config.cache and config.precision == "fp32"):
        return session.val
    session.classifier.eval()
    try:
        kept = yield from _validation(session, _prefix(session, boundaries(config), "fp32"), depth)
    except NoRoom:
        return session.val
    return dataclasses.replace(session.val, images=as_tensor(kept), start=depth)


def _views(session: Session) -> int:
    return 1 if session.config.augment == "none" else session.config.augment_views


def _prefix(session: Session, depths: Collection[int], precision: str) -> FrozenPrefix:
    config = session.config
    backbone = session.classifier.backbone
    return FrozenPrefix(
        backbone, config.spec, session.preprocessing, depths, config.device, precision
    )


def _training(
    session: Session, prefix: FrozenPrefix, depth: int, views: int
) -> Preparing[list[Arrays]]:
    """Return one entry for each view."""
    config, digests = session.config, session.digests(session.split.train)
    photos = len(digests)

    def run(view: int, progress: Progress) -> Arrays:
        drawn = (config.augment, config.seed, view) if config.augment != "none" else ()
        return prefix.arrays(
            depth,
            digests,
            drawn,
            lambda positions: session.views.batch(positions, view),
            lambda done, _: progress((view - 1) * photos + done, views * photos),
        )

    return (
        yield from reporting(
            "training photos through the frozen stages",
            lambda progress: [run(view, progress) for view in range(1, views + 1)],
        )
    )


def _validation(session: Session, prefix: FrozenPrefix, depth: int) -> Preparing[Arrays]:
    digests = session.digests(session.split.val)
    images = session.val.images

    def work(progress: Progress) -> Arrays:
        return prefix.arrays(depth, digests, (), lambda p: images[p[0] : p[-1] + 1], progress)

    return (yield from reporting("validation photos through the frozen stages", work))
