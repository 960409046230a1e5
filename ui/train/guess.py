"""Predict first: the learner's guess of a comparison's outcome, asked for before it starts.

Whoever has to commit to an outcome notices more of what happens than whoever only watches.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from tl_core.analysis.guess import Guess
from tl_core.strategies import STRATEGIES
from tl_core.training.config import RunConfig
from ui.shared.room import predicts_first
from ui.shared.state import AppState, my_room

TIE = -1
POINTS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 40)
"""Percentage points by which a run may be expected to win."""

KEPT = 50
"""Guesses that a learner's state keeps, the newest."""


def wanted() -> bool:
    """Tell whether learners predict first: yes, unless the host or the room switched it off."""
    room = my_room()
    on_server = os.environ.get("TL_PREDICT_FIRST", "1").strip() != "0"
    return on_server and (room is None or predicts_first(room))


def ask_guess(planned: Sequence[RunConfig]) -> Guess | None:
    """Ask which of the lined-up runs will win, and by how much; None until that is answered."""
    titles = [STRATEGIES.get(config.strategy).title for config in planned]
    line_up = "_".join(config.strategy for config in planned)
    st.markdown("**Predict first.** Which run will be right on most photos, and by how much?")
    left, right = st.columns([3, 2])
    winner = left.radio(
        "It will win",
        [*range(len(titles)), TIE],
        index=None,
        format_func=lambda place: "Too close to call" if place == TIE else titles[place],
        horizontal=True,
        key=f"guess_winner_{line_up}",
    )
    points = right.select_slider(
        "Ahead by, in percentage points",
        POINTS,
        value=5,
        disabled=winner == TIE,
        key=f"guess_points_{line_up}",
    )
    if winner is None:
        return None
    return {"winner": None, "points": 0} if winner == TIE else {"winner": winner, "points": points}


def remember(state: AppState, comparison: str, guess: Guess | None) -> None:
    """Keep what was expected of a comparison, before its first result is known."""
    if guess is not None:
        kept = list(state.guesses.items())[-KEPT + 1 :]
        state.guesses = {**dict(kept), comparison: guess}
