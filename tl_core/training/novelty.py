"""Tells items that resemble nothing of what a network was trained on.

A classifier names one of its classes whatever it is shown, often with a high probability. Whether
to listen is a question about its features: an item that lies far from all training items is one
that the network was never prepared for. The distance is that to the k-th nearest training item
between features of length one; how far is too far is read from validation items, which belong to
the task and were not learned from.

Notes
-----
Sun, Ming, Zhu and Li, "Out-of-distribution detection with deep nearest neighbors", ICML 2022,
arXiv:2204.06507.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from tl_core.home import replacing
from tl_core.prefix import inference_batch
from tl_core.reading import Unreadable
from tl_core.seeding import generator
from tl_core.steps import Steps
from tl_core.training.config import REMEMBERED
from tl_core.training.evaluation import predict
from tl_core.training.loader import PhaseLoader
from tl_core.training.progress import Preparing, report_steps
from tl_core.training.record import NOVELTY
from tl_core.training.record_check import reading
from tl_core.training.setup import TrainingSetup
from tl_core.training.tensor_file import Form, read_tensors, require_forms

NEIGHBOUR = 5
"""Which neighbour counts: a single strange training item then vouches for no other."""

MOST_VALIDATED = 1_000_000
"""Validation items whose distances are read back."""

UNFAMILIAR = 0.95
"""An item is called unfamiliar if it is farther off than this share of the validation items."""


@dataclass(frozen=True)
class NoveltyDetector:
    """Scores how far items lie from those that a network was trained on.

    Attributes
    ----------
    features
        Of training items, each of length one; (N, F), fp16.
    distances
        Of the validation items to it, in rising order; (V,).
    """

    features: torch.Tensor
    distances: torch.Tensor

    @classmethod
    def fit(cls, training: torch.Tensor, validation: torch.Tensor) -> NoveltyDetector:
        """Fit it to the features (N, F) and (V, F) of training and validation items."""
        features = F.normalize(training.float(), dim=1).half()
        return cls(features, _distances(features, validation).sort().values)

    def score(self, features: torch.Tensor) -> list[float]:
        """Return for features (B, F) the share of validation items that lie nearer than each."""
        nearer = torch.searchsorted(self.distances, _distances(self.features, features))
        shares: list[float] = (nearer / len(self.distances)).tolist()
        return shares

    def save(self, run_dir: Path) -> None:
        """Write it beside the weights."""
        with replacing(run_dir / NOVELTY) as temporary:
            save_file({"features": self.features, "distances": self.distances}, temporary)

    @classmethod
    def load(cls, run_dir: Path, num_features: int) -> NoveltyDetector | None:
        """Return the detector of a run, or None for a run from before there were detectors.

        Parameters
        ----------
        num_features
            F, of the network that it belongs to.

        Raises
        ------
        UserError
            If the file is damaged, or belongs to another network.
        """
        if not os.path.lexists(run_dir / NOVELTY):
            return None

        def check(found: Mapping[str, Form]) -> None:
            known, validated = (
                max(found[name].shape[:1], default=0) if name in found else 0
                for name in ("features", "distances")
            )
            wanted = {
                "features": Form("F16", (min(known, REMEMBERED), num_features)),
                "distances": Form("F32", (min(validated, MOST_VALIDATED),)),
            }
            require_forms(found, wanted, "its network")

        most = 2 * REMEMBERED * num_features + 4 * MOST_VALIDATED
        with reading(run_dir, NOVELTY):
            detector = cls(**read_tensors(run_dir / NOVELTY, most, check))
            if not (len(detector.features) and len(detector.distances)):
                raise Unreadable("holds no item")
            if not all(t.isfinite().all() for t in (detector.features, detector.distances)):
                raise Unreadable("holds values that are no numbers")
        return detector


def fit_novelty(
    setup: TrainingSetup, loader: PhaseLoader, validation: torch.Tensor
) -> Preparing[NoveltyDetector]:
    """Fit a detector to a trained network.

    Training items are taken in their first view, behind the frozen stages where that is kept; with
    feature extraction this costs nothing more.

    Parameters
    ----------
    loader
        Reads the training items behind what no phase has changed.
    validation
        Features (V, F) of the validation items.
    """
    config = setup.config
    order = torch.randperm(len(setup.train_labels), generator=generator(config.seed, "novelty"))
    chosen = order[:REMEMBERED].sort().values
    yield from loader.prepare(epoch=1)

    def look() -> Steps[torch.Tensor]:
        found = []
        for positions in torch.split(chosen, inference_batch(config.device)):
            x = loader.read(positions)
            answers = predict(setup.classifier, x, config.device, config.precision, loader.start)
            found.append(answers.features)
            yield sum(map(len, found))
        return torch.cat(found)

    what = f"training {setup.dataset.kind.plural} to remember"
    training = yield from report_steps(what, look(), len(chosen))
    return NoveltyDetector.fit(training, validation)


def _distances(known: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Return the distance (B,) of features (B, F) to their k-th nearest among ``known`` (N, F)."""
    pairs = torch.cdist(F.normalize(features.float(), dim=1), known.float())
    return pairs.kthvalue(min(NEIGHBOUR, len(known)), dim=1).values
