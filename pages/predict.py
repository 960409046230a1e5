"""Predict: a new photo through every finished run."""

import secrets

import streamlit as st

from tl_core.data import decode
from tl_core.errors import TLError
from tl_core.home import home, write_atomically
from ui.chrome import empty, literal, problem, title
from ui.results import FinishedRun, comparisons, finished_runs
from ui.state import executor, my_job, owner, store

SIDE = 1600  # a larger photo is shrunk to this before it is stored; no network looks at more


def submit(upload: object, runs: list[FinishedRun]) -> None:
    """Check a photo, store it and ask every run about it."""
    image = decode(upload)  # type: ignore[arg-type]
    image.thumbnail((SIDE, SIDE))
    folder = home() / "questions"
    folder.mkdir(exist_ok=True)
    path = folder / f"{secrets.token_hex(12)}.png"
    write_atomically(path, b"")
    image.save(path)
    st.session_state["question"] = {
        "photo": str(path),
        "job": executor().submit(
            "predict",
            {"photo": str(path), "runs": [run.view.job.id for run in runs]},
            owner=owner(),
        ),
    }


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
jobs = [job for group in comparisons().values() for job in group]
runs = finished_runs(jobs)
if not runs:
    empty("There is no trained network to ask yet.", "pages/train.py", "Train one")
else:
    left, right = st.columns([1, 1])
    with left:
        source = st.segmented_control("Photo from", ["A file", "The camera"], default="A file")
        if source == "The camera":
            upload = st.camera_input("Photo")
        else:
            upload = st.file_uploader(
                "Photo", type=["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "heic"]
            )
        if upload is not None and st.session_state.get("asked") != upload.file_id:
            st.session_state["asked"] = upload.file_id
            try:
                submit(upload, runs)
                st.session_state["question_open"] = True
            except TLError as error:
                st.session_state.pop("question", None)
                problem(error)
        question = st.session_state.get("question")
        if question:
            st.image(question["photo"], width="stretch")
    with right:
        if question:
            waiting = my_job(question["job"])
            polling = 0.5 if waiting is not None and waiting.active else None
            st.fragment(answers, run_every=polling)(question["job"], runs)
        else:
            st.caption("The answers will stand here.")
