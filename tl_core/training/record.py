"""What a run leaves behind: a folder that alone tells what was done and what came out.

========================  =====================================================================
file                      holds
========================  =====================================================================
``config.json``           the resolved configuration; enough to repeat the run
``record.json``           environment, data set, split, history, outcome, the answer for each item
``predictions.json``      probabilities for every validation and test item, in fp32
``weights.safetensors``   the kept weights under the original network's key names
``novelty.safetensors``   what new items are held against, to tell those that resemble none
``checkpoint.pt``         how to go on; there only while the run goes on, is paused or interrupted
========================  =====================================================================
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.home import write_atomically
from tl_core.reading import MB, read_json
from tl_core.statistics import wilson_interval
from tl_core.training.config import RunConfig
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PrefixCached,
    RunResumed,
    RunStarted,
    from_dict,
)
from tl_core.training.record_check import contradictions, no_run, reading
from tl_core.words import shown

if TYPE_CHECKING:
    from tl_core.training.setup import TrainingSetup
    from tl_core.training.state import RunState

CONFIG = "config.json"
RECORD = "record.json"
PREDICTIONS = "predictions.json"
WEIGHTS = "weights.safetensors"
NOVELTY = "novelty.safetensors"
CHECKPOINT = "checkpoint.pt"

_MOST_BYTES = {CONFIG: MB // 10, RECORD: 32 * MB, PREDICTIONS: 128 * MB}
"""Of each JSON file: 100,000 items, or five million probabilities."""

_TELLING = {
    kind.__name__ for kind in (RunStarted, RunResumed, PhaseStarted, PrefixCached, EpochEnded)
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one item.

    Attributes
    ----------
    path, label
        The item, and its true class.
    probabilities
        Of each class; none where a record was read without them.
    predicted, probability
        The most probable class and its probability; where there are probabilities, they decide.
    """

    path: str
    label: int
    probabilities: tuple[float, ...] = ()
    predicted: int = -1
    probability: float = 0.0

    def __post_init__(self) -> None:
        if self.probabilities:
            probability = max(self.probabilities)
            object.__setattr__(self, "predicted", self.probabilities.index(probability))
            object.__setattr__(self, "probability", probability)

    @property
    def right(self) -> bool:
        """Whether the most probable class is the true one."""
        return self.predicted == self.label

    @property
    def answer(self) -> Prediction:
        """The same without the probabilities of all classes."""
        return replace(self, probabilities=())


