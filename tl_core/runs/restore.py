"""Takes a run's folder and answers for new items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tl_core.backbones.build import build_backbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.data.foreign import foreign_file
from tl_core.data.views import Items
from tl_core.device import to_device
from tl_core.errors import DataError, UserError
from tl_core.parallel import stream
from tl_core.prefix import inference_batch
from tl_core.steps import Progress
from tl_core.training.evaluation import predict
from tl_core.training.novelty import UNFAMILIAR, NoveltyDetector
from tl_core.training.record import WEIGHTS, RunRecord
from tl_core.training.record_check import reading
from tl_core.training.tensor_file import forms_of, read_tensors, require_forms


def load_classifier(run_dir: Path) -> tuple[TransferClassifier, RunRecord]:
    """Build the classifier that a run kept, on the CPU, in evaluation mode.

    Raises
    ------
    UserError
        If the folder holds no finished run.
    """
    record = RunRecord.load(run_dir)
    if record.status != "finished":
        raise UserError(f"The run in {run_dir} was {record.status}, so it has no weights to use.")
    config = record.config
    backbone = build_backbone(config.backbone, pretrained=False, input_size=config.input_size)
    head = make_head(config.head, backbone.num_features, len(record.classes))
    classifier = TransferClassifier(backbone, head)
    fresh = classifier.state_dict()
    most = sum(tensor.nbytes for tensor in fresh.values())
    whose = f"{config.backbone} with {len(record.classes)} classes, as the record says"
    with reading(run_dir, WEIGHTS):
        state = read_tensors(
            run_dir / WEIGHTS, most, lambda found: require_forms(found, forms_of(fresh), whose)
        )
    classifier.load_state_dict(state)
    return to_device(classifier.eval(), "cpu"), record


class Predicted(NamedTuple):
    """What a network says of some files; each file stands in one of both, in order.

    Attributes
    ----------
    predictions
        ``file``, the most probable ``class`` with its ``probability``, the ``probabilities`` of
        every class, ``novelty`` and ``unfamiliar``.
    left_out
        ``file`` and ``reason`` of each that is missing or is no readable item.
    """

    predictions: list[dict[str, Any]]
    left_out: list[dict[str, str]]


def predict_files(
    run_dir: Path, files: Sequence[Path], progress: Progress | None = None
) -> Predicted:
    """Return, for each file, its most probable class and the probability of every class.

    ``novelty`` is the share of the validation items that resemble the training items more than
    the file does (None for runs from before that was kept), ``unfamiliar`` whether it is so
    large that the answer should not be trusted; see :mod:`tl_core.training.novelty`.

    The file goes through the decoder and the preprocessing of the run, in fp32 on the CPU, so a
    validation item gets the probabilities that stand in the record. Files are decoded a few at a
    time, so thousands take no more memory than a batch.

    Parameters
    ----------
    run_dir
        Folder of a finished run.
    files
        N files; one that cannot be read is left out and named, and the others are answered.
    progress
        Called with the number of files looked at and their total.

    Raises
    ------
    UserError
        If the folder holds no finished run.
    """
    network = _Network(run_dir)
    told = Predicted([], [])
    looked_at = zip(files, stream(network.view, files), strict=True)
    while part := list(islice(looked_at, inference_batch("cpu"))):
        views = [(file, view) for file, view in part if isinstance(view, Tensor)]
        if views:
            told.predictions.extend(network.answer(*zip(*views, strict=True)))
        told.left_out.extend(
            {"file": str(file), "reason": view} for file, view in part if isinstance(view, str)
        )
        if progress:
            done = len(told.predictions) + len(told.left_out)
            progress(done, len(files), network.items.kind.plural)
    return told


class _Network:
    """The network of a finished run, and how its items are decoded."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.classifier, self.record = load_classifier(run_dir)
        spec = self.record.config.spec
        calibration = self.record.calibration
        if calibration is None:
            calibration = dict(spec.kind.before_calibration)
        self.items = Items(spec.kind, (), calibration=calibration)
        preprocessing = spec.preprocessing.at(self.record.config.input_size)
        self.form = self.items.tensors.evaluation_form(preprocessing)
        self.detector = NoveltyDetector.load(run_dir, self.classifier.backbone.num_features)

    def view(self, file: Path) -> Tensor | str:
        """Return the view of a file that is measured, or the reason why there is none."""
        try:
            return torch.from_numpy(self.items.decode(file, self.form))
        except DataError as error:
            # It is named beside its reason.
            return foreign_file(file) or str(error).removeprefix(f"{file.name}: ")

    def answer(self, files: Sequence[Path], views: Sequence[Tensor]) -> Iterator[dict[str, Any]]:
        """Yield what the network says of each file."""
        features, logs = predict(self.classifier, torch.stack(list(views)), "cpu")
        if not logs.isfinite().all():
            raise UserError(
                f"The network in {self.run_dir} answers with values that are no numbers: what is "
                f"in {WEIGHTS} was not learned, or is damaged. Train it again."
            )
        novelty = self.detector.score(features) if self.detector else [None] * len(files)
        classes = self.record.classes
        for file, row, share in zip(files, logs.exp().tolist(), novelty, strict=True):
            top = max(range(len(row)), key=row.__getitem__)
            yield {
                "file": str(file),
                "class": classes[top],
                "probability": row[top],
                "probabilities": dict(zip(classes, row, strict=True)),
                "novelty": share,
                "unfamiliar": share is not None and share > UNFAMILIAR,
            }
