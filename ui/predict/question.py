"""The photo that networks are asked about: taking it in, and showing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.errors import TLError
from tl_core.server.previews import picture_of
from ui.shared.file_upload import Arriving, progress_bar, refusal
from ui.shared.page import problem
from ui.shared.photos import PHOTO_TYPES
from ui.shared.pictures import show_picture
from ui.shared.results import FinishedRun
from ui.shared.state import owner, submit_job, uploads

_QUESTION, _PROBLEM, _TURN = "question", "question_problem", "question_turn"


def ask(runs: Sequence[FinishedRun]) -> str | None:
    """Let the learner bring a photo, ask the runs about it, and show it.

    Returns
    -------
    str or None
        Id of the job that asks; None before the first photo.
    """
    photo = _new_photo()
    if photo is not None:
        st.session_state.pop(_PROBLEM, None)
        try:
            _submit(photo, runs)
            st.session_state["question_open"] = True
        except TLError as error:
            st.session_state.pop(_QUESTION, None)
            st.session_state[_PROBLEM] = error
        st.session_state[_TURN] += 1
        st.rerun()
    if (refused := st.session_state.get(_PROBLEM) or refusal()) is not None:
        problem(refused)
    question: dict[str, str] | None = st.session_state.get(_QUESTION)
    if question and (picture := picture_of(Path(question["photo"]))).is_file():
        show_picture(picture, "Your photo")
    st.caption(
        "The photo is checked and made smaller on this server, and removed after "
        f"{uploads().limits.hours} hours."
    )
    return question["job"] if question else None


def _new_photo() -> UploadedFile | None:
    """Let the learner bring a photo; the widget is a new one each time, which frees its memory."""
    turn = st.session_state.setdefault(_TURN, 0)
    source = st.segmented_control("Photo from", ["A file", "The camera"], default="A file")
    if source == "The camera":
        return st.camera_input("Photo", key=f"camera_{turn}")
    return st.file_uploader("Photo", type=PHOTO_TYPES, key=f"photo_{turn}")


def _submit(photo: UploadedFile, runs: Sequence[FinishedRun]) -> None:
    """Have a photo checked and stored, and ask every run about it."""
    kind = runs[0].record.config.spec.kind
    arriving, report = Arriving(photo), progress_bar()
    path = str(uploads().take_question(owner(), kind, arriving, photo.name, report))
    payload = {"photo": path, "runs": [run.view.job.id for run in runs]}
    job = submit_job("predict", payload)
    st.session_state[_QUESTION] = {"photo": path, "job": job}
