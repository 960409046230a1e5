"""The ranking of a class."""

from __future__ import annotations

import contextlib
from pathlib import Path

import streamlit as st

from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.server.leaderboard import Entry, Outcome, outcome, rankings
from tl_core.strategies import STRATEGIES
from ui.classroom.runs import names
from ui.shared.charts import Result, interval_bars
from ui.shared.charts.base import unique
from ui.shared.page import draw
from ui.shared.state import rooms, store
from ui.shared.table import show_table
from ui.shared.theme import strategy_style

CHARTED = 12
"""Learners that the chart shows at most."""


def leaderboard() -> None:
    """Let the instructor choose a room, and rank its learners."""
    every = {room.code: room for room in rooms().all()}
    if not every:
        st.markdown("There is no room yet. Runs that are started in a room are ranked here.")
        return
    code = st.selectbox(
        "Room",
        list(every),
        format_func=lambda c: f"{every[c].title} · {c}" + " · closed" * bool(every[c].closed),
        key="ranked_room",
    )
    runs = []
    for job in store().jobs(room=code, kind="train", status="finished"):
        with contextlib.suppress(UserError):  # its folder was removed by hand
            if (result := _outcome(str(run_folder(job.id)))) is not None:
                runs.append((job, result))
    found = rankings(runs)
    if not found:
        st.markdown("No run of this room has finished yet.")
        return
    called = names()
    for number, ranking in enumerate(found, start=1):
        if len(found) > 1:
            st.subheader(f"Photos {number} of {len(found)}", anchor=False)
        _table(ranking, called, key=f"ranking_{code}_{number}")
    st.caption(
        "Runs are ranked together only where they answered the same photos: the same set, split "
        "by the same seed and share. A learner's best run counts; the best of many tries is also "
        "the luckiest. Too close to call: an exact McNemar test against the first, adjusted for "
        "the number of learners (Holm), leaves p at 0.05 or more."
    )


@st.cache_data(max_entries=2000, show_spinner=False)
def _outcome(folder: str) -> Outcome | None:
    return outcome(Path(folder))


def _table(ranking: list[Entry], called: dict[str, str], key: str) -> None:
    first = ranking[0].outcome
    kind = "test" if first.tested else "validation"
    shared = sum(entry.place == 1 for entry in ranking) > 1
    who = [called[entry.job.owner] for entry in ranking]
    show_table(
        {
            "Place": [f"{e.place}{' =' * (shared and e.place == 1)}" for e in ranking],
            "Learner": who,
            "Best run": [
                f"{STRATEGIES.get(e.job.payload['strategy']).title} · {e.job.payload['backbone']}"
                for e in ranking
            ],
            f"Right on {len(first.right)} {kind} photos": [
                f"{e.outcome.accuracy:.1%}" for e in ranking
            ],
            "95 % interval": ["{:.1%} to {:.1%}".format(*e.outcome.interval) for e in ranking],
            "Against the first": ["", *map(_against, ranking[1:])],
            "Tries": [e.tries for e in ranking],
        }
    )
    bars = [
        Result(
            name, strategy_style(e.job.payload["strategy"]), e.outcome.accuracy,
            *e.outcome.interval, 0.0,
        )
        for name, e in zip(unique(who), ranking[:CHARTED], strict=False)
    ]  # fmt: skip
    draw(interval_bars(bars), key=f"{key}_chart")


def _against(entry: Entry) -> str:
    return "too close to call" if entry.level_with_first else f"behind (p = {entry.p_value:.3f})"
