"""Tells photos that resemble nothing of what a network was trained on.

A classifier names one of its classes whatever it is shown, often with a high probability. Whether
to listen is a question about its features: a photo that lies far from all training photos is one
that the network was never prepared for. The distance is that to the k-th nearest training photo
between features of length one; how far is too far is read from validation photos, which belong to
the task and were not learned from.

Notes
-----
Sun, Ming, Zhu and Li, "Out-of-distribution detection with deep nearest neighbors", ICML 2022,
arXiv:2204.06507.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from tl_core.errors import UserError
from tl_core.home import replacing
from tl_core.prefix import inference_batch
from tl_core.seeding import generator
from tl_core.steps import Steps
from tl_core.training.evaluation import predict
from tl_core.training.loader import first_view
from tl_core.training.progress import Preparing, stepping
from tl_core.training.record import NOVELTY
from tl_core.training.setup import TrainingSetup

NEIGHBOUR = 5
"""Which neighbour counts: a single strange training photo then vouches for no other."""

KEPT = 500
"""Training photos that are remembered at most; drawn by lot where there are more."""

UNFAMILIAR = 0.95
"""A photo is called unfamiliar if it is farther off than this share of the validation photos."""


@dataclass(frozen=True)
class NoveltyDetector:
    """What a network is at home with.

    Attributes
    ----------
    features
        Of training photos, each of length one; (N, F), fp16.
    distances
        Of the validation photos to it, in rising order; (V,).
    """

    features: torch.Tensor
    distances: torch.Tensor

    @classmethod
    def of(cls, training: torch.Tensor, validation: torch.Tensor) -> NoveltyDetector:
        """Learn it from the features (N, F) and (V, F) of training and validation photos."""
        features = F.normalize(training.float(), dim=1).half()
        return cls(features, _distances(features, validation).sort().values)

    def novelty(self, features: torch.Tensor) -> list[float]:
        """Return for features (B, F) the share of validation photos that lie nearer than each."""
        nearer = torch.searchsorted(self.distances, _distances(self.features, features))
        shares: list[float] = (nearer / len(self.distances)).tolist()
        return shares

    def save(self, run_dir: Path) -> None:
        """Write it beside the weights."""
        with replacing(run_dir / NOVELTY) as temporary:
            save_file({"features": self.features, "distances": self.distances}, temporary)

    @classmethod
    def load(cls, run_dir: Path) -> NoveltyDetector | None:
        """Return what :meth:`save` wrote, or None for a run from before there was such a file.

        Raises
        ------
        UserError
            If the file is damaged.
        """
        path = run_dir / NOVELTY
        if not path.exists():
            return None
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise UserError(f"The file {path} is damaged.") from error


def familiar(session: TrainingSetup, validation: torch.Tensor) -> Preparing[NoveltyDetector]:
    """Return what the network of a session is at home with, in the state that it is in.

    Training photos are taken in their first view, behind the frozen stages where that is kept; with
    feature extraction this costs nothing more.

    Parameters
    ----------
    validation
        Features (V, F) of the validation photos.
    """
    config = session.config
    order = torch.randperm(len(session.train_labels), generator=generator(config.seed, "novelty"))
    chosen = order[:KEPT].sort().values
    read, start = yield from first_view(session)

    def look() -> Steps[torch.Tensor]:
        found = []
        for batch in torch.split(chosen, inference_batch(config.device)):
            images = read(batch)
            answers = predict(
                session.classifier,
                images,
                session.preprocessing,
                config.device,
                config.precision,
                start,
            )
            found.append(answers.features)
            yield sum(map(len, found))
        return torch.cat(found)

    training = yield from stepping("training photos to remember", look(), len(chosen))
    return NoveltyDetector.of(training, validation)


def _distances(known: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Return the distance (B,) of features (B, F) to their k-th nearest among ``known`` (N, F)."""
    pairs = torch.cdist(F.normalize(features.float(), dim=1), known.float())
    return pairs.kthvalue(min(NEIGHBOUR, len(known)), dim=1).values
