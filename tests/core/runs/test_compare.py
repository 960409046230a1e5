from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binomtest

from tl_core.runs.compare import compare, paired_test
from tl_core.training.config import make_config
from tl_core.training.record import Prediction, RunRecord

TRUE, FALSE = (0.9, 0.1), (0.2, 0.8)


def predictions(right: str, prefix: str = "photo") -> tuple[Prediction, ...]:
    """Make predictions of class 0: "1" is right, "0" is wrong."""
    return tuple(
        Prediction(f"{prefix}{number}", 0, TRUE if letter == "1" else FALSE)
        for number, letter in enumerate(right)
    )


def run(
    val: str, *, test: str = "", fingerprint: str = "f", prefix: str = "photo", **choices: Any
) -> RunRecord:
    return RunRecord(
        config=make_config("photos", **choices),
        status="finished",
        reason=None,
        environment={},
        classes=("ant", "bee"),
        fingerprint=fingerprint,
        split={"train": [], "val": [p.path for p in predictions(val, prefix)], "test": []},
        total_parameters=10,
        trainable_parameters=2,
        history=(),
        phases=(),
        best_epoch=1,
        seconds=1.0,
        val=predictions(val, prefix),
        test=predictions(test, "test"),
    )


def test_the_paired_test_counts_each_photo_once() -> None:
    test = paired_test(0, 1, predictions("110100"), predictions("101100"))
    assert (test.both, test.only_first, test.only_second, test.neither) == (2, 1, 1, 2)
    assert test.p_value == 1.0
    assert test.too_close_to_call and test.better is None


@pytest.mark.parametrize(
    ("first", "second", "better"),
    [
        ("1" * 10, "0" * 10, 0),
        ("0" * 10, "1" * 10, 1),
        ("1" * 10, "1" * 5 + "0" * 5, None),  # five photos apart: p = 0.0625
        ("1" * 10, "1" * 4 + "0" * 6, 0),  # six: p = 0.03125
        ("1" * 147 + "0" * 6, "1" * 144 + "0" * 9, None),  # the tutorial's two headlines
    ],
)
def test_a_run_is_better_only_beyond_luck(first: str, second: str, better: int | None) -> None:
    [test] = compare([run(first), run(second, strategy="fine_tune")]).tests
    assert test.better == better
    alone = test.only_first + test.only_second
    assert test.p_value == pytest.approx(binomtest(test.only_first, alone).pvalue)


def test_photos_that_both_get_right_do_not_matter() -> None:
    [few] = compare([run("1110"), run("0001")]).tests
    [many] = compare([run("1110" + "1" * 500), run("0001" + "1" * 500)]).tests
    assert few.p_value == many.p_value


def test_every_pair_is_tested() -> None:
    tests = compare([run("11"), run("10"), run("01")]).tests
    assert [(test.first, test.second) for test in tests] == [(0, 1), (0, 2), (1, 2)]


def test_the_test_photos_count_where_there_are_some() -> None:
    [test] = compare([run("00", test="1111"), run("11", test="1100")]).tests
    assert (test.both, test.only_first) == (2, 2)


@pytest.mark.parametrize(
    "other",
    [
        run("10", prefix="elsewhere"),
        run("10", fingerprint="another set"),
        run("100"),
        run("10", test="1"),
    ],
    ids=["other photos", "other set", "more photos", "tested, not validated"],
)
def test_runs_on_different_photos_get_no_test(other: RunRecord) -> None:
    assert compare([run("11"), other]).tests == ()


def test_runs_without_an_answer_get_no_test() -> None:
    assert compare([run(""), run("")]).tests == ()


def test_the_headline_is_the_test_where_there_is_one() -> None:
    assert run("10").headline == run("10").val
    tested = run("10", test="110")
    assert tested.headline == tested.test
    assert tested.headline_key == ("f", None, ("test0", "test1", "test2"))


def test_only_settings_that_differ_are_listed() -> None:
    records = [run("1", strategy=name, seed=3) for name in ("feature_extraction", "fine_tune")]
    differences = compare(records).differences
    assert differences["strategy"] == ("feature_extraction", "fine_tune")
    assert differences["trainable"] == ("none", "all")
    assert not {"seed", "backbone", "data"} & differences.keys()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_runs_have_nothing_to_compare(count: int) -> None:
    comparison = compare([run("1")] * count)
    assert len(comparison.records) == count
    assert comparison.differences == {} and comparison.tests == ()
