from __future__ import annotations

import pytest
from scipy.stats import binomtest, kendalltau

from tl_core.statistics import confusions, kendall_tau, mcnemar_exact, wilson_interval


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (3, 7), (147, 153), (50, 100)])
def test_wilson_interval_is_scipys(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert wilson_interval(right, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("right", "count"), [(0, 0), (2, 1), (-1, 3)])
def test_a_share_of_nothing_is_refused(right: int, count: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(right, count)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (10, 2), (3, 17), (40, 60)])
def test_mcnemar_is_scipys_sign_test(first: int, second: int) -> None:
    count = first + second
    expected = binomtest(first, count).pvalue if count else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected)


def test_confusions_are_counted_by_truth_and_answer() -> None:
    assert confusions([0, 0, 1, 2], [0, 1, 1, 0]) == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (2, 0): 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 3], [3, 2, 1]),
        ([0.3, 0.2, 0.1], [0.9, 0.7, 0.8]),
        ([1, 2, 3, 4], [1, 1, 2, 2]),
        ([1, 1, 2, 3, 3], [2, 1, 1, 3, 3]),
    ],
)
def test_kendalls_tau_is_scipys(first: list[float], second: list[float]) -> None:
    assert kendall_tau(first, second) == pytest.approx(kendalltau(first, second).statistic)


def test_without_an_order_nothing_agrees() -> None:
    assert kendall_tau([1, 1, 1], [1, 2, 3]) == kendall_tau([], []) == kendall_tau([1], [1]) == 0
