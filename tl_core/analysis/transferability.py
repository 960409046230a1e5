"""How well features suit labels, told before any training.

Both scores read the features of one forward pass, (N, F) for N photos, and need no gradient step.
They are forecasts: published rank correlations between LogME and the accuracy after fine-tuning go
from about 0.8 (CIFAR-10) down to 0.4 (Pets).

References
----------
You et al., "LogME: Practical assessment of pre-trained models for transfer learning", ICML 2021,
arXiv:2102.11005.
Bao et al., "An information-theoretic approach to transferability in task transfer learning", ICIP
2019, arXiv:2212.10082.
Ibrahim et al., "Newer is not always better: Rethinking transferability metrics, their
peculiarities, stability and performance", ECML PKDD 2022, arXiv:2110.06893.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

_RATIOS = np.linspace(-9, 9, 73)
"""Decimal logarithms of ratios alpha / beta to begin with, relative to the largest eigenvalue."""


def log_me(features: Features, labels: Labels) -> float:
    r"""Return the logarithm of the maximum evidence, a photo, averaged over the classes.

    Each class is a column y of zeros and ones that a Bayesian linear model explains by the
    features: weights from N(0, I / alpha), noise from N(0, 1 / beta). With the singular values s of
    the features and t = alpha / beta, y is Gaussian with the variances (1 + s_i^2 / t) / beta along
    the singular vectors. The best beta for a given t has a closed form, which leaves one number to
    search for; the paper iterates on alpha and beta instead and arrives at the same maximum.

    Parameters
    ----------
    features
        (N, F).
    labels
        (N,), class indices.

    Returns
    -------
    float
        Higher is better; comparable among backbones on the same photos only.
    """
    x = np.asarray(features, dtype=np.float64)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    columns = [np.asarray(labels == label, dtype=np.float64) for label in np.unique(labels)]
    return float(np.mean([_evidence(u.T @ y, s**2, y) for y in columns])) / len(x)


def _evidence(z: Features, eigenvalues: Features, y: Features) -> float:
    """Return max log p(y) over alpha and beta; z are the coordinates of y along the features."""
    from scipy.optimize import minimize_scalar  # here: megabytes that every worker would carry

    n, largest = len(y), max(float(eigenvalues.max()), np.finfo(np.float64).tiny)
    outside = max(float(y @ y - z @ z), 0.0)  # what no weights can explain

    def negative(log_ratio: float) -> float:
        spread = 1 + eigenvalues / (largest * 10.0**log_ratio)
        noise = max((float((z**2 / spread).sum()) + outside) / n, np.finfo(np.float64).tiny)
        return 0.5 * (n * math.log(2 * math.pi * noise) + n + float(np.log(spread).sum()))

    start = int(np.argmin([negative(ratio) for ratio in _RATIOS]))
    bounds = (_RATIOS[max(start - 1, 0)], _RATIOS[min(start + 1, len(_RATIOS) - 1)])
    best = minimize_scalar(negative, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return -float(best.fun)


def h_score(features: Features, labels: Labels) -> float:
    """Return the H-score: how much of the features' variance lies between the classes.

    It is the trace of inv(C) B for the covariance C of the features and B of their class means.
    With fewer photos than features C cannot be inverted, and hardly with few more; therefore both
    are shrunk by Ledoit and Wolf's amount, as Ibrahim et al. propose.

    Parameters
    ----------
    features
        (N, F).
    labels
        (N,), class indices.

    Returns
    -------
    float
        From 0 to the number of classes less one; higher is better.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    x = np.asarray(features, dtype=np.float64)
    x = x - x.mean(axis=0)
    # Along the singular vectors the shrunk covariance is diagonal.
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    if s[0] == 0:
        return 0.0
    shrinkage = float(ledoit_wolf_shrinkage(x, assume_centered=True))
    variances = (1 - shrinkage) * s**2 / len(x) + shrinkage * (x**2).mean()
    _, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.stack([(u * s)[index == k].mean(axis=0) for k in range(len(counts))])
    between = (counts[:, None] * means**2).sum(axis=0) / len(x)
    vary = variances > 1e-12 * variances[0]
    return (1 - shrinkage) * float((between[vary] / variances[vary]).sum())
