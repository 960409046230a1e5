"""Keeps what happens during a run and writes it down at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import PIL
import torch
from safetensors.torch import save_file
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from tl_core.classifier import TransferClassifier
from tl_core.compat import torchvision
from tl_core.device import describe_device
from tl_core.errors import ConfigError, RunError
from tl_core.home import replacing
from tl_core.modalities.photo.decode import DECODE_SETTINGS
from tl_core.stopwatch import Stopwatch
from tl_core.strategies import Phase
from tl_core.training import events
from tl_core.training.checkpoint import Checkpoint, writing
from tl_core.training.config import RunConfig
from tl_core.training.evaluation import evaluate
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PrefixCached,
    RunPaused,
    RunResumed,
    RunStarted,
    TrainEvent,
)
from tl_core.training.loader import validation_in_fp32
from tl_core.training.novelty import familiar
from tl_core.training.record import CHECKPOINT, NOVELTY, WEIGHTS, Prediction, RunRecord
from tl_core.training.setup import Photos, TrainingSetup, load_test

CHECKPOINT_SHARE = 0.05
"""Writing checkpoints takes at most about this share of a run's time."""


class RunState:
    """The history of one run, its best weights so far, and the writing of its record.

    Parameters
    ----------
    config
        As it was asked for.
    run_dir
        Where the record goes. If it holds a checkpoint of the same configuration, the run goes on
        from there.
    watch
        Counts where the time goes, if that was asked for.

    Raises
    ------
    ConfigError
        If the folder already holds something else: a run never overwrites another.
    """

    def __init__(self, config: RunConfig, run_dir: Path, watch: Stopwatch) -> None:
        self.config = self._asked = config
        self.run_dir = run_dir
        self.watch = watch
        self.history: list[EpochEnded] = []
        self.phases: list[PhaseStarted] = []
        self.best_accuracy = -1.0
        self._began = time.perf_counter()
        self._steps = 0
        self._best: tuple[int, dict[str, torch.Tensor]] | None = None
        self._facts: dict[str, Any] = {}
        self._learned: set[str] = set()
        self._caches: list[PrefixCached] = []
        self._saved_epoch = 0
        self._next_checkpoint = 0.0
        self._pending = _find_checkpoint(config, run_dir)
        if self._pending:
            self._recall(self._pending)

    def start(self, session: TrainingSetup) -> RunStarted | RunResumed:
        """Note what the run works with."""
        dataset, split, config = session.dataset, session.split, session.config
        self.config = config
        parts = {"train": split.train, "val": split.val, "test": split.test}
        total = sum(p.numel() for p in session.classifier.parameters())
        self._facts = {
            "environment": environment(config),
            "classes": dataset.classes,
            "fingerprint": dataset.fingerprint,
            "split": {name: [dataset.photos[i].path for i in part] for name, part in parts.items()},
            "total_parameters": total,
        }
        if self._pending:
            if self._pending.fingerprint != dataset.fingerprint:
                raise RunError(
                    "The photos have changed since this run stopped, so it cannot go on. Start it "
                    "again."
                )
            return RunResumed(len(self.history), self._steps, self._pending.seconds)
        return RunStarted(
            config=config.to_dict(),
            classes=list(dataset.classes),
            train_count=len(split.train),
            val_count=len(split.val),
            test_count=len(split.test),
            epochs=sum(phase.epochs for phase in config.phases),
            steps=sum(phase.epochs for phase in config.phases) * len(session.batches(0)),
            total_parameters=total,
        )

    def start_phase(self, session: TrainingSetup, phase: Phase) -> PhaseStarted:
        """Note a phase and apply its freeze plan."""
        phase.plan.apply(session.classifier)
        parameters = session.classifier.named_parameters()
        learning = {name: p.numel() for name, p in parameters if p.requires_grad}
        self._learned |= learning.keys()
        stages = [name for name in session.config.spec.stage_names if name in phase.plan.trainable]
        self.phases.append(
            PhaseStarted(
                phase=len(self.phases) + 1,
                name=phase.name,
                trainable=stages,
                trainable_parameters=sum(learning.values()),
                first_epoch=len(self.history) + 1,
                epochs=phase.epochs,
            )
        )
        return self.phases[-1]

    def note_cache(self, cached: PrefixCached) -> PrefixCached:
        """Note what was computed once for a phase."""
        self._caches.append(cached)
        return cached

    def next_step(self) -> int:
        """Count a step; return its number, from 1."""
        self._steps += 1
        return self._steps

    def end_epoch(self, ended: EpochEnded, classifier: TransferClassifier) -> EpochEnded:
        """Note an epoch; copy the weights if it is the best so far."""
        self.history.append(ended)
        if ended.best:
            self.best_accuracy = ended.val_accuracy
            state = classifier.state_dict()
            self._best = (ended.epoch, {k: v.detach().clone() for k, v in state.items()})
        return ended

    def restore(
        self, classifier: TransferClassifier, optimizer: Optimizer, schedule: LambdaLR
    ) -> None:
        """Put everything back as the checkpoint has it, if the run goes on from one."""
        if self._pending:
            classifier.load_state_dict(self._pending.classifier)
            optimizer.load_state_dict(self._pending.optimizer)
            schedule.load_state_dict(self._pending.schedule)
            self._pending = None

    def save_checkpoint(
        self, classifier: TransferClassifier, optimizer: Optimizer, schedule: LambdaLR
    ) -> None:
        """Keep the end of this epoch, unless the last checkpoint was too costly and too recent."""
        start = time.perf_counter()
        if start < self._next_checkpoint:
            return
        assert self._best is not None
        Checkpoint(
            asked=self._asked.to_dict(),
            config=self.config.to_dict(),
            fingerprint=self._facts["fingerprint"],
            history=[dataclasses.asdict(epoch) for epoch in self.history],
            phases=[dataclasses.asdict(phase) for phase in self.phases],
            learned=sorted(self._learned),
            steps=self._steps,
            seconds=start - self._began,
            best_epoch=self._best[0],
            best=self._best[1],
            classifier=classifier.state_dict(),
            optimizer=optimizer.state_dict(),
            schedule=schedule.state_dict(),
        ).save(self.run_dir)
        end = time.perf_counter()
        self._saved_epoch = len(self.history)
        self._next_checkpoint = end + (end - start) / CHECKPOINT_SHARE

    def pause(self) -> RunPaused:
        """Leave the checkpoint to whoever goes on."""
        return RunPaused(self._saved_epoch)

    def discard_checkpoint(self) -> None:
        """Remove the checkpoint: the run is over."""
        (self.run_dir / CHECKPOINT).unlink(missing_ok=True)

    def finish(self, session: TrainingSetup) -> Generator[TrainEvent, None, None]:
        """Restore the best weights, predict once more in fp32 and write the record."""
        assert self._best is not None
        epoch, weights = self._best
        classifier = session.classifier
        classifier.load_state_dict(weights)
        with self.watch.part("decode"):
            test = yield from load_test(self.config, session.dataset, session.split)
        val = yield from validation_in_fp32(session)
        self._facts["val"], features = self._predictions(session, val)
        self._facts["test"] = self._predictions(session, test)[0] if test else ()
        self._facts["trainable_parameters"] = sum(
            p.numel() for n, p in classifier.named_parameters() if n in self._learned
        )
        with self.watch.part("evaluation"):
            known = yield from familiar(session, features)
        path = self.run_dir / WEIGHTS
        with self.watch.part("saving"), writing():
            known.save(self.run_dir)
            with replacing(path) as temporary:
                save_file({k: v.contiguous().cpu() for k, v in weights.items()}, temporary)
        yield events.CheckpointSaved(epoch, str(path))
        record = self._save_record("finished", None)
        yield events.RunEnded(record.summary(self.run_dir))
        self.discard_checkpoint()

    def close(self, status: str, reason: str | None) -> None:
        """Write the record as far as the run came, if it started and the disk has room."""
        if self._facts:
            with contextlib.suppress(RunError):
                self._save_record(status, reason)
        if status == "failed":  # perhaps for want of room beside them
            for name in (WEIGHTS, NOVELTY):
                (self.run_dir / name).unlink(missing_ok=True)
        self.discard_checkpoint()

    def _save_record(self, status: str, reason: str | None) -> RunRecord:
        learned = max((phase.trainable_parameters for phase in self.phases), default=0)
        record = RunRecord(
            config=self.config,
            status=status,
            reason=reason,
            history=tuple(self.history),
            phases=tuple(self.phases),
            caches=tuple(self._caches),
            best_epoch=self._best[0] if self._best else None,
            seconds=time.perf_counter() - self._began,
            profile=self.watch.seconds(),
            **{"trainable_parameters": learned, **self._facts},
        )
        with writing():
            record.save(self.run_dir)
        return record

    def _recall(self, checkpoint: Checkpoint) -> None:
        self.config = RunConfig.from_dict(checkpoint.config)
        self.history = [EpochEnded(**epoch) for epoch in checkpoint.history]
        self.phases = [PhaseStarted(**phase) for phase in checkpoint.phases]
        self.best_accuracy = self.history[checkpoint.best_epoch - 1].val_accuracy
        self._began -= checkpoint.seconds
        self._steps = checkpoint.steps
        self._best = checkpoint.best_epoch, checkpoint.best
        self._learned = set(checkpoint.learned)
        self._saved_epoch = len(self.history)

    def _predictions(
        self, session: TrainingSetup, photos: Photos
    ) -> tuple[tuple[Prediction, ...], torch.Tensor]:
        """Return the answers for photos, and their features (N, F)."""
        with self.watch.part("evaluation"):
            result = evaluate(
                session.classifier, photos, session.preprocessing, self.config, precision="fp32"
            )
        rows = zip(photos.names, photos.labels.tolist(), result.probabilities.tolist(), strict=True)
        answers = tuple(Prediction(name, label, tuple(row)) for name, label, row in rows)
        return answers, result.features


def _find_checkpoint(config: RunConfig, run_dir: Path) -> Checkpoint | None:
    """Return the checkpoint to go on from, or None if the folder is new."""
    taken = run_dir.exists()
    if run_dir.is_dir():
        for remains in run_dir.glob(f".{CHECKPOINT}.*"):  # of a process killed while writing
            remains.unlink()
        taken = any(run_dir.iterdir())
    checkpoint = Checkpoint.load(run_dir)
    if taken and (checkpoint is None or RunConfig.from_dict(checkpoint.asked) != config):
        raise ConfigError(
            f"The folder for this run, {run_dir}, is not empty. "
            "Name another one with --out, or move it away."
        )
    return checkpoint


def environment(config: RunConfig) -> dict[str, Any]:
    """Return what the numbers depend on besides the configuration."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
        "platform": platform.platform(),
        "device": describe_device(config.device),
        "decode": DECODE_SETTINGS,
    }
