from __future__ import annotations

import pytest

from tl_core.execution.queue import Place, in_order, max_waiting, places
from tl_core.store.database import RUNNING, WAITING, Job


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
    found = places(jobs("c3 d4 e5"), running, slots=2, durations=[50.0, 60.0, 90.0], now=110.0)
    # b2 should have ended after 60 s, 10 s from now; a1 in 50 s; then c3's own 60 s are over.
    assert found == {"c3": Place(1, 10.0), "d4": Place(2, 50.0), "e5": Place(3, 70.0)}


def test_a_late_run_is_expected_to_end_at_any_moment() -> None:
    late = jobs("a1", RUNNING, started=1.0)
    assert places(jobs("b2"), late, slots=1, durations=[5.0], now=99.0) == {"b2": Place(1, 0.0)}


def test_without_experience_only_free_slots_are_certain() -> None:
    found = places(jobs("a1 b2"), [], slots=1, durations=[], now=0.0)
    assert found == {"a1": Place(1, 0.0), "b2": Place(2, None)}


def test_how_many_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TL_MAX_WAITING", raising=False)
    assert max_waiting() == 8
    monkeypatch.setenv("TL_MAX_WAITING", "3")
    assert max_waiting() == 3
