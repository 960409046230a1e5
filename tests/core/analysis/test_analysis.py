from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from tl_core.analysis.difference import BROKEN, FIXED, difference
from tl_core.analysis.remarks import remarks
from tl_core.analysis.verdict import holm, judge_methods, judge_runs, methods
from tl_core.runs.compare import compare
from tl_core.statistics import wilson_interval
from tl_core.training.config import make_config
from tl_core.training.events import EpochEnded
from tl_core.training.record import Prediction, RunRecord

TRIALS = 100


def record(right: np.ndarray, *, train: int = 1000, **choices: object) -> RunRecord:
    answers = tuple(
        Prediction(f"p{i}", 0, (0.9, 0.1) if good else (0.1, 0.9)) for i, good in enumerate(right)
    )
    return RunRecord(
        config=make_config("photos", **choices), status="finished", reason=None, environment={},
        classes=("ant", "bee"), fingerprint="f",
        split={"train": [str(i) for i in range(train)], "val": [], "test": []},
        total_parameters=1, trainable_parameters=1, history=(), phases=(), best_epoch=1,
        seconds=1.0, val=answers,
    )  # fmt: skip


def winners(first: float, second: float) -> list[int | None]:
    """Judge simulated pairs of runs of given true accuracies on 200 photos."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(TRIALS):
        runs = [record(rng.random(200) < first), record(rng.random(200) < second, seed=1)]
        [verdict] = judge_runs(compare(runs))
        found.append(verdict.better)
    return found


def test_equal_runs_are_too_close_to_call() -> None:
    assert winners(0.85, 0.85).count(None) >= 90


def test_the_right_winner_is_named() -> None:
    assert winners(0.75, 0.90).count(1) >= 90


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    for truth in (0.6, 0.9, 0.97):
        right = rng.binomial(150, truth, 2000)
        ends = [wilson_interval(int(r), 150) for r in right]
        assert 0.93 <= np.mean([low <= truth <= high for low, high in ends]) <= 0.98


def test_holm_adjusts_like_the_book() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_many_equal_runs_bring_no_winner_by_luck() -> None:
    rng = np.random.default_rng(2)
    lucky = 0
    for _ in range(TRIALS):
        runs = [record(rng.random(200) < 0.8, seed=s) for s in range(4)]
        lucky += any(v.better is not None for v in judge_runs(compare(runs)))
    assert lucky <= 10


def repeated(accuracies: list[float], **choices: object) -> list[RunRecord]:
    return [
        record(np.arange(200) < round(200 * share), seed=seed, **choices)
        for seed, share in enumerate(accuracies)
    ]


def test_methods_are_judged_from_three_seeds_on() -> None:
    low, high = [0.70, 0.71, 0.69], [0.90, 0.905, 0.90]
    runs = repeated(low, strategy="from_scratch") + repeated(high, strategy="fine_tune")
    [verdict] = judge_methods(methods(runs))
    assert verdict.better == 1
    assert "3 seeds" in verdict.evidence
    assert judge_methods(methods(runs[1:3] + runs[4:])) == []


def test_the_corrected_t_test_asks_for_more_than_the_plain_one() -> None:
    low, high = [0.80, 0.81, 0.80, 0.83, 0.80], [0.82, 0.81, 0.83, 0.84, 0.82]
    gaps = np.array(high) - np.array(low)
    assert ttest_1samp(gaps, 0).pvalue < 0.05
    few = repeated(low, train=50, strategy="from_scratch") + repeated(high, train=50)
    [verdict] = judge_methods(methods(few))
    assert verdict.better is None
    assert "too close to call" in verdict.sentence(["scratch", "tuned"])


def answers(*predicted: int) -> list[Prediction]:
    labels = (0, 0, 1, 1)
    return [
        Prediction(f"p{i}", label, tuple(float(c == said) for c in range(2)))
        for i, (label, said) in enumerate(zip(labels, predicted, strict=True))
    ]


def test_the_difference_names_each_photo() -> None:
    change = difference(answers(0, 1, 1, 1), answers(0, 0, 0, 1), 2)
    assert change.cells() == {(0, 0): 1, (0, 1): -1, (1, 0): 1, (1, 1): -1}
    assert change.photos(FIXED) == [1]
    assert change.photos(BROKEN) == [2]
    assert change.cell(0, 0) == ([1], [])
    assert change.cell(1, 1) == ([], [2])
    assert change.per_class()[1] == {"both right": 1, "fixed": 0, "broken": 1, "both wrong": 0}


def test_runs_on_different_photos_have_no_difference() -> None:
    with pytest.raises(ValueError, match="same photos"):
        difference(answers(0, 0, 1, 1), answers(0, 0, 1, 1)[:3], 2)


def curve(train: list[float], val: list[float], accuracy: float = 0.9) -> list[EpochEnded]:
    return [
        EpochEnded(i + 1, 1, t, accuracy, v, accuracy, 0.01, 1.0, False)
        for i, (t, v) in enumerate(zip(train, val, strict=True))
    ]


@pytest.mark.parametrize(
    ("train", "val", "accuracy", "expected"),
    [
        ([1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02], [0.9, 0.6, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9],
         0.95, "overfitting"),
        ([0.7, 3.0, 0.9, 0.8], [0.7, 2.0, 0.9, 0.8], 0.9, "rate_too_high"),
        ([0.7, 0.7, 0.7, 0.7], [0.7, 0.7, 0.7, 0.7], 0.52, "not_learning"),
        ([1 - 0.1 * i for i in range(8)], [1 - 0.1 * i for i in range(8)], 0.9, "still_improving"),
        ([0.7, 0.5, 0.4, 0.38, 0.37, 0.37, 0.37], [0.7, 0.5, 0.45, 0.44, 0.44, 0.45, 0.44],
         0.9, None),
        ([0.7], [0.7], 0.9, None),
    ],
)  # fmt: skip
def test_remarks_are_made_when_they_are_true(
    train: list[float], val: list[float], accuracy: float, expected: str | None
) -> None:
    names = [r.name for r in remarks(curve(train, val, accuracy), 2, ended=True)]
    assert names == ([expected] if expected else [])
