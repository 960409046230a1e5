from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import pytest

from tests.jobs import quick
from tl_core.cli import main
from tl_core.stopwatch import OVERHEAD, Stopwatch
from tl_core.training.config import RunConfig
from tl_core.training.loop import train
from tl_core.training.record import RunRecord


def config(photos: Path, **choices: object) -> RunConfig:
    return quick(photos, **{"batch_size": 4, **choices})


def test_each_second_counts_once() -> None:
    ticks = count()  # every look at the clock is a second later
    watch = Stopwatch(clock=lambda: float(next(ticks)))
    with watch.part("evaluation"):
        with watch.part("prefix"):
            pass
        with watch.part("prefix"):
            pass
    assert watch.seconds() == {OVERHEAD: 2, "evaluation": 3, "prefix": 2}
    assert watch.seconds()[OVERHEAD] == 3


def test_a_part_ends_with_what_goes_wrong_in_it() -> None:
    ticks = count()
    watch = Stopwatch(clock=lambda: float(next(ticks)))
    with pytest.raises(ValueError, match="wrong"), watch.part("forward"):
        raise ValueError("wrong")
    assert watch.seconds() == {OVERHEAD: 2, "forward": 1}


def test_one_that_does_not_run_counts_nothing() -> None:
    ticks = count()
    watch = Stopwatch(running=False, clock=lambda: float(next(ticks)))
    looks = next(ticks)
    with watch.part("forward"), watch.part("backward"):
        pass
    assert watch.seconds() == {} and next(ticks) == looks + 1


@pytest.mark.parametrize(
    ("strategy", "parts"),
    [
        ("feature_extraction", {"decode", "prefix", "backward", "optimiser", "evaluation"}),
        ("fine_tune", {"decode", "views", "forward", "backward", "optimiser", "evaluation"}),
    ],
)
def test_the_parts_make_up_the_time_of_a_run(
    strategy: str,
    parts: set[str],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[float] = []

    def clock() -> float:
        looks.append(time.perf_counter())
        return looks[-1]

    watch = Stopwatch(clock=clock)
    monkeypatch.setattr("tl_core.training.loop.Stopwatch", lambda running: watch)
    stream = list(train(config(photos, strategy=strategy), tmp_path / "run", profile=True))
    record = RunRecord.load(tmp_path / "run")
    assert sum(record.profile.values()) == pytest.approx(looks[-1] - looks[0])
    assert parts | {"checking", "building", "saving", OVERHEAD} <= set(record.profile)
    assert all(record.profile[part] > 0 for part in parts)
    assert stream[-1].summary["profile"].keys() == record.profile.keys()  # type: ignore[union-attr]


def test_the_record_has_a_profile_only_if_asked(photos: Path, tmp_path: Path) -> None:
    stream = list(train(config(photos), tmp_path / "run"))
    assert RunRecord.load(tmp_path / "run").profile == {}
    assert "profile" not in stream[-1].summary  # type: ignore[union-attr]


def test_the_command_line_says_where_the_time_went(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = "--input-size 32 --epochs 1 --precision fp32 --threads 1 --device cpu --profile"
    assert main(["train", str(photos), *quick.split(), "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out.splitlines()
    shares = [float(line.split()[-1].rstrip("%")) for line in told[2:]]
    assert shares == sorted(shares, reverse=True) and 95 <= sum(shares) < 101
    assert any(line.split()[0] == "prefix" for line in told[2:])
