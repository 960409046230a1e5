"""Predictions of a classifier on decoded pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional as F

from tl_core.backbones.spec import Preprocessing
from tl_core.classifier import TransferClassifier
from tl_core.data.views import normalise
from tl_core.device import autocast
from tl_core.prefix import inference_batch
from tl_core.training.config import RunConfig
from tl_core.training.setup import Photos


class Answers(NamedTuple):
    """What a classifier makes of pictures, in fp32 on the CPU.

    Attributes
    ----------
    features
        (N, F), what the head reads.
    logs
        (N, C), log-probabilities.
    """

    features: torch.Tensor
    logs: torch.Tensor


@dataclass(frozen=True)
class Evaluation:
    """How a classifier did on labelled pictures.

    Attributes
    ----------
    loss
        Mean cross-entropy.
    accuracy
        Share of right answers.
    probabilities, features
        (N, C) and (N, F).
    """

    loss: float
    accuracy: float
    probabilities: torch.Tensor
    features: torch.Tensor


@torch.inference_mode()
def predict(
    classifier: TransferClassifier,
    images: torch.Tensor,
    preprocessing: Preprocessing,
    device: str,
    precision: str = "fp32",
    start: int = 0,
) -> Answers:
    """Show pictures to a classifier.

    ``images`` is a uint8 tensor (N, 3, S, S), or what the first ``start`` stages made of it.
    """
    classifier.eval()
    features, scores = [], []
    for batch in torch.split(images, inference_batch(device)):
        with autocast(device, precision):
            x = batch.to(device) if start else normalise(batch, preprocessing, device)
            x = classifier.backbone(x, start)
            features.append(x.float().cpu())
            scores.append(classifier.forward_head(x).float().cpu())
    return Answers(torch.cat(features), F.log_softmax(torch.cat(scores), dim=1))


def evaluate(
    classifier: TransferClassifier,
    photos: Photos,
    preprocessing: Preprocessing,
    config: RunConfig,
    precision: str | None = None,
) -> Evaluation:
    """Evaluate on labelled pictures, in the run's precision unless another is asked for."""
    precision = precision or config.precision
    features, logs = predict(
        classifier, photos.images, preprocessing, config.device, precision, photos.start
    )
    return Evaluation(
        loss=F.nll_loss(logs, photos.labels).item(),
        accuracy=int((logs.argmax(1) == photos.labels).sum()) / len(photos.labels),
        probabilities=logs.exp(),
        features=features,
    )
