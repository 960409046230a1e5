"""Backbones in the order in which they promise to suit some photos, before any of them trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from tl_core.analysis.backbone_forecast import Forecast
from tl_core.analysis.transferability import h_score, log_me
from tl_core.backbones.build import build_backbone
from tl_core.backbones.spec import backbones as specs
from tl_core.backbones.weights import fitting
from tl_core.data import DatasetSpec, make_split, open_dataset, require_usable
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.views import Items
from tl_core.device import resolve_device, to_device
from tl_core.features import FrozenPrefix, as_tensor
from tl_core.machine import default_threads
from tl_core.steps import Progress, complete

"""Called with what is done, its total, and what it is."""


def forecasts(
    data: str,
    backbones: Sequence[str] | None = None,
    *,
    seed: int = 0,
    val_fraction: float = 0.3,
    per_class: int | None = None,
    device: str = "auto",
    layout: str = AS_FOUND.layout,
    pages: str = AS_FOUND.pages,
    zip_names: str = AS_FOUND.zip_names,
    report: Progress | None = None,
) -> Iterator[Forecast]:
    """Score backbones by the features that they make of the training photos.

    Only training photos are looked at: those that will measure the networks later have no say.

    Parameters
    ----------
    data, seed, val_fraction, per_class, layout, pages, zip_names
        As in a run's configuration; they decide which photos train.
    backbones
        Their names; None for all whose weights are on this machine.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    UserError
        If data or weights cannot be used.
    """
    torch.set_num_threads(default_threads())
    dataset, health = open_dataset(data, ReadAs(layout, pages, zip_names))
    require_usable(health)
    split = make_split(dataset, seed=seed, val_fraction=val_fraction, per_class=per_class)
    labels = np.array([dataset.items[i].label for i in split.train])
    for name in fitting(dataset.kind) if backbones is None else backbones:
        specs().get(name).check_modality(dataset.kind)
        features = train_features(name, dataset, split.train, resolve_device(device), report)
        yield Forecast(name, log_me(features, labels), h_score(features, labels))


def train_features(
    name: str,
    dataset: DatasetSpec,
    indices: Sequence[int],
    device: str,
    report: Progress | None = None,
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return the pooled features (N, F) of photos in fp32, kept as those of trainings are."""
    spec = specs().get(name)
    backbone = to_device(build_backbone(name, pretrained=True), device).eval()
    depth = len(backbone.stage_names)
    prefix = FrozenPrefix(backbone, spec, spec.preprocessing, {depth}, device)
    files, digests = dataset.files(indices), dataset.digests(indices)
    items = Items(spec.kind, files, digests, calibration=dataset.calibration)
    batch = items.evaluation_batch(spec.preprocessing)

    def progress(done: int) -> None:
        if report:
            report(done, len(files), f"{spec.kind.plural} through {spec.title}")

    kept = complete(
        prefix.arrays(depth, digests, (), lambda at: batch[at[0] : at[-1] + 1], "fp32"), progress
    )
    features: np.ndarray[tuple[int, int], np.dtype[np.float32]] = as_tensor(kept).float().numpy()
    return features
