"""Predict: new photos through every finished run."""

import streamlit as st

from ui.predict.answers import show_answers, show_left_out
from ui.predict.question import ask
from ui.shared.dataset import tell_removed
from ui.shared.navigation import require_router
from ui.shared.page import empty, title
from ui.shared.results import (
    FinishedRun,
    comparisons,
    finished_runs,
    told_apart,
    when_text,
)
from ui.shared.source import show_source
from ui.shared.state import app_state, my_job


def choose_runs() -> list[FinishedRun] | None:
    """Let the learner choose whom to ask, at first one comparison; None if there is nobody."""
    groups = comparisons()
    jobs = {job.id: job for group in groups.values() for job in group if job.status == "finished"}
    known = {run.view.job.id: run for run in finished_runs(list(jobs.values()))}
    if not known:
        return None
    current = app_state().comparison or ""
    usual = [job.id for job in groups.get(current, next(iter(groups.values())))]
    titles = told_apart({k: f"{r.view.title} · {when_text(jobs[k])}" for k, r in known.items()})
    chosen = st.multiselect(
        "Networks to ask",
        list(known),
        default=[key for key in usual if key in known],
        format_func=titles.__getitem__,
    )
    return finished_runs([jobs[key] for key in chosen])


require_router("Predict")
title("Predict", "Show new photos to every network that you trained.")
tell_removed()
runs = choose_runs()
if runs is None:
    empty("There is no trained network to ask yet.", "pages/train.py", "Train one")
elif not runs:
    st.info("Choose at least one network.")
else:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        asked = ask(runs)
    several = asked is not None and len(asked.question.items) > 1
    with right:
        if asked is None:
            st.caption("The answers will stand here.")
        else:
            if several:
                st.caption("The answers stand below, photo by photo.")
            show_left_out(asked)
    if asked and asked.job:
        with st.container() if several else right:
            waiting = my_job(asked.job)
            polling = 0.5 if waiting is not None and waiting.active else None
            st.fragment(show_answers, run_every=polling)(asked, runs)
show_source(
    "tl_core.runs.restore:predict_files",
    "tl_core.training.evaluation:predict",
    "tl_core.training.novelty:_distances",
)
