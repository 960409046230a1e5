"""What trained networks say about a new photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from tl_core.errors import TLError
from ui.shared.page import problem
from ui.shared.results import FinishedRun, names_of
from ui.shared.state import executor, my_job, store
from ui.shared.text import literal

MEASURED = (
    "Deep nearest neighbours: the distance from the photo to its fifth nearest training photo, "
    "between the features in front of the head, held against the same distance of every validation "
    "photo ([Sun and others, 2022](https://arxiv.org/abs/2204.06507)). One ordinary photo in "
    "twenty is called strange too, and strange ones pass where training photos vary much: a "
    "missing warning promises nothing."
)


def show_answers(job_id: str, runs: Sequence[FinishedRun]) -> None:
    """Show what each run says side by side, as the answers come in."""
    job = my_job(job_id)
    if job is None:
        return
    given = {data["run"]: data for _, data in store().events(job_id)}
    # Row by row, so that where columns stand one below the other the order stays.
    cells = [cell for _ in range(0, len(runs), 2) for cell in st.columns(2)]
    for cell, name, run in zip(cells, names_of(runs), runs, strict=False):
        with cell.container(border=True):
            told = run.view.several_networks  # the network is part of the name then
            st.markdown(f"**{name}**" if told else f"**{name}** · {run.view.network}")
            _answer(given.get(run.view.job.id), active=job.active)
    if job.status == "failed":
        problem(TLError(job.reason or "The photo could not be looked at."))
    if job.active:
        executor().watch()
    elif st.session_state.pop("question_open", False):
        st.rerun()


def _answer(answer: dict[str, Any] | None, *, active: bool) -> None:
    """Show what one run says: its most probable classes, and whether to listen to it at all."""
    if answer is None:
        st.caption(
            "Looking at it" if active else "Not asked about this photo yet: bring it once more."
        )
        return
    if answer.get("unfamiliar"):
        st.warning(
            "This photo resembles nothing in training: its features lie farther from the training "
            f"photos than those of {answer['novelty']:.0%} of the validation photos. The network "
            "has to name one of its classes all the same, so do not rely on what it says.",
            icon=":material/help:",
        )
        st.caption("How that is measured", help=MEASURED)
    best = sorted(answer["probabilities"].items(), key=lambda item: -item[1])[:5]
    for name, probability in best:
        st.progress(probability, text=f"{literal(name)} · {probability:.1%}")
