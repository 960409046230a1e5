"""Everything a training loop needs, made ready from a configuration."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

from tl_core import device as devices
from tl_core.backbones.build import build_backbone
from tl_core.backbones.weights import location, prefetch
from tl_core.classifier import TransferClassifier, make_head
from tl_core.data import DatasetSpec, Split, make_split, open_dataset, require_usable
from tl_core.data.health import require_decided
from tl_core.data.views import Items, TrainingViews
from tl_core.errors import DataError
from tl_core.machine import default_threads
from tl_core.precision import resolve_precision
from tl_core.prefix import default_views
from tl_core.seeding import derive
from tl_core.steps import Progress
from tl_core.stopwatch import Stopwatch
from tl_core.training.config import RunConfig
from tl_core.training.evaluation import EvaluationSet
from tl_core.training.progress import Preparing, report_work


@dataclass
class TrainingSetup:
    """A run, ready to train.

    Attributes
    ----------
    config
        Resolved: device, precision and threads are what will be used.
    classifier
        On its device, channels last.
    views
        Training items; each batch is drawn from here.
    train_labels
        int64 tensor (N,), in the order of ``views``.
    val
        Validation items.
    watch
        Counts where the time goes, if that was asked for.
    """

    config: RunConfig
    dataset: DatasetSpec
    split: Split
    classifier: TransferClassifier
    views: TrainingViews
    train_labels: torch.Tensor
    val: EvaluationSet
    criterion: nn.CrossEntropyLoss
    watch: Stopwatch

    @property
    def total_parameters(self) -> int:
        """Learnable values of backbone and head."""
        return sum(p.numel() for p in self.classifier.parameters())

    def environment(self) -> dict[str, Any]:
        """Return versions, device and decoder settings, on which the numbers depend too."""
        return {
            "python": platform.python_version(),
            "torch": torch.__version__,
            **{name: version(name) for name in self.dataset.kind.packages},
            "platform": platform.platform(),
            "device": devices.describe_device(self.config.device),
            "decode": dict(self.dataset.kind.settings),
        }


def set_up(
    config: RunConfig, watch: Stopwatch, beside: Sequence[RunConfig] = ()
) -> Preparing[TrainingSetup]:
    """Read the data, fetch the weights and build the classifier, reporting progress.

    What costs little and may fail comes first.

    Parameters
    ----------
    beside
        The other runs of its comparison, which train in the same precision.

    Raises
    ------
    UserError
        If data, weights or settings cannot be used.
    """
    torch.set_num_threads(config.threads or default_threads())
    device = devices.resolve_device(config.device)
    watch.synchronize = partial(devices.synchronize, device)
    spec, threads = config.spec, torch.get_num_threads()
    preprocessing = spec.preprocessing.at(config.input_size)
    augmentation = spec.kind.augmentations.get(config.augment)
    with watch.part("checking"):
        dataset, split = yield from _open(config)
        _open_test(config, dataset)  # a slip in it must not cost a whole training
    networks = [(run.backbone, run.input_size) for run in (config, *beside)]
    config = config.replace(
        device=device,
        threads=threads,
        precision=resolve_precision(config.precision, device, threads, networks),
        augment_views=config.augment_views or default_views(config.epochs, len(split.train)),
    )
    with watch.part("building"):
        classifier = yield from build_classifier(config, len(dataset.classes))
    with watch.part("decode"):
        views = yield from report_work(
            f"training {spec.kind.plural}",
            lambda progress: TrainingViews(
                _items(dataset, split.train, progress),
                preprocessing,
                augmentation,
                config.seed,
            ),
        )
        what = f"validation {spec.kind.plural}"
        val = yield from _evaluation_set(config, what, dataset, split.val)
    labels = torch.tensor([dataset.items[i].label for i in split.train])
    weight = _class_weights(labels, len(dataset.classes)) if config.class_weights else None
    criterion = nn.CrossEntropyLoss(weight, label_smoothing=config.label_smoothing).to(device)
    return TrainingSetup(config, dataset, split, classifier, views, labels, val, criterion, watch)


def build_classifier(config: RunConfig, classes: int) -> Preparing[TransferClassifier]:
    """Build backbone and head; weights that are not here yet are downloaded."""
    pretrained = config.weights == "pretrained"
    if pretrained and location(config.spec) == "download":
        yield from report_work("megabytes of weights", lambda report: _fetch(config, report))
    with torch.random.fork_rng():
        torch.manual_seed(derive(config.seed, "backbone"))
        backbone = build_backbone(
            config.backbone, pretrained=pretrained, input_size=config.input_size
        )
        torch.manual_seed(derive(config.seed, "head"))
        head = make_head(config.head, backbone.num_features, classes)
    classifier = TransferClassifier(backbone, head)
    return devices.to_device(classifier, config.device)


def load_test(
    config: RunConfig, dataset: DatasetSpec, split: Split
) -> Preparing[EvaluationSet | None]:
    """Decode the test items: of ``config.test`` where it is given, else of the test folder.

    Raises
    ------
    DataError
        If the other data set has a class that the training items lack.
    """
    what = f"test {dataset.kind.plural}"
    other = _open_test(config, dataset)
    if other is None:
        if not split.test:
            return None
        return (yield from _evaluation_set(config, what, dataset, split.test))
    found = yield from _evaluation_set(config, what, other, range(len(other.items)))
    here = torch.tensor([dataset.classes.index(name) for name in other.classes])
    return EvaluationSet(found.names, found.batch, here[found.labels])


def _items(dataset: DatasetSpec, indices: Sequence[int], progress: Progress) -> Items:
    files, digests = dataset.files(indices), dataset.digests(indices)
    return Items(dataset.kind, files, digests, progress, dataset.calibration)


def _evaluation_set(
    config: RunConfig,
    what: str,
    dataset: DatasetSpec,
    indices: Sequence[int],
) -> Preparing[EvaluationSet]:
    """Decode some items of a data set for evaluation."""
    preprocessing = config.spec.preprocessing.at(config.input_size)
    batch = yield from report_work(
        what,
        lambda progress: _items(dataset, indices, progress).evaluation_batch(preprocessing),
    )
    items = [dataset.items[i] for i in indices]
    labels = torch.tensor([item.label for item in items], dtype=torch.long)
    return EvaluationSet(tuple(item.path for item in items), batch, labels)


def _open(config: RunConfig) -> Preparing[tuple[DatasetSpec, Split]]:
    """Open and check the data set, and split it."""
    what = f"{config.spec.kind.plural} checked"
    dataset, report = yield from report_work(
        what, lambda progress: open_dataset(config.data, config.read_as, progress=progress)
    )
    config.spec.check_modality(dataset.kind)
    require_usable(report)
    split = make_split(
        dataset, seed=config.seed, val_fraction=config.val_fraction, per_class=config.per_class
    )
    return dataset, split


def _open_test(config: RunConfig, dataset: DatasetSpec) -> DatasetSpec | None:
    """Open the other data set to test on, if there is one, and check its classes.

    Its items are decoded as those are that the network learned from, whatever it is like itself.
    Where its folders leave open how they are to be read, they are read like those, too.
    """
    if config.test is None:
        return None
    other, report = open_dataset(config.test)
    if report.layout.undecided:
        other, report = open_dataset(config.test, config.read_as)
    require_decided(report)
    config.spec.check_modality(other.kind)
    unknown = [name for name in other.classes if name not in dataset.classes]
    if unknown:
        plural = dataset.kind.plural
        raise DataError(
            f"The test {plural} have the class {unknown[0]!r}, which the training {plural} lack. "
            f"Classes here: {', '.join(dataset.classes)}."
        )
    return replace(other, calibration=dataset.calibration)


def _fetch(config: RunConfig, report: Progress) -> None:
    prefetch(config.spec, lambda done, total, _: report(done >> 20, total >> 20, "MB"))


def _class_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    counts = torch.bincount(labels, minlength=classes).clamp(min=1)
    return len(labels) / (classes * counts.float())
