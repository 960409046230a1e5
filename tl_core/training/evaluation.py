"""Predictions of a classifier on decoded items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional as F

from tl_core.classifier import TransferClassifier
from tl_core.device import autocast, send
from tl_core.prefix import inference_batch
from tl_core.training.config import RunConfig


@dataclass(frozen=True)
class EvaluationSet:
    """Labelled items as a network reads them.

    Attributes
    ----------
    names
        Path of each item, relative to its data set.
    batch
        A raw batch (N, ...), or for ``start > 0`` what the first stages made of it.
    labels
        int64 tensor (N,).
    start
        Stages that are done already.
    """

    names: tuple[str, ...]
    batch: torch.Tensor
    labels: torch.Tensor
    start: int = 0


class Answers(NamedTuple):
    """What a classifier makes of items, in fp32 on the CPU.

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
    """How a classifier did on labelled items.

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
    batch: torch.Tensor,
    device: str,
    precision: str = "fp32",
    start: int = 0,
) -> Answers:
    """Show items to a classifier.

    ``batch`` is a raw batch (N, ...), or what the first ``start`` stages made of it.
    """
    classifier.eval()
    features, scores = [], []
    for part in torch.split(batch, inference_batch(device)):
        with autocast(device, precision):
            x = classifier.backbone(send(part, device), start)
            features.append(x.float().cpu())
            scores.append(classifier.forward_head(x).float().cpu())
    return Answers(torch.cat(features), F.log_softmax(torch.cat(scores), dim=1))


def evaluate(
    classifier: TransferClassifier,
    items: EvaluationSet,
    config: RunConfig,
    precision: str | None = None,
) -> Evaluation:
    """Evaluate on labelled items, in the run's precision unless another is asked for."""
    precision = precision or config.precision
    features, logs = predict(classifier, items.batch, config.device, precision, items.start)
    return Evaluation(
        loss=F.nll_loss(logs, items.labels).item(),
        accuracy=int((logs.argmax(1) == items.labels).sum()) / len(items.labels),
        probabilities=logs.exp(),
        features=features,
    )