@dataclass(frozen=True)
class RunRecord:
    """One run, from its configuration to its outcome.

    Attributes
    ----------
    config
        Resolved configuration.
    status, reason
        ``finished``, ``cancelled`` or ``failed``, and why.
    environment
        Versions, device and decoder that the numbers came from.
    classes, fingerprint
        Of the data set.
    split
        Paths of the items in ``train``, ``val`` and ``test``.
    total_parameters, trainable_parameters
        Learnable values of backbone and head; of those, how many learned in some phase.
    history, phases, caches
        As reported while the run went on.
    best_epoch
        The epoch whose weights were kept: the first with the highest validation accuracy.
    val, test
        fp32 predictions of the kept weights: the numbers of record. Test items are looked at once,
        here.
    seconds
        Wall time of the whole run.
    profile
        Seconds of each part of the work, if that was asked for; of what came after a resume alone.
    calibration
        Of the data set: how the items were decoded, and new ones are. None in records from before
        that was kept, and where it was not told.
    """

    config: RunConfig
    status: str
    reason: str | None
    environment: dict[str, Any]
    classes: tuple[str, ...]
    fingerprint: str
    split: dict[str, list[str]]
    total_parameters: int
    trainable_parameters: int
    history: tuple[EpochEnded, ...]
    phases: tuple[PhaseStarted, ...]
    best_epoch: int | None
    seconds: float
    val: tuple[Prediction, ...] = field(default=())
    test: tuple[Prediction, ...] = field(default=())
    caches: tuple[PrefixCached, ...] = field(default=())
    profile: dict[str, float] = field(default_factory=dict)
    calibration: dict[str, Any] | None = None

    @property
    def headline(self) -> tuple[Prediction, ...]:
        """Predictions that count: for the test items where there are some, else for validation."""
        return self.test or self.val

    @property
    def data_key(self) -> tuple[str, str | None]:
        """Equal for runs on the same data, a second set that is only tested on included."""
        return self.fingerprint, self.config.test

    @property
    def headline_key(self) -> tuple[str, str | None, tuple[str, ...]]:
        """Equal for runs whose headlines are about the same items, in the same order."""
        return (*self.data_key, tuple(prediction.path for prediction in self.headline))

    def summary(self, run_dir: Path) -> dict[str, Any]:
        """Return the headline numbers under the names that the command line promises."""
        profile = {part: round(seconds, 3) for part, seconds in self.profile.items()}
        return {
            **({"profile": profile} if profile else {}),
            "status": self.status,
            "strategy": self.config.strategy,
            "backbone": self.config.backbone,
            "seed": self.config.seed,
            "trainable_parameters": self.trainable_parameters,
            "total_parameters": self.total_parameters,
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "best_val_accuracy": accuracy(self.val),
            "final_val_accuracy": self.history[-1].val_accuracy if self.history else None,
            "val_interval": interval(self.val),
            "val_count": len(self.split["val"]),
            "test_accuracy": accuracy(self.test),
            "test_interval": interval(self.test),
            "test_count": len(self.test),
            "image_size": self.config.input_size,
            "input_size": self.config.input_size,
            "precision": self.config.precision,
            "device": self.config.device,
            "seconds": round(self.seconds, 3),
            "run_dir": str(run_dir),
            "history": [
                {
                    "epoch": e.epoch,
                    "train_loss": e.train_loss,
                    "train_accuracy": e.train_accuracy,
                    "val_loss": e.val_loss,
                    "val_accuracy": e.val_accuracy,
                    "seconds": e.seconds,
                }
                for e in self.history
            ],
        }

    def save(self, run_dir: Path) -> None:
        """Write the folder's JSON files; ``record.json`` comes last and marks it as whole."""
        values, predictions = to_plain(self), {}
        del values["config"]
        for part in ("val", "test"):
            predictions[part] = [
                {key: row[key] for key in ("path", "label", "probabilities")}
                for row in values[part]
            ]
            for row in values[part]:
                del row["probabilities"]
        write_atomically(run_dir / CONFIG, self.config.to_json() + "\n")
        write_atomically(run_dir / PREDICTIONS, json.dumps(predictions) + "\n")
        write_atomically(run_dir / RECORD, json.dumps(values, indent=1) + "\n")

    @classmethod
    def from_events(
        cls, told: Iterable[Mapping[str, Any]], status: str, reason: str | None
    ) -> RunRecord | None:
        """Put a record together from what a run has told of itself; None if it never started.

        For a run whose process can no longer write its own. Environment, calibration, fingerprint
        and split are not told, so they are empty; ``seconds`` are those that ended with an epoch.

        Parameters
        ----------
        told
            The run's events in order, as :func:`tl_core.training.events.to_dict` writes them.
        """
        started: RunStarted | None = None
        history: list[EpochEnded] = []
        phases: list[PhaseStarted] = []
        caches: list[PrefixCached] = []
        seconds = 0.0
        for values in told:
            if values.get("event") not in _TELLING:
                continue
            event = from_dict(values)
            if isinstance(event, RunStarted):
                started, history, phases, caches, seconds = event, [], [], [], 0.0
            elif isinstance(event, RunResumed):  # what was told beyond its checkpoint is void
                history = [epoch for epoch in history if epoch.epoch <= event.epoch]
                phases = [phase for phase in phases if phase.first_epoch <= event.epoch]
                seconds = event.seconds
            elif isinstance(event, PhaseStarted):
                phases.append(event)
            elif isinstance(event, PrefixCached):
                caches.append(event)
            elif isinstance(event, EpochEnded):
                history.append(event)
                seconds += event.seconds
        if started is None:
            return None
        return cls(
            config=RunConfig.from_dict(started.config),
            status=status,
            reason=reason,
            environment={},
            classes=tuple(started.classes),
            fingerprint="",
            split={"train": [], "val": [], "test": []},
            total_parameters=started.total_parameters,
            trainable_parameters=max((p.trainable_parameters for p in phases), default=0),
            history=tuple(history),
            phases=tuple(phases),
            best_epoch=next((e.epoch for e in reversed(history) if e.best), None),
            seconds=seconds,
            caches=tuple(caches),
        )

    @classmethod
    def load(cls, run_dir: Path, *, probabilities: bool = True) -> RunRecord:
        """Read the folder that :meth:`save` wrote.

        Parameters
        ----------
        probabilities
            Whether to read those of every class too; without them the record takes as much memory
            as there are items, however many classes there are.

        Raises
        ------
        UserError
            If the folder holds no whole record, or one that contradicts itself.
        """
        values: dict[str, Any] = {}
        for name, most in _MOST_BYTES.items():
            # Older records have no answers of their own.
            if name == PREDICTIONS and not probabilities and "val" in values:
                continue
            with reading(run_dir, name):
                found = read_json(run_dir / name, most)
                if name == CONFIG:
                    values["config"] = RunConfig.from_dict(found)
                else:
                    values |= _fields_of(name, found)
        with reading(run_dir, RECORD):
            record = from_plain(cls, values)
        for name, what in contradictions(record, probabilities):
            raise no_run(run_dir, name, what)
        if probabilities:
            return record
        val, test = (tuple(p.answer for p in part) for part in (record.val, record.test))
        return replace(record, val=val, test=test)


