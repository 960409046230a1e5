from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import BayesianRidge

from tl_core.analysis.transferability import h_score, log_me


def clusters(distance: float, n: int = 60, dims: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Three classes whose centres lie ``distance`` apart."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    return rng.normal(size=(n, dims)) + distance * np.eye(3, dims)[labels], labels


def brute_force(x: np.ndarray, labels: np.ndarray) -> float:
    """Maximise the evidence over alpha and beta as a density of N dimensions."""

    def negative(logs: np.ndarray, y: np.ndarray) -> float:
        alpha, beta = np.exp(logs)
        covariance = np.eye(len(x)) / beta + x @ x.T / alpha
        return -float(multivariate_normal(np.zeros(len(x)), covariance).logpdf(y))

    columns = [(labels == k).astype(float) for k in np.unique(labels)]
    best = [
        min(
            minimize(negative, (start, 1.0), args=(y,), method="Nelder-Mead").fun
            for start in (-3.0, 1.0, 5.0)
        )
        for y in columns
    ]
    return -float(np.mean(best)) / len(x)


@pytest.mark.parametrize(("n", "dims"), [(30, 5), (20, 40)])
def test_log_me_is_the_maximum_of_the_evidence(n: int, dims: int) -> None:
    x, labels = clusters(1.0, n, dims)
    assert log_me(x, labels) == pytest.approx(brute_force(x, labels), abs=1e-5)


def test_log_me_agrees_with_bayesian_ridge() -> None:
    x, labels = clusters(2.0)
    scores = []
    for k in range(3):
        flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 1e-12)
        model = BayesianRidge(fit_intercept=False, compute_score=True, tol=1e-9, **flat)
        scores.append(model.fit(x, labels == k).scores_[-1] / len(x))
    assert log_me(x, labels) == pytest.approx(np.mean(scores), abs=1e-4)


@pytest.mark.parametrize("score", [log_me, h_score])
def test_a_score_depends_on_neither_scale_nor_direction_nor_order(score) -> None:
    x, labels = clusters(1.5)
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    order = rng.permutation(len(x))
    renamed = np.array([2, 0, 1])[labels]
    expected = pytest.approx(score(x, labels), rel=1e-6)
    assert score(100 * x, labels) == expected
    assert score(x @ turn, labels) == expected
    assert score(x[order], labels[order]) == expected
    assert score(x, renamed) == expected


@pytest.mark.parametrize("score", [log_me, h_score])
@pytest.mark.parametrize("dims", [8, 200])
def test_the_better_classes_part_the_higher_the_score(score, dims: int) -> None:
    found = [score(*clusters(distance, dims=dims)) for distance in (0, 2, 6, 20)]
    assert found == sorted(found) and len(set(found)) == 4


def test_h_score_without_shrinkage_is_the_sum_of_canonical_correlations() -> None:
    # With very many photos nothing is shrunk, and the H-score is the share of each one-hot
    # column's variance that linear regression explains, summed over independent columns.
    x, labels = clusters(3.0, n=6000, dims=3)
    centred = x - x.mean(axis=0)
    onehot = np.eye(3)[labels] - np.eye(3)[labels].mean(axis=0)
    squares = np.linalg.svd(np.linalg.qr(centred)[0].T @ np.linalg.svd(onehot)[0][:, :2])[1] ** 2
    assert h_score(x, labels) == pytest.approx(squares.sum(), rel=5e-3)


def test_h_score_is_the_trace_of_its_definition() -> None:
    x, labels = clusters(1.0, n=40, dims=30)
    covariance, shrinkage = ledoit_wolf(x)
    means = np.stack([x[labels == k].mean(axis=0) for k in range(3)])[labels]
    between = (1 - shrinkage) * np.cov(means.T, bias=True)
    expected = np.trace(np.linalg.inv(covariance) @ between)
    assert 0.01 < shrinkage < 0.99
    assert h_score(x, labels) == pytest.approx(expected, rel=1e-9)


def test_h_score_lies_between_zero_and_the_number_of_classes_less_one() -> None:
    assert 0 <= h_score(*clusters(0, n=30, dims=300)) < h_score(*clusters(1e4)) <= 2


def test_features_that_do_not_vary_are_worth_least() -> None:
    x, labels = clusters(2.0)
    constant = np.ones_like(x)
    assert np.isfinite(log_me(constant, labels))
    assert log_me(constant, labels) < log_me(x, labels)
    assert h_score(constant, labels) == 0
