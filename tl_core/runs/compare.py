"""Runs side by side: what differs between them, and whether the difference means anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tl_core.statistics import mcnemar_exact
from tl_core.training.record import Prediction, RunRecord

SIGNIFICANT = 0.05
"""Two-sided p-value below which a difference is called one."""


@dataclass(frozen=True)
class PairedTest:
    """Two runs on the same photos.

    Attributes
    ----------
    first, second
        Positions of the runs in the comparison.
    both, only_first, only_second, neither
        Photos that were classified rightly by both, by one alone, by neither.
    p_value
        Of the exact McNemar test: how often a difference this large would arise by luck alone.
    """

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    neither: int
    p_value: float

    @property
    def too_close_to_call(self) -> bool:
        """Whether luck alone explains the difference well enough."""
        return self.p_value >= SIGNIFICANT

    @property
    def better(self) -> int | None:
        """Position of the better run, or None where it is too close to call."""
        if self.too_close_to_call:
            return None
        return self.first if self.only_first > self.only_second else self.second


@dataclass(frozen=True)
class Comparison:
    """Aligned runs, what differs in their configurations, and a paired test for each pair.

    Attributes
    ----------
    records
        The finished runs.
    differences
        For each setting that is not the same in all: its value in each run.
    tests
        One for each pair that was validated on the same photos.
    """

    records: tuple[RunRecord, ...]
    differences: dict[str, tuple[Any, ...]]
    tests: tuple[PairedTest, ...]


def compare(records: Sequence[RunRecord]) -> Comparison:
    """Align runs; pairs with different validation photos get no test."""
    configs = [record.config.to_dict() for record in records]
    differences = {
        key: tuple(config[key] for config in configs)
        for key in (configs[0] if configs else {})
        if any(config[key] != configs[0][key] for config in configs)
    }
    tests = [
        paired_test(i, j, records[i].headline, records[j].headline)
        for i in range(len(records))
        for j in range(i + 1, len(records))
        if records[i].headline and records[i].headline_key == records[j].headline_key
    ]
    return Comparison(tuple(records), differences, tuple(tests))


def p_text(p_value: float) -> str:
    """Write a p-value for people: it is never nothing, so below a thousandth it is only that."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def paired_test(
    first: int, second: int, left: Sequence[Prediction], right: Sequence[Prediction]
) -> PairedTest:
    """Test two runs' predictions for the same photos, in the same order."""
    pairs = [(a.right, b.right) for a, b in zip(left, right, strict=True)]
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    return PairedTest(
        first,
        second,
        both=pairs.count((True, True)),
        only_first=only_first,
        only_second=only_second,
        neither=pairs.count((False, False)),
        p_value=mcnemar_exact(only_first, only_second),
    )