def of_run(
    setup: TrainingSetup,
    state: RunState,
    status: str,
    reason: str | None = None,
    *,
    val: tuple[Prediction, ...] = (),
    test: tuple[Prediction, ...] = (),
) -> RunRecord:
    """Put together the record of a run, as far as it came."""
    dataset, split = setup.dataset, setup.split
    parts = {"train": split.train, "val": split.val, "test": split.test}
    parameters = setup.classifier.named_parameters()
    return RunRecord(
        config=setup.config,
        status=status,
        reason=reason,
        environment=setup.environment(),
        classes=dataset.classes,
        fingerprint=dataset.fingerprint,
        split={name: [dataset.items[i].path for i in part] for name, part in parts.items()},
        total_parameters=setup.total_parameters,
        trainable_parameters=sum(p.numel() for name, p in parameters if name in state.learned),
        history=tuple(state.history),
        phases=tuple(state.phases),
        caches=tuple(state.caches),
        best_epoch=state.best.epoch if state.best else None,
        seconds=state.seconds,
        val=val,
        test=test,
        profile=setup.watch.seconds(),
        calibration=dataset.calibration,
    )


def accuracy(predictions: tuple[Prediction, ...]) -> float | None:
    """Return the share of right answers, or None where nothing was predicted."""
    if not predictions:
        return None
    return sum(p.right for p in predictions) / len(predictions)


def interval(predictions: tuple[Prediction, ...]) -> list[float] | None:
    """Return the 95 % Wilson interval of that share, or None where nothing was predicted."""
    if not predictions:
        return None
    return list(wilson_interval(sum(p.right for p in predictions), len(predictions)))


def _fields_of(name: str, found: Any) -> dict[str, Any]:
    """Return the fields of a record that stand in a file, which must be these alone."""
    fields = {field.name for field in dataclasses.fields(RunRecord)} - {"config"}
    allowed = {"val", "test"} if name == PREDICTIONS else fields
    if not isinstance(found, dict) or not found.keys() <= allowed:
        raise PlainDataError(f"must hold {', '.join(sorted(allowed))}, not {shown(found)}")
    return found
