"""A learner's guess, made before a comparison starts, of which run will win; and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from tl_core.analysis.verdict import judge_runs
from tl_core.runs.compare import compare
from tl_core.training.record import RunRecord, accuracy


class Guess(TypedDict):
    """What a learner expects of a comparison: plain data for JSON.

    Attributes
    ----------
    winner
        Position, in the comparison, of the run that is to win; None for no clear winner.
    points
        The lead that it is to have, in percentage points of accuracy.
    """

    winner: int | None
    points: int


def guess_words(
    guess: Guess, records: Mapping[int, RunRecord], names: Mapping[int, str]
) -> tuple[str, str] | None:
    """Return the guess and the outcome in words; None where there is no outcome to judge.

    Parameters
    ----------
    guess
        Of the comparison.
    records, names
        Of the finished runs of the comparison, by their position in it.
    """
    winner, points = guess["winner"], guess["points"]
    if len(records) < 2 or (winner is not None and winner not in records):
        return None
    first, second = sorted(records, key=lambda i: -_accuracy(records[i]))[:2]
    verdicts = judge_runs(compare([records[first], records[second]]))
    if not verdicts:
        return None
    lead = 100 * (_accuracy(records[first]) - _accuracy(records[second]))
    said = "No clear winner."
    if winner is not None:
        said = f"{names[winner]} wins by {points} point{'s' * (points != 1)}."
    clear = verdicts[0].better is not None
    return said, _judged(winner, first, clear, names, f"{lead:.1f} points")


def _judged(
    winner: int | None, first: int, clear: bool, names: Mapping[int, str], lead: str
) -> str:
    came = f"{names[first]} leads by {lead}"
    if not clear:
        verdict = "You were right" if winner is None else "Nobody can tell yet"
        return f"{verdict}: {came}, which luck alone could explain on so few photos."
    if winner == first:
        return f"You were right: {came}."
    return f"It came out otherwise: {came}. What did you not expect?"


def _accuracy(record: RunRecord) -> float:
    return accuracy(record.headline) or 0.0
