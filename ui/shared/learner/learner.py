"""A learner is known by a random code in the browser's local storage, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from tl_core.store.learner_code import is_learner_code

COMPONENT = "_learner"
"""Key of the invisible component in the session's state."""

_ADOPT = "_learner_adopt"
_component = st.components.v2.component(
    "learner", js=(Path(__file__).parent / "learner.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Learner:
    """What a browser says of its learner.

    Attributes
    ----------
    code
        The learner's secret: whoever has it sees the learner's runs. It never goes into the address
        bar or the database; see :mod:`tl_core.store.learner_code`.
    kept
        Whether the browser can keep it; if not, it lasts as long as the page is open.
    """

    code: str
    kept: bool


def learner() -> Learner | None:
    """Ask the browser whose it is. Call it once a run of the script, in the router.

    Returns
    -------
    Learner or None
        None until the browser has answered, in the first run of a session.
    """
    mine = _read(st.session_state.get(COMPONENT))
    _component(
        key=COMPONENT,
        data={
            "known": mine and mine.code,
            "kept": mine and mine.kept,
            "adopt": _still_wanted(mine),
        },
        on_learner_change=lambda: None,
    )
    return mine


def adopt(code: str) -> None:
    """Make this browser continue under a code that came from another device."""
    st.session_state[_ADOPT] = code


def _still_wanted(mine: Learner | None) -> str | None:
    """Return the code that the browser has yet to take over; it is asked until it has."""
    wanted: str | None = st.session_state.get(_ADOPT)
    if mine is not None and mine.code == wanted:
        del st.session_state[_ADOPT]
        return None
    return wanted


def _read(state: object) -> Learner | None:
    """Return the answer if it is one; the browser may send anything."""
    said = state.get("learner") if isinstance(state, dict) else None
    if not isinstance(said, dict) or not is_learner_code(said.get("code")):
        return None
    return Learner(said["code"], said.get("kept") is True)
