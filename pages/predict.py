"""Predict: a new photo through every finished run."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.errors import TLError
from ui.data.uploads import Arriving, progress_bar
from ui.predict.answers import show_answers
from ui.shared.dataset import tell_removed
from ui.shared.navigation import require_router
from ui.shared.page import empty, problem, title
from ui.shared.photos import PHOTO_TYPES
from ui.shared.results import (
    FinishedRun,
    comparisons,
    finished_runs,
    told_apart,
    when_text,
)
from ui.shared.source import show_source
from ui.shared.state import app_state, executor, my_job, owner, uploads


def ask_about(photo: UploadedFile, runs: list[FinishedRun]) -> None:
    """Have a photo checked and stored, and ask every run about it."""
    kind = runs[0].record.config.spec.kind
    path = str(uploads().take_question(kind, Arriving(photo), photo.name, progress_bar()))
    payload = {"photo": path, "runs": [run.view.job.id for run in runs]}
    job = executor().submit("predict", payload, owner=owner())
    st.session_state["question"] = {"photo": path, "job": job}


def new_photo() -> UploadedFile | None:
    """Let the learner bring a photo; the widget is a new one each time, which frees its memory."""
    turn = st.session_state.setdefault("question_turn", 0)
    source = st.segmented_control("Photo from", ["A file", "The camera"], default="A file")
    if source == "The camera":
        return st.camera_input("Photo", key=f"camera_{turn}")
    return st.file_uploader("Photo", type=PHOTO_TYPES, key=f"photo_{turn}")


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
title("Predict", "Show a new photo to every network that you trained.")
tell_removed()
runs = choose_runs()
if runs is None:
    empty("There is no trained network to ask yet.", "pages/train.py", "Train one")
elif not runs:
    st.info("Choose at least one network.")
else:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        photo = new_photo()
        if photo is not None:
            st.session_state.pop("question_problem", None)
            try:
                ask_about(photo, runs)
                st.session_state["question_open"] = True
            except TLError as error:
                st.session_state.pop("question", None)
                st.session_state["question_problem"] = error
            st.session_state["question_turn"] += 1
            st.rerun()
        if (refused := st.session_state.get("question_problem")) is not None:
            problem(refused)
        question = st.session_state.get("question")
        if question and Path(question["photo"]).is_file():
            st.image(question["photo"], alt="Your photo", width="stretch")
        st.caption(
            "The photo is checked and made smaller on this server, and removed after "
            f"{uploads().limits.hours} hours."
        )
    with right:
        if question:
            waiting = my_job(question["job"])
            polling = 0.5 if waiting is not None and waiting.active else None
            st.fragment(show_answers, run_every=polling)(question["job"], runs)
        else:
            st.caption("The answers will stand here.")
show_source(
    "tl_core.runs.restore:predict_files",
    "tl_core.training.evaluation:predict",
    "tl_core.training.novelty:_distances",
)
