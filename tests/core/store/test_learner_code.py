from __future__ import annotations

import pytest

from tl_core.store.learner_code import grouped, is_learner_code, owner_of, read_learner_code

CODE = "7Q4ZKM0X1BGH8TVYW3CD"
FIRST_FORM = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        grouped(CODE),
        grouped(CODE).lower(),
        " 7q4zk mox1b GH8TV–yw3cd\n",
        "7Q4ZK-MOXIB-GH8TV-YW3CD",
        "7Q4ZK-M0XlB-GH8TV-YW3CD",
        "7Q4ZK_M0X1B.GH8TV YW3CD",
    ],
)
def test_what_people_type_for_a_code(typed: str) -> None:
    assert read_learner_code(typed) == CODE


@pytest.mark.parametrize("typed", ["", "7Q4ZK", CODE + "A", CODE[:-1] + "U", "é" * 20, "x" * 9999])
def test_what_is_no_code(typed: str) -> None:
    assert read_learner_code(typed) is None


def test_codes_of_the_first_form_still_hold() -> None:
    assert is_learner_code(FIRST_FORM)
    assert read_learner_code(f" {grouped(FIRST_FORM).upper()} ") == FIRST_FORM


@pytest.mark.parametrize("value", [None, 7, [CODE], "<b>", CODE.lower(), grouped(CODE), ""])
def test_a_browser_may_keep_only_the_exact_form(value: object) -> None:
    assert not is_learner_code(value)


def test_a_code_is_shown_in_four_groups_of_five() -> None:
    assert grouped(CODE) == "7Q4ZK-M0X1B-GH8TV-YW3CD"


def test_the_owner_gives_the_code_away_to_nobody() -> None:
    owner = owner_of(CODE)
    assert len(owner) == 32 and CODE[:5].lower() not in owner
    # An owner that was seen somewhere has the form of an old code, but opens nothing.
    assert owner_of(owner) != owner
