"""Predict: a new photo through every finished run."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.errors import TLError
from ui.chrome import empty, literal, problem, tell_removed, title
from ui.own_photos import PHOTO_TYPES, Arriving, progress_bar
from ui.results import FinishedRun, comparisons, finished_runs
from ui.state import executor, my_job, owner, store, uploads


def ask_about(photo: UploadedFile, runs: list[FinishedRun]) -> None:
    """Have a photo checked and stored, and ask every run about it."""
    path = str(uploads().take_question(Arriving(photo), photo.name, progress_bar()))
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


def answers(job_id: str, runs: list[FinishedRun]) -> None:
    """Show what each run says, as the answers come in."""
    job = my_job(job_id)
    if job is None:
        return
    given = {data["run"]: data for _, data in store().events(job_id)}
    for run in runs:
        answer = given.get(run.view.job.id)
        with st.container(border=True):
            st.markdown(f"**{run.view.title}** · {run.record.config.backbone}")
            if answer is None:
                st.caption("Looking at it" if job.active else "No answer")
                continue
            best = sorted(answer["probabilities"].items(), key=lambda item: -item[1])[:5]
            for name, probability in best:
                st.progress(probability, text=f"{literal(name)} · {probability:.1%}")
    if job.status == "failed":
        problem(TLError(job.reason or "The photo could not be looked at."))
    if job.active:
        executor().watch()
    elif st.session_state.pop("question_open", False):
        st.rerun()


title("Predict", "Show a new photo to every network that you trained.")
tell_removed()
jobs = [job for group in comparisons().values() for job in group]
runs = finished_runs(jobs)
if not runs:
    empty("There is no trained network to ask yet.", "pages/train.py", "Train one")
else:
    left, right = st.columns([1, 1])
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
            st.image(question["photo"], width="stretch")
        st.caption(
            "The photo is checked and made smaller on this server, and removed after "
            f"{uploads().limits.hours} hours."
        )
    with right:
        if question:
            waiting = my_job(question["job"])
            polling = 0.5 if waiting is not None and waiting.active else None
            st.fragment(answers, run_every=polling)(question["job"], runs)
        else:
            st.caption("The answers will stand here.")
