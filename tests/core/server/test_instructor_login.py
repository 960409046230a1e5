"""The instructor's code: wrong ones cost time, and nobody is locked out."""

from __future__ import annotations

import pytest

from tl_core.errors import UserError
from tl_core.server.instructor_login import (
    LONGEST_OWN,
    LONGEST_SHARED,
    InstructorLogin,
    weakness,
)

CODE = "correct horse"


class Login:
    """A login on a clock that moves only when it waits, or when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.login = InstructorLogin(
            window=60, lasts=1000, clock=lambda: self.now, sleep=self._sleep
        )

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def wrong(self, who: str = "a", address: str = "school") -> str:
        with pytest.raises(UserError, match="not the instructor's code") as told:
            self.login.sign_in(who, address, "guess", CODE)
        return str(told.value)

    def right(self, who: str = "teacher", address: str = "school") -> float:
        """Sign in; return how long that took."""
        assert self.login.holds(self.login.sign_in(who, address, f" {CODE} ", CODE), CODE)
        return self.waits[-1]


@pytest.fixture
def at() -> Login:
    return Login()


def test_the_right_code_lets_in_for_a_while(at: Login) -> None:
    signed_in = at.login.sign_in("a", "", CODE, CODE)
    assert at.login.holds(signed_in, CODE) and not at.login.holds(signed_in, "changed")
    assert CODE not in repr(signed_in)
    at.now = 1001
    assert not at.login.holds(signed_in, CODE)


def test_letters_beyond_ascii(at: Login) -> None:
    at.login.sign_in("a", "", "grün-häuser", "grün-häuser")
    for given in ("gr\u00fcn", "\ud800", ""):
        with pytest.raises(UserError):
            at.login.sign_in("b", "", given, "grün-häuser")


def test_each_wrong_code_of_a_learner_makes_the_next_answer_later(at: Login) -> None:
    told = [at.wrong() for _ in range(12)]
    assert at.waits[:5] == [0, 0, 0, 1, 2] and at.waits == sorted(at.waits)
    assert max(at.waits) == LONGEST_OWN
    assert "answered after" not in told[0] and told[2].endswith("answered after 1 s.")


def test_a_right_code_is_answered_no_sooner_than_a_wrong_one(at: Login) -> None:
    for _ in range(6):
        at.wrong("a")
    waited = at.right("a")
    at.wrong("a")
    assert at.waits[-1] == waited > 0


@pytest.mark.parametrize("learners", [1, 50, 10_000])
def test_nobody_locks_the_instructor_out(at: Login, learners: int) -> None:
    for number in range(10_000):
        at.wrong(f"learner {number % learners}")
    assert at.right() <= LONGEST_SHARED
    assert at.right(address="elsewhere") == 0


def test_made_up_learners_at_one_address_wait_too(at: Login) -> None:
    for number in range(100):
        at.wrong(f"learner {number}")
    assert at.waits[0] == 0 and at.waits[-1] == LONGEST_SHARED


def test_hanging_up_before_the_answer_saves_no_time(at: Login) -> None:
    at.login._sleep = lambda seconds: (_ for _ in ()).throw(ConnectionError)
    for _ in range(4):
        with pytest.raises(ConnectionError):
            at.login.sign_in("a", "", "guess", CODE)
    at.login._sleep = at._sleep
    at.wrong("a", "")
    assert at.waits == [2]


def test_wrong_codes_are_forgotten_after_a_while(at: Login) -> None:
    for number in range(1000):
        at.wrong(f"learner {number % 7}")
    at.now = 61
    assert at.right("learner 0") == 0
    assert not at.login._wrong and not at.login._by_learner and not at.login._by_address


@pytest.mark.parametrize("code", ["12345678", "123456789012", "abababababab", "short-one"])
def test_a_code_that_could_be_guessed_is_told(code: str) -> None:
    assert weakness(code)


def test_a_good_code_is_not() -> None:
    assert weakness(CODE) is None and weakness("x7Kp-93qd-Tz4w") is None
