"""Holds a run's record against itself: a folder that somebody hands over may say anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tl_core.codec import PlainDataError
from tl_core.errors import UserError
from tl_core.reading import Unreadable
from tl_core.store.jobs import FINAL
from tl_core.words import shown

if TYPE_CHECKING:
    from tl_core.training.record import Prediction, RunRecord

MOST_CLASSES = 10_000
"""Of a run; the head of a network has a row of weights for each."""

LONGEST_PATH = 4096
"""Characters of an item's path, and of a class's name."""

SPLITS = ("train", "val", "test")

_ROUNDING = 1e-3
"""By which a probability of 1 may be missed."""


@contextmanager
def reading(run_dir: Path, name: str) -> Iterator[None]:
    """Turn whatever is wrong with a file of a run into a sentence that names it.

    Raises
    ------
    UserError
        With what is wrong and what would be right.
    """
    try:
        yield
    except (Unreadable, PlainDataError) as error:
        raise no_run(run_dir, name, str(error)) from error
    except UserError as error:  # of the configuration
        raise no_run(run_dir, name, f"says: {str(error).rstrip('.')}") from error


def no_run(run_dir: Path, name: str, what: str) -> UserError:
    """Return the error for a folder in which a file is not what a run leaves."""
    return UserError(
        f"{run_dir} is not the folder of a run: {name} {what}. Give the folder that 'train' "
        "printed as run_dir, as it was written."
    )


def contradictions(record: RunRecord, probabilities: bool) -> Iterator[tuple[str, str]]:
    """Yield the name of a file of a run, and what in it cannot be, with what is allowed.

    Parameters
    ----------
    probabilities
        Whether those of every class were read, too.
    """
    for what in _of_the_data(record):
        yield "record.json", what
    for what in _of_the_history(record):
        yield "record.json", what
    file = "predictions.json" if probabilities else "record.json"
    for name in ("val", "test"):
        predictions: Sequence[Prediction] = getattr(record, name)
        for what in _of_predictions(name, predictions, len(record.classes), probabilities):
            yield file, what
    if record.val and [p.path for p in record.val] != record.split["val"]:
        yield file, "val must be about the items of split.val in record.json"


def _of_the_data(record: RunRecord) -> Iterator[str]:
    if record.status not in FINAL:
        yield f"status must be one of {', '.join(FINAL)}, not {shown(record.status)}"
    count = len(record.classes)
    if not 1 <= count <= MOST_CLASSES:
        yield f"classes must be 1 to {MOST_CLASSES:,} names, not {count:,}"
    if len(set(record.classes)) < count:
        yield "classes must be different names, and one is there twice"
    if name := next((name for name in record.classes if not 1 <= len(name) <= LONGEST_PATH), None):
        yield f"classes must be names of at most {LONGEST_PATH} characters, not {shown(name)}"
    if tuple(record.split) != SPLITS:
        yield f"split must hold {', '.join(SPLITS)}, not {shown(list(record.split))}"
    for paths in record.split.values():
        if path := next((path for path in paths if _leads_out(path)), None):
            yield f"split must hold paths inside the data set, not {shown(path)}"


def _of_the_history(record: RunRecord) -> Iterator[str]:
    epochs, most, phases = len(record.history), record.config.epochs, len(record.phases)
    if epochs > most:
        yield f"history must hold at most the {most} epochs of config.json, not {epochs:,}"
    for number, epoch in enumerate(record.history, 1):
        if epoch.epoch != number or not 1 <= epoch.phase <= phases:
            yield (
                f"history must count epochs from 1 on, in the {phases} phases that there are, "
                f"not epoch {epoch.epoch} of phase {epoch.phase} as number {number}"
            )
            break
        if not (0 <= epoch.train_accuracy <= 1 and 0 <= epoch.val_accuracy <= 1):
            yield f"history must hold accuracies from 0 to 1, and those of epoch {number} are none"
            break
    stages = record.config.spec.stage_names
    for phase in record.phases:
        if unknown := next((name for name in phase.trainable if name not in stages), None):
            yield f"phases must name stages of {record.config.backbone}, not {shown(unknown)}"
            break
    if record.best_epoch is not None and not 1 <= record.best_epoch <= epochs:
        yield f"best_epoch must be one of the {epochs} in history, not {record.best_epoch}"
    if not 0 <= record.trainable_parameters <= record.total_parameters or record.seconds < 0:
        yield "trainable_parameters, total_parameters and seconds must be possible"


def _of_predictions(
    name: str, found: Sequence[Prediction], classes: int, probabilities: bool
) -> Iterator[str]:
    for number, one in enumerate(found):
        where = f"{name}[{number}]"
        if not 0 <= one.label < classes:
            yield f"{where}.label must be one of the {classes} classes, not {one.label}"
        elif probabilities and len(one.probabilities) != classes:
            yield (
                f"{where}.probabilities must be one for each of the {classes} classes, not "
                f"{len(one.probabilities):,}"
            )
        elif not 0 <= one.predicted < classes:
            yield f"{where}.predicted must be one of the {classes} classes, not {one.predicted}"
        elif not all(0 <= p <= 1 + _ROUNDING for p in (*one.probabilities, one.probability)):
            yield f"{where}.probabilities must lie between 0 and 1"
        elif _leads_out(one.path):
            yield f"{where}.path must lie inside the data set, not {shown(one.path)}"
        else:
            continue
        return


def _leads_out(path: str) -> bool:
    return (
        not 1 <= len(path) <= LONGEST_PATH
        or path.startswith("/")
        or "\0" in path
        or ".." in path.split("/")
    )
