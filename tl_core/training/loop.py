"""The training loop: it reads top to bottom in PyTorch's order, yields events and draws nothing."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tl_core.device import autocast
from tl_core.errors import OutOfMemory, RunError
from tl_core.home import replacing
from tl_core.seeding import derive
from tl_core.stopwatch import Stopwatch
from tl_core.strategies import Phase
from tl_core.training import record
from tl_core.training.checkpoint import Checkpoints, writing
from tl_core.training.config import RunConfig
from tl_core.training.epoch_metrics import EpochMetrics, finite
from tl_core.training.evaluation import EvaluationSet, evaluate
from tl_core.training.events import (
    CancelRun,
    CheckpointSaved,
    EpochEnded,
    PauseRun,
    RunCancelled,
    RunEnded,
    RunFailed,
    RunPaused,
    RunResumed,
    RunStarted,
    StepEnded,
    TrainEvent,
)
from tl_core.training.loader import PhaseLoader, batch_positions, cached_depths
from tl_core.training.novelty import fit_novelty
from tl_core.training.optim import make_optimizer, make_schedule
from tl_core.training.record import NOVELTY, WEIGHTS, Prediction
from tl_core.training.setup import TrainingSetup, load_test, set_up
from tl_core.training.state import RunState

Events = Generator[TrainEvent, None, None]


def train(
    config: RunConfig, run_dir: Path, beside: Sequence[RunConfig] = (), profile: bool = False
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
    beside
        The runs of its comparison. They train in one precision, and what the frozen stages make of
        the items is kept where other runs start from it, too.
    profile
        Note in the record where the time went. On a GPU this takes some itself, since every part
        then waits for the one before it.

    Yields
    ------
    TrainEvent
        See :mod:`tl_core.training.events`. To stop a run, throw ``CancelRun`` into the stream; to
        stop it so that it can go on later, ``PauseRun``: at ``EpochEnded`` it loses nothing.

    Raises
    ------
    UserError
        Before the first step, if data, weights or settings cannot be used.
    """
    watch, setup = Stopwatch(profile), None
    checkpoints = Checkpoints(config, run_dir)
    state = checkpoints.pending.state() if checkpoints.pending else RunState()
    try:
        setup = yield from set_up(checkpoints.config, watch, beside)
        yield _start(setup, state, checkpoints)
        for number, phase in state.remaining(setup.config.phases):
            phase.plan.apply(setup.classifier)
            if number > len(state.phases):
                yield state.begin_phase(phase, setup.classifier)
            yield from _train_phase(setup, state, phase, checkpoints, beside)
        yield from _finish(setup, state, run_dir)
        checkpoints.discard()
    except CancelRun:
        _close(setup, state, checkpoints, "cancelled", "Stopped on request.")
        yield RunCancelled(len(state.history))
    except PauseRun:
        yield RunPaused(state.saved_epoch)
    except (RunError, MemoryError, RuntimeError) as error:
        reason = _explain(error, config)
        if reason is None:
            checkpoints.discard()
            raise
        _close(setup, state, checkpoints, "failed", reason)
        yield RunFailed(reason)
    except BaseException:
        checkpoints.discard()
        raise


def _train_phase(
    setup: TrainingSetup,
    state: RunState,
    phase: Phase,
    checkpoints: Checkpoints,
    beside: Sequence[RunConfig],
) -> Events:
    """Train the phase that began last, from where it is to its end."""
    config, classifier, watch = setup.config, setup.classifier, setup.watch
    loader = PhaseLoader(setup, config.cached_depth(phase), cached_depths(*beside))
    optimizer = make_optimizer(classifier, phase, config)
    steps = phase.epochs * len(batch_positions(setup, epoch=0))
    schedule = make_schedule(optimizer, config.schedule, phase.epochs, steps)
    checkpoints.restore(classifier, optimizer, schedule)
    done = len(state.history)
    for epoch in state.epochs_left(config.early_stopping):
        start, lr = time.perf_counter(), optimizer.param_groups[0]["lr"]
        yield from loader.prepare(epoch)
        phase.plan.apply(classifier)  # model.train(), but for what is frozen
        loss, accuracy = yield from _train_epoch(setup, state, loader, optimizer, schedule)
        items = yield from loader.validation()
        with watch.part("evaluation"):
            val = evaluate(classifier, items, config)
        ended = EpochEnded(
            epoch=epoch,
            phase=len(state.phases),
            train_loss=loss,
            train_accuracy=accuracy,
            val_loss=finite(val.loss),
            val_accuracy=val.accuracy,
            lr=lr,
            seconds=time.perf_counter() - start,
            best=state.is_best(val.accuracy),
        )
        state.end_epoch(ended, classifier)
        try:
            yield ended
        except PauseRun:  # what has just been done is not lost, whatever it costs to keep it
            checkpoints.save(setup, state, optimizer, schedule, always=True)
            raise
        with watch.part("saving"):
            checkpoints.save(setup, state, optimizer, schedule)
    if cached := loader.report(len(state.phases), len(state.history) - done):
        state.caches.append(cached)
        yield cached


