"""Everything a training loop needs, made ready from a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from tl_core import device as devices
from tl_core.backbones.build import build_backbone
from tl_core.backbones.spec import Preprocessing
from tl_core.backbones.weights import location, prefetch
from tl_core.classifier import TransferClassifier, make_head
from tl_core.data import DatasetSpec, Split, make_split, open_dataset, require_usable
from tl_core.data.decode_once import DecodeOnce, ReadSmall, read_small
from tl_core.data.views import TrainViews, load_eval, normalise, shorter_side
from tl_core.errors import DataError
from tl_core.machine import default_threads
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.prefix import default_views
from tl_core.seeding import derive, generator
from tl_core.stopwatch import Stopwatch
from tl_core.training.config import RunConfig
from tl_core.training.progress import Preparing, Progress, reporting


@dataclass(frozen=True)
class Photos:
    """Decoded pictures as a network sees them.

    Attributes
    ----------
    names
        Path of each picture, relative to its data set.
    images
        uint8 tensor (N, 3, S, S), or for ``start > 0`` what the first stages made of it.
    labels
        int64 tensor (N,).
    start
        Stages that are done already.
    """

    names: tuple[str, ...]
    images: torch.Tensor
    labels: torch.Tensor
    start: int = 0


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
        Training pictures; each batch is drawn from here.
    train_labels
        int64 tensor (N,), in the order of ``views``.
    val
        Validation pictures.
    watch
        Counts where the time goes, if that was asked for.
    """

    config: RunConfig
    dataset: DatasetSpec
    split: Split
    preprocessing: Preprocessing
    classifier: TransferClassifier
    views: TrainViews
    train_labels: torch.Tensor
    val: Photos
    criterion: nn.CrossEntropyLoss
    watch: Stopwatch

    def batches(self, epoch: int) -> list[torch.Tensor]:
        """Return the indices of each batch of an epoch, in an order that (seed, epoch) decides.

        A last batch of one picture joins the one before it: BatchNorm has no variance of one.
        """
        order = torch.randperm(
            len(self.train_labels), generator=generator(self.config.seed, "order", epoch)
        )
        batches = list(torch.split(order, self.config.batch_size))
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches[-2:] = [torch.cat(batches[-2:])]
        return batches

    def images(self, indices: torch.Tensor, view: int) -> torch.Tensor:
        """Return augmented, normalised images (B, 3, S, S) of training photos on the device."""
        views = self.views.batch(indices.tolist(), view)
        return normalise(views, self.preprocessing, self.config.device)

    def digests(self, positions: Sequence[int]) -> list[str]:
        """Return the digest of the content of some photos of the data set."""
        return [self.dataset.photos[i].sha256 for i in positions]


def prepare(config: RunConfig, watch: Stopwatch) -> Preparing[TrainingSetup]:
    """Read the photos, fetch the weights and build the classifier, reporting progress.

    Raises
    ------
    UserError
        If data, weights or settings cannot be used.
    """
    torch.set_num_threads(config.threads or default_threads())
    device = devices.resolve_device(config.device)
    watch.synchronize = partial(devices.synchronize, device)
    threads = torch.get_num_threads()
    config = config.replace(
        device=device,
        threads=threads,
        precision=devices.resolve_precision(config.precision, device, threads),
    )
    preprocessing = config.spec.preprocessing.at(config.input_size)
    augmentation = AUGMENTATIONS.get(config.augment)
    look = DecodeOnce(shorter_side(preprocessing, augmentation), preprocessing)
    with watch.part("checking"):
        dataset, split = yield from _open(config, look)
    views_kept = config.augment_views or default_views(config.epochs, len(split.train))
    config = config.replace(augment_views=views_kept)
    _open_test(config, dataset)  # a slip in it must not cost a whole training
    with watch.part("building"):
        classifier = yield from build_classifier(config, len(dataset.classes))
    with watch.part("decode"):
        views = yield from _load_views(config, dataset, split.train, look)
        val = yield from load_photos(
            "validation photos", dataset, split.val, preprocessing, look.read
        )
    train_labels = torch.tensor([dataset.photos[i].label for i in split.train])
    weight = _class_weights(train_labels, len(dataset.classes)) if config.class_weights else None
    criterion = nn.CrossEntropyLoss(weight, label_smoothing=config.label_smoothing).to(device)
    return TrainingSetup(
        config,
        dataset,
        split,
        preprocessing,
        classifier,
        views,
        train_labels,
        val,
        criterion,
        watch,
    )


