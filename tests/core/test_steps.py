from __future__ import annotations

import pytest

from tl_core.steps import Steps, complete


def count(stop: int) -> Steps[str]:
    for number in range(stop):
        yield number + 1
    return f"{stop} steps"


def test_all_steps_are_taken_and_told() -> None:
    told: list[int] = []
    assert complete(count(3), told.append) == "3 steps"
    assert told == [1, 2, 3]
    assert complete(count(0)) == "0 steps"


def test_what_fails_in_a_step_reaches_the_caller() -> None:
    def fails() -> Steps[None]:
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        complete(fails())
