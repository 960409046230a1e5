"""The training loop: it reads top to bottom in PyTorch's order, yields events and draws nothing."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator
from pathlib import Path

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from tl_core.device import autocast
from tl_core.errors import OutOfMemory, RunError
from tl_core.seeding import derive
from tl_core.stopwatch import Stopwatch
from tl_core.strategies import Phase
from tl_core.training.config import RunConfig
from tl_core.training.epoch_metrics import EpochMetrics, finite
from tl_core.training.evaluation import evaluate
from tl_core.training.events import (
    CancelRun,
    EpochEnded,
    PauseRun,
    RunCancelled,
    RunFailed,
    StepEnded,
    TrainEvent,
)
from tl_core.training.loader import PhaseLoader
from tl_core.training.optim import make_optimizer, make_schedule
from tl_core.training.setup import TrainingSetup, prepare
from tl_core.training.state import RunState

Events = Generator[TrainEvent, None, None]


def train(
    config: RunConfig, run_dir: Path, shared: Collection[int] = (), profile: bool = False
) -> Events:
    """Train one run and report it as a stream of events.

    Parameters
    ----------
    config
        What to train. Device, precision and threads may be ``auto``; the resolved configuration
        is in ``RunStarted`` and in the record.
    run_dir
        Folder that receives the record and the best weights; made if it is missing. If it holds
        the checkpoint of a run of the same configuration that was paused or interrupted, that run
        goes on, to the same numbers as if it had never stopped.
    shared
        Boundaries (:func:`~tl_core.training.loader.cached_depths`) that other runs of a comparison
        start from: what the frozen stages make of the photos is kept there too, for them.
    profile
        Note in the record where the time went. On a GPU this takes some itself, since every part
        then waits for the one before it.

    Yields
    ------
    TrainEvent
        See :mod:`tl_core.training.events`. To stop a run, throw ``CancelRun`` into the stream; to
        stop it so that it can go on later, ``PauseRun``.

    Raises
    ------
    UserError
        Before the first step, if data, weights or settings cannot be used.
    """
    watch = Stopwatch(profile)
    logbook = RunState(config, run_dir, watch)
    try:
        session = yield from prepare(logbook.config, watch)
        yield logbook.start(session)
        for number, phase in enumerate(session.config.phases, start=1):
            if number > len(logbook.phases):
                yield logbook.start_phase(session, phase)
            if number == len(logbook.phases):  # earlier ones ended before a pause
                yield from _train_phase(session, logbook, phase, shared)
        yield from logbook.finish(session)
    except CancelRun:
        logbook.close("cancelled", "Stopped on request.")
        yield RunCancelled(len(logbook.history))
    except PauseRun:
        yield logbook.pause()
    except (RunError, MemoryError, RuntimeError) as error:
        reason = _explain(error, logbook.config)
        if reason is None:
            logbook.discard_checkpoint()
            raise
        logbook.close("failed", reason)
        yield RunFailed(reason)
    except BaseException:
        logbook.discard_checkpoint()
        raise


def _train_phase(
    session: TrainingSetup, logbook: RunState, phase: Phase, shared: Collection[int]
) -> Events:
    config, classifier = session.config, session.classifier
    optimizer = make_optimizer(classifier, phase, config)
    schedule = make_schedule(optimizer, config.schedule, phase.epochs, len(session.batches(0)))
    logbook.restore(classifier, optimizer, schedule)
    inputs = PhaseLoader(session, len(logbook.phases), phase, shared)
    first = logbook.phases[-1].first_epoch
    done = len(logbook.history)
    for epoch in range(done + 1, first + phase.epochs):
        if _stalled(logbook.history[first - 1 :], config.early_stopping):
            break
        start = time.perf_counter()
        phase.plan.apply(classifier)
        yield from inputs.prepare(epoch)
        lr = optimizer.param_groups[0]["lr"]
        loss, accuracy = yield from _train_epoch(session, logbook, inputs, optimizer, schedule)
        photos = yield from inputs.validation()
        with session.watch.part("evaluation"):
            val = evaluate(classifier, photos, session.preprocessing, config)
        ended = EpochEnded(
            epoch=epoch,
            phase=len(logbook.phases),
            train_loss=loss,
            train_accuracy=accuracy,
            val_loss=finite(val.loss),
            val_accuracy=val.accuracy,
            lr=lr,
            seconds=time.perf_counter() - start,
            best=val.accuracy > logbook.best_accuracy,
        )
        yield logbook.end_epoch(ended, classifier)
        with session.watch.part("saving"):
            logbook.save_checkpoint(classifier, optimizer, schedule)
    if cached := inputs.report(len(logbook.history) - done):
        yield logbook.note_cache(cached)


def _train_epoch(
    session: TrainingSetup,
    logbook: RunState,
    inputs: PhaseLoader,
    optimizer: Optimizer,
    schedule: LambdaLR,
) -> Generator[TrainEvent, None, tuple[float, float]]:
    """Take every training photo once; return the mean loss and the share of right answers."""
    config, classifier, watch = session.config, session.classifier, session.watch
    epoch = len(logbook.history) + 1
    torch.manual_seed(derive(config.seed, "dropout", epoch))
    tally = EpochMetrics()
    for indices in session.batches(epoch):
        with watch.part("views"):
            x, labels = inputs.batch(indices)
        with watch.part("forward"):
            with autocast(config.device, config.precision):
                scores = classifier(x, inputs.start)
            loss = session.criterion(scores.float(), labels)
        with watch.part("backward"):
            optimizer.zero_grad()
            loss.backward()
        with watch.part("optimiser"):
            optimizer.step()
            schedule.step()
        tally.add(loss, scores, labels)
        if tally.due:
            yield from _steps(logbook, epoch, tally)
    yield from _steps(logbook, epoch, tally)
    return tally.loss, tally.accuracy


def _steps(logbook: RunState, epoch: int, tally: EpochMetrics) -> Events:
    """Report the steps since the last time."""
    for loss in tally.losses():
        yield StepEnded(logbook.next_step(), epoch, loss)


def _stalled(history: list[EpochEnded], patience: int) -> bool:
    """Tell whether the last ``patience`` epochs brought no lower validation loss."""
    if not patience or len(history) <= patience:
        return False
    earlier, recent = history[:-patience], history[-patience:]
    return min(e.val_loss for e in recent) >= min(e.val_loss for e in earlier)


def _explain(error: BaseException, config: RunConfig) -> str | None:
    """Return a sentence for people if the error is one that a run can end with, else None."""
    if isinstance(error, RunError):
        return str(error)
    text = str(error).lower()
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in text:
        return str(
            OutOfMemory(
                f"Not enough memory on {config.device}. Try a smaller batch than "
                f"{config.batch_size}, pictures smaller than {config.input_size} px, or freeze "
                "more stages."
            )
        )
    return None