def _train_epoch(
    setup: TrainingSetup,
    state: RunState,
    loader: PhaseLoader,
    optimizer: Optimizer,
    schedule: LRScheduler,
) -> Generator[TrainEvent, None, tuple[float, float]]:
    """Take every training item once; return the mean loss and the share of right answers."""
    config, classifier, watch = setup.config, setup.classifier, setup.watch
    epoch = len(state.history) + 1
    torch.manual_seed(derive(config.seed, "dropout", epoch))
    metrics = EpochMetrics()
    for x, labels in loader.epoch(epoch):
        with watch.part("forward"):
            with autocast(config.device, config.precision):
                scores = classifier(x, loader.start)
            loss = setup.criterion(scores.float(), labels)
        with watch.part("backward"):
            optimizer.zero_grad()
            loss.backward()
        with watch.part("optimiser"):
            optimizer.step()
            schedule.step()
        metrics.add(loss, scores, labels)
        if metrics.due:
            yield from _steps(state, epoch, metrics)
    yield from _steps(state, epoch, metrics)
    return metrics.loss, metrics.accuracy


def _steps(state: RunState, epoch: int, metrics: EpochMetrics) -> Events:
    """Report the steps since the last time."""
    for loss in metrics.losses():
        state.steps += 1
        yield StepEnded(state.steps, epoch, loss)


def _start(
    setup: TrainingSetup, state: RunState, checkpoints: Checkpoints
) -> RunStarted | RunResumed:
    """Return the first event of a run, which starts or resumes."""
    checkpoints.check(setup.dataset)
    if checkpoints.pending:
        return RunResumed(len(state.history), state.steps, checkpoints.pending.seconds)
    epochs = sum(phase.epochs for phase in setup.config.phases)
    return RunStarted(
        config=setup.config.to_dict(),
        classes=list(setup.dataset.classes),
        train_count=len(setup.split.train),
        val_count=len(setup.split.val),
        test_count=len(setup.split.test),
        epochs=epochs,
        steps=epochs * len(batch_positions(setup, epoch=0)),
        total_parameters=setup.total_parameters,
    )


def _finish(setup: TrainingSetup, state: RunState, run_dir: Path) -> Events:
    """Put the best weights back, predict once more in fp32 and write the record."""
    assert state.best is not None
    config, classifier, watch = setup.config, setup.classifier, setup.watch
    classifier.load_state_dict(state.best.weights)
    classifier.eval()
    with watch.part("decode"):
        test_items = yield from load_test(config, setup.dataset, setup.split)
    # What no phase has changed is kept from the training.
    unchanged = min((config.cached_depth(phase) for phase in config.phases), default=0)
    loader = PhaseLoader(setup, unchanged)
    val_items = yield from loader.validation()
    val, features = _predict(setup, val_items)
    test = _predict(setup, test_items)[0] if test_items else ()
    with watch.part("evaluation"):
        detector = yield from fit_novelty(setup, loader, features)
    with watch.part("saving"), writing():
        detector.save(run_dir)
        with replacing(run_dir / WEIGHTS) as temporary:
            weights = {k: v.contiguous().cpu() for k, v in state.best.weights.items()}
            save_file(weights, temporary)
    yield CheckpointSaved(state.best.epoch, str(run_dir / WEIGHTS))
    written = record.of_run(setup, state, "finished", val=val, test=test)
    with writing():
        written.save(run_dir)
    yield RunEnded(written.summary(run_dir))


def _predict(
    setup: TrainingSetup, items: EvaluationSet
) -> tuple[tuple[Prediction, ...], torch.Tensor]:
    """Return the answers of record for some items, in fp32, and their features (N, F)."""
    with setup.watch.part("evaluation"):
        result = evaluate(setup.classifier, items, setup.config, precision="fp32")
    rows = zip(items.names, items.labels.tolist(), result.probabilities.tolist(), strict=True)
    return tuple(Prediction(name, label, tuple(row)) for name, label, row in rows), result.features


def _close(
    setup: TrainingSetup | None,
    state: RunState,
    checkpoints: Checkpoints,
    status: str,
    reason: str,
) -> None:
    """Write the record as far as the run came, if it started and the disk has room."""
    run_dir = checkpoints.run_dir
    if setup is not None:
        try:
            with writing():
                record.of_run(setup, state, status, reason).save(run_dir)
        except RunError:
            pass  # the reason of the end matters more
    if status == "failed":  # perhaps for want of room beside them
        for name in (WEIGHTS, NOVELTY):
            (run_dir / name).unlink(missing_ok=True)
    checkpoints.discard()


def _explain(error: BaseException, config: RunConfig) -> str | None:
    """Return a sentence for people if the error is one that a run can end with, else None."""
    if isinstance(error, RunError):
        return str(error)
    text = str(error).lower()
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in text:
        kind = config.spec.kind
        return str(
            OutOfMemory(
                f"Not enough memory on {config.device}. Try a smaller batch than "
                f"{config.batch_size}, {kind.plural} smaller than {config.input_size} "
                f"{kind.size_unit}, or freeze more stages."
            )
        )
    return None
