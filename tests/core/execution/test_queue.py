from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tl_core.execution.queue import Place, in_order, places, turns_over
from tl_core.store.database import RUNNING, WAITING, Job

TURN = {"turn": 300.0}


def jobs(text: str, status: str = WAITING, started: float | None = None) -> list[Job]:
    """Read "a1 b2": owner and position of each job."""
    return [
        Job(
            word,
            int(word[1:]),
            "train",
            word[0],
            None,
            None,
            {},
            status,
            "",
            None,
            0,
            started,
            None,
        )
        for word in text.split()
    ]  # fmt: skip


def line(waiting: str, running: str = "", served: dict[str, float] | None = None) -> str:
    ordered = in_order(jobs(waiting), jobs(running, RUNNING), served or {})
    return " ".join(job.id for job in ordered)


@pytest.mark.parametrize(
    ("waiting", "running", "served", "expected"),
    [
        ("a1 a2 a3", "", {}, "a1 a2 a3"),
        ("a3 a1 a2", "", {}, "a1 a2 a3"),
        ("a1 a2 b3 b4 c5", "", {}, "a1 b3 c5 a2 b4"),
        ("a2 b3", "a1", {"a": 10.0}, "b3 a2"),
        ("a2 b4", "a1 b3", {"a": 10.0, "b": 5.0}, "b4 a2"),
        ("a1 b2", "", {"a": 20.0, "b": 10.0}, "b2 a1"),
        ("a1 b2 c3", "", {"a": 20.0, "b": 10.0}, "c3 b2 a1"),
        ("", "a1", {"a": 1.0}, ""),
    ],
)
def test_the_order(waiting: str, running: str, served: dict[str, float], expected: str) -> None:
    assert line(waiting, running, served) == expected


def test_thirty_learners_see_their_first_run_before_anyone_a_second() -> None:
    letters = [chr(ord("A") + n) for n in range(30)]
    waiting = " ".join(f"{c}{2 * n} {c}{2 * n + 1}" for n, c in enumerate(letters))
    order = line(waiting).split()
    assert [word[0] for word in order] == letters * 2


def test_places_and_expected_starts() -> None:
    running = jobs("a1", RUNNING, started=100.0) + jobs("b2", RUNNING, started=60.0)
    found = places(
        jobs("c3 d4 e5"), running, slots=2, durations=[50.0, 60.0, 90.0], **TURN, now=110.0
    )
    # b2 should have ended after 60 s, 10 s from now; a1 in 50 s; then c3's own 60 s are over.
    assert found == {"c3": Place(1, 10.0), "d4": Place(2, 50.0), "e5": Place(3, 70.0)}


def test_a_late_run_is_expected_to_end_at_any_moment() -> None:
    late = jobs("a1", RUNNING, started=1.0)
    assert places(jobs("b2"), late, slots=1, durations=[5.0], **TURN, now=99.0) == {
        "b2": Place(1, 0.0)
    }


def test_without_experience_only_free_slots_are_certain() -> None:
    found = places(jobs("a1 b2"), [], slots=1, durations=[], **TURN, now=0.0)
    assert found == {"a1": Place(1, 0.0), "b2": Place(2, None)}


def test_whoever_waits_for_a_turn_waits_no_longer_than_one() -> None:
    running = jobs("a1", RUNNING, started=100.0)
    found = places(jobs("b2 c3"), running, slots=1, durations=[3600.0], turn=300.0, now=160.0)
    assert found == {"b2": Place(1, 240.0), "c3": Place(2, 540.0)}


@pytest.mark.parametrize(
    ("waiting", "running", "slots", "served", "expected"),
    [
        ("", "a1@0", 1, {}, ""),  # nobody waits
        ("a2", "a1@0", 1, {}, ""),  # nobody else
        ("b2", "a1@0", 1, {}, "a1"),
        ("b2", "a1@500", 1, {}, ""),  # its turn is not over
        ("b2", "a1@0", 2, {}, ""),  # a slot is free
        ("b2 c3", "a1@0", 2, {}, "a1"),  # a free slot takes one of them alone
        ("b3 b4 c5", "a1@0 a2@10", 2, {}, "a1 a2"),
        ("b3 b4", "a1@0 a2@10", 2, {}, "a1"),  # then each has one slot
        ("b3", "a1@0 b2@10", 2, {}, ""),  # each has one already
        ("b3", "a1@0 b2@10", 2, {"b": 300.0}, ""),
        ("c3", "a1@10 b2@0", 2, {}, "b2"),  # who has been at it longest goes first
        ("b2", "a1@0?yield", 1, {}, ""),  # it was asked already
        ("b3 c4", "a1@0?yield a2@1", 2, {}, "a2"),
        ("b2", "a1@0?cancel", 1, {}, ""),
        ("", "a1@0?pause a2@1", 2, {}, ""),
        ("b2", "a1@0", 1, {"a": 0.0, "b": 590.0}, "a1"),  # served long ago, yet until now
    ],
)
def test_whose_turn_is_over(
    waiting: str, running: str, slots: int, served: dict[str, float], expected: str
) -> None:
    going = []
    for word in running.split():
        name, _, rest = word.partition("@")
        started, _, asked = rest.partition("?")
        [job] = jobs(name, RUNNING, float(started) or 0.001)
        going.append(replace(job, request=asked))
    over = turns_over(jobs(waiting), going, served, slots=slots, turn=300.0, now=600.0)
    assert " ".join(job.id for job in over) == expected


def test_in_a_class_every_long_run_gets_its_share() -> None:
    """Eight learners with an endless run each share two slots: nobody gets two turns more."""
    turn, slots, served = 300.0, 2, dict[str, float]()
    waiting, running = jobs(" ".join(f"{c}{n}" for n, c in enumerate("ABCDEFGH"))), []
    turns: Counter[str] = Counter()
    for step in range(40):
        now = 1.0 + step * turn
        over = turns_over(waiting, running, served, slots=slots, turn=turn, now=now)
        served |= {job.owner: now for job in over}
        running = [job for job in running if job not in over]
        waiting = [*waiting, *over]
        for job in in_order(waiting, running, served)[: slots - len(running)]:
            waiting = [other for other in waiting if other.id != job.id]
            running.append(replace(job, started=now))
            served[job.owner] = now
            turns[job.owner] += 1
    assert set(turns) == set("ABCDEFGH") and max(turns.values()) - min(turns.values()) <= 1