def _load_views(
    config: RunConfig, dataset: DatasetSpec, indices: tuple[int, ...], look: DecodeOnce
) -> Preparing[TrainViews]:
    """Decode the training pictures, as large as their augmentation needs them."""
    files = dataset.files(indices)
    digests = [dataset.photos[i].sha256 for i in indices]
    augmentation = AUGMENTATIONS.get(config.augment)
    return (
        yield from reporting(
            "training photos",
            lambda progress: TrainViews(
                files, look.preprocessing, augmentation, config.seed, progress, digests, look.read
            ),
        )
    )


def build_classifier(config: RunConfig, classes: int) -> Preparing[TransferClassifier]:
    """Build backbone and head; weights that are not here yet are downloaded."""
    pretrained = config.weights == "pretrained"
    if pretrained and location(config.spec) == "download":
        yield from reporting("megabytes of weights", lambda report: _fetch(config, report))
    with torch.random.fork_rng():
        torch.manual_seed(derive(config.seed, "backbone"))
        backbone = build_backbone(
            config.backbone, pretrained=pretrained, image_size=config.input_size
        )
        torch.manual_seed(derive(config.seed, "head"))
        head = make_head(config.head, backbone.num_features, classes)
    classifier = TransferClassifier(backbone, head)
    return devices.to_device(classifier, config.device)


def load_photos(
    what: str,
    dataset: DatasetSpec,
    indices: tuple[int, ...],
    preprocessing: Preprocessing,
    read: ReadSmall = read_small,
) -> Preparing[Photos]:
    """Decode some pictures of a data set for evaluation."""
    files = [dataset.file(i) for i in indices]
    photos = [dataset.photos[i] for i in indices]
    digests = [photo.sha256 for photo in photos]
    images = yield from reporting(
        what, lambda progress: load_eval(files, preprocessing, progress, digests, read)
    )
    labels = torch.tensor([photo.label for photo in photos], dtype=torch.long)
    return Photos(tuple(photo.path for photo in photos), images, labels)


def load_test(config: RunConfig, dataset: DatasetSpec, split: Split) -> Preparing[Photos | None]:
    """Decode the test pictures: of ``config.test`` where it is given, else of the test folder.

    Raises
    ------
    DataError
        If the other data set has a class that the training photos lack.
    """
    preprocessing = config.spec.preprocessing.at(config.input_size)
    other = _open_test(config, dataset)
    if other is None:
        if not split.test:
            return None
        return (yield from load_photos("test photos", dataset, split.test, preprocessing))
    indices = tuple(range(len(other.photos)))
    photos = yield from load_photos("test photos", other, indices, preprocessing)
    here = torch.tensor([dataset.classes.index(name) for name in other.classes])
    return Photos(photos.names, photos.images, here[photos.labels])


def _open_test(config: RunConfig, dataset: DatasetSpec) -> DatasetSpec | None:
    """Open the other data set to test on, if there is one, and check its classes."""
    if config.test is None:
        return None
    other, _ = open_dataset(config.test)
    unknown = [name for name in other.classes if name not in dataset.classes]
    if unknown:
        raise DataError(
            f"The test photos have the class {unknown[0]!r}, which the training photos lack. "
            f"Classes here: {', '.join(dataset.classes)}."
        )
    return other


def _open(config: RunConfig, look: DecodeOnce) -> Preparing[tuple[DatasetSpec, Split]]:
    dataset, report = yield from reporting(
        "photos checked", lambda progress: open_dataset(config.data, progress=progress, look=look)
    )
    require_usable(report)
    split = make_split(
        dataset, seed=config.seed, val_fraction=config.val_fraction, per_class=config.per_class
    )
    return dataset, split


def _fetch(config: RunConfig, report: Progress) -> None:
    prefetch(config.spec, lambda done, total: report(done >> 20, total >> 20))


def _class_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    counts = torch.bincount(labels, minlength=classes).clamp(min=1)
    return len(labels) / (classes * counts.float())
