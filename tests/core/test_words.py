from __future__ import annotations

import pytest

from tl_core.words import (
    bytes_text,
    count_text,
    duration_text,
    prediction_text,
    remaining_text,
    some_of,
)


@pytest.mark.parametrize(
    ("count", "base", "text"),
    [
        (0, 1000, "0 MB"),
        (400_000, 1000, "0.4 MB"),
        (48_300_000, 1000, "48 MB"),
        (1_500_000_000, 1000, "1.5 GB"),
        (500 * 2**20, 1024, "500 MB"),
        (20 * 2**30, 1024, "20 GB"),
    ],
)
def test_bytes(count: int, base: int, text: str) -> None:
    assert bytes_text(count, base) == text


@pytest.mark.parametrize(
    ("number", "text"), [(928, "928"), (46_830_453, "46.8 M"), (1.8e9, "1.8 G"), (2048, "2.05 k")]
)
def test_large_numbers_have_three_digits(number: float, text: str) -> None:
    assert count_text(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (8.4, "8 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "under 0.1 s"), (0.44, "0.4 s"), (9.44, "9.4 s"), (12.3, "12 s"), (75, "1 min 15 s")],
)
def test_predictions_are_no_more_precise_than_they_are(seconds: float, text: str) -> None:
    assert prediction_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "1 min"), (2700, "45 min"), (82_000, "23 h"), (172_800, "48 h"), (600_000, "7 days")],
)
def test_what_remains(seconds: float, text: str) -> None:
    assert remaining_text(seconds) == text


def test_some_of_many_are_named() -> None:
    assert some_of(["a", "b"]) == "a, b"
    assert some_of("abcdefg") == "a, b, c, d, e and 2 more"
