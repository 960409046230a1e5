"""Takes a run's folder and answers for new items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tl_core.backbones.build import build_backbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.data.views import Items
from tl_core.device import to_device
from tl_core.errors import UserError
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


def predict_files(run_dir: Path, files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return, for each file, its most probable class and the probability of every class.

    ``novelty`` is the share of the validation items that resemble the training items more than
    the file does (None for runs from before that was kept), ``unfamiliar`` whether it is so
    large that the answer should not be trusted; see :mod:`tl_core.training.novelty`.

    The file goes through the decoder and the preprocessing of the run, in fp32 on the CPU, so a
    validation item gets the probabilities that stand in the record.

    Raises
    ------
    UserError
        If the folder holds no finished run or a file cannot be read.
    """
    classifier, record = load_classifier(run_dir)
    spec = record.config.spec
    preprocessing = spec.preprocessing.at(record.config.input_size)
    calibration = record.calibration
    if calibration is None:
        calibration = dict(spec.kind.before_calibration)
    batch = Items(spec.kind, files, calibration=calibration).evaluation_batch(preprocessing)
    features, logs = predict(classifier, batch, "cpu")
    if not logs.isfinite().all():
        raise UserError(
            f"The network in {run_dir} answers with values that are no numbers: what is in "
            f"{WEIGHTS} was not learned, or is damaged. Train it again."
        )
    detector = NoveltyDetector.load(run_dir, features.shape[1])
    novelty = detector.score(features) if detector else [None] * len(files)
    answers = []
    for file, row, share in zip(files, logs.exp().tolist(), novelty, strict=True):
        top = max(range(len(row)), key=row.__getitem__)
        answers.append(
            {
                "file": str(file),
                "class": record.classes[top],
                "probability": row[top],
                "probabilities": dict(zip(record.classes, row, strict=True)),
                "novelty": share,
                "unfamiliar": share is not None and share > UNFAMILIAR,
            }
        )
    return answers
