"""A comparison in sentences that are no stronger than its evidence.

About *these trained networks* the paired test speaks: it looks at the photos on which two of them
disagree. About *methods* only repetitions with other seeds can speak, and from three of them on.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, variance

from tl_core.runs.compare import SIGNIFICANT, Comparison, PairedTest, p_text
from tl_core.training.record import RunRecord, accuracy

MIN_SEEDS = 3
"""Repetitions from which on something is said about a method."""


@dataclass(frozen=True)
class Verdict:
    """What can be said about one pair.

    Attributes
    ----------
    first, second
        Positions of the pair in the list that was judged.
    better
        Position of the better one; None where it is too close to call.
    evidence
        The numbers behind it, as a sentence.
    """

    first: int
    second: int
    better: int | None
    evidence: str

    def sentence(self, names: Sequence[str]) -> str:
        """Say it with the names of what was judged, in their order."""
        if self.better is None:
            return f"{names[self.first]} or {names[self.second]}: too close to call."
        worse = self.first + self.second - self.better
        return f"{names[self.better]} beats {names[worse]}."


def judge_runs(comparison: Comparison) -> list[Verdict]:
    """Judge each pair of runs that was validated on the same photos.

    The p-values are adjusted for the number of pairs: of many, one looks different by luck.

    Notes
    -----
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).
    """
    tests = comparison.tests
    adjusted = holm([test.p_value for test in tests])
    return [_judge(test, p, len(tests)) for test, p in zip(tests, adjusted, strict=True)]


def _judge(test: PairedTest, p_value: float, pairs: int) -> Verdict:
    better = None
    if p_value < SIGNIFICANT:
        better = test.first if test.only_first > test.only_second else test.second
    apart = test.only_first + test.only_second
    adjusted = f", adjusted for {pairs} pairs" if pairs > 1 else ""
    evidence = (
        f"They part on {apart} of {apart + test.both + test.neither} photos: the first alone is "
        f"right on {test.only_first}, the second alone on {test.only_second} "
        f"(exact McNemar test, {p_text(p_value)}{adjusted})."
    )
    return Verdict(test.first, test.second, better, evidence)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number, in the same order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


@dataclass(frozen=True)
class Method:
    """Runs that differ in their seed alone.

    Attributes
    ----------
    records
        By seed, ascending.
    """

    records: dict[int, RunRecord]

    def accuracy(self, seed: int) -> float:
        """Return the share of right answers on the photos that count."""
        return accuracy(self.records[seed].headline) or 0.0


def methods(records: Sequence[RunRecord]) -> list[Method]:
    """Group runs whose configurations differ in the seed alone; in order of appearance."""
    groups: dict[str, dict[int, RunRecord]] = {}
    for record in records:
        settings = {k: v for k, v in record.config.to_dict().items() if k != "seed"}
        groups.setdefault(json.dumps(settings, sort_keys=True), {})[record.config.seed] = record
    return [Method(dict(sorted(group.items()))) for group in groups.values()]


def judge_methods(groups: Sequence[Method]) -> list[Verdict]:
    """Judge each pair of methods that share at least ``MIN_SEEDS`` seeds on equal data.

    Notes
    -----
    Differences of a seed's two runs, by the corrected resampled t-test of Nadeau and Bengio,
    "Inference for the generalization error", Machine Learning 52 (2003): repetitions share most of
    their training photos, so their spread alone would promise too much.
    """
    found = []
    for i, j in itertools.combinations(range(len(groups)), 2):
        one, other = groups[i], groups[j]
        seeds = [s for s in one.records if s in other.records and _alike(one, other, s)]
        if len(seeds) >= MIN_SEEDS:
            gaps = [one.accuracy(s) - other.accuracy(s) for s in seeds]
            found.append(_judge_gaps(i, j, gaps, one.records[seeds[0]]))
    return found


def _judge_gaps(i: int, j: int, gaps: Sequence[float], example: RunRecord) -> Verdict:
    from scipy.special import stdtrit  # 27 MB that a page needs only here

    counted = len(example.headline)
    overlap = counted / max(1, len(example.split["train"]))
    spread = math.sqrt((1 / len(gaps) + overlap) * variance(gaps))
    reach = float(stdtrit(len(gaps) - 1, 1 - SIGNIFICANT / 2)) * spread
    middle = mean(gaps)
    better = None if abs(middle) <= reach else (i if middle > 0 else j)
    evidence = (
        f"Over {len(gaps)} seeds the first is {100 * middle:+.1f} points from the second, "
        f"95 % interval {100 * (middle - reach):+.1f} to {100 * (middle + reach):+.1f}."
    )
    return Verdict(i, j, better, evidence)


def _alike(one: Method, other: Method, seed: int) -> bool:
    return one.records[seed].headline_key == other.records[seed].headline_key
