from __future__ import annotations

import pytest

from tl_core.analysis.guess import guess_words
from tl_core.training.config import make_config
from tl_core.training.record import Prediction, RunRecord


def run(right: str) -> RunRecord:
    val = tuple(
        Prediction(f"p{i}", 0, (0.9, 0.1) if letter == "1" else (0.1, 0.9))
        for i, letter in enumerate(right)
    )
    return RunRecord(
        config=make_config("photos"), status="finished", reason=None, environment={},
        classes=("ant", "bee"), fingerprint="f", split={"train": [], "val": [], "test": []},
        total_parameters=2, trainable_parameters=1, history=(), phases=(), best_epoch=1,
        seconds=1.0, val=val,
    )  # fmt: skip


GOOD, BAD = run("1" * 40), run("1" * 20 + "0" * 20)
NAMES = {0: "A", 1: "B"}


@pytest.mark.parametrize(
    ("winner", "second", "said", "judged"),
    [
        (0, BAD, "A wins by 1 point.", "You were right: A leads by 50.0 points."),
        (1, BAD, "B wins by 1 point.", "It came out otherwise: A leads by 50.0 points."),
        (None, BAD, "No clear winner.", "It came out otherwise"),
        (None, GOOD, "No clear winner.", "You were right: A leads by 0.0 points, which luck"),
        (0, GOOD, "A wins by 1 point.", "Nobody can tell yet"),
    ],
)
def test_a_guess_is_judged_by_the_verdict(
    winner: int | None, second: RunRecord, said: str, judged: str
) -> None:
    words = guess_words({"winner": winner, "points": 1}, {0: GOOD, 1: second}, NAMES)
    assert words is not None
    assert words[0] == said and words[1].startswith(judged)


def test_nothing_is_said_where_a_run_is_missing() -> None:
    assert guess_words({"winner": 2, "points": 1}, {0: GOOD, 1: BAD}, NAMES) is None
    assert guess_words({"winner": 0, "points": 1}, {0: GOOD}, NAMES) is None
