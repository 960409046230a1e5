"""Numbers about predictions, and how far they can be trusted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist


def wilson_interval(right: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    An accuracy on a few hundred photos is a sample: 147 of 153 right is 96.1 %, and the truth
    behind it lies between about 92 % and 98 %.

    Parameters
    ----------
    right, count
        ``right`` of ``count`` photos were classified rightly.
    confidence
        Share of such intervals that would hold the truth.

    Raises
    ------
    ValueError
        If there are no photos, or more right than there are.

    Notes
    -----
    Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927).
    """
    if not 0 <= right <= count or count == 0:
        raise ValueError(f"{right} of {count} is no share.")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = math.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    reach = z * spread / (1 + z * z / count)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test for two classifiers on equal photos.

    Parameters
    ----------
    only_first, only_second
        Photos that only the first, and only the second, classified rightly. Those that both got
        right or wrong say nothing about which is better.

    Notes
    -----
    McNemar, Psychometrika 12 (1947); Dietterich, Neural Computation 10 (1998). Under equality
    each disagreement is a fair coin, so this is a sign test.
    """
    count = only_first + only_second
    if count == 0:
        return 1.0
    tail = ways = 1  # of choosing none; each further number of ways follows from the one before
    for k in range(min(only_first, only_second)):
        ways = ways * (count - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << count))


def confusions(labels: Sequence[int], predicted: Sequence[int]) -> Counter[tuple[int, int]]:
    """Return how often each true class got each answer, by pair; pairs that never occur lack.

    So it takes as much room as there are items, however many classes there are.
    """
    return Counter(zip(labels, predicted, strict=True))


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Kendall's rank correlation of two rankings of the same things, from -1 to 1.

    Parameters
    ----------
    first, second
        What each of them gives to the same things, in the same order. A pair of things with equal
        values in one of them agrees with nothing and contradicts nothing.

    Returns
    -------
    float
        Tau-b, which allows for such ties; 0 where one of the two gives all things the same value.

    Notes
    -----
    Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945).
    """
    pairs = list(combinations(zip(first, second, strict=True), 2))
    signs = [(_sign(a - c), _sign(b - d)) for (a, b), (c, d) in pairs]
    untied = [sum(sign != 0 for sign in column) for column in zip(*signs, strict=True)]
    if not untied or 0 in untied:
        return 0.0
    return sum(x * y for x, y in signs) / math.sqrt(untied[0] * untied[1])


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)
