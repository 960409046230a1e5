"""The photos that networks are asked about: taking them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.errors import TLError
from tl_core.server.previews import picture_of
from tl_core.server.questions import MOST_ITEMS, Question
from ui.shared.file_upload import Arriving, progress_bar, refusal
from ui.shared.page import problem
from ui.shared.pictures import show_picture
from ui.shared.results import FinishedRun
from ui.shared.state import owner, submit_job, uploads

_ASKED, _PROBLEM, _TURN = "question", "question_problem", "question_turn"
FILES, CAMERA = "Files", "The camera"


@dataclass(frozen=True)
class Asked:
    """What the learner asked last.

    Attributes
    ----------
    question
        The photos, and the files that are none.
    job
        Id of the job that asks; None where there is no photo to ask about.
    """

    question: Question
    job: str | None


def ask(runs: Sequence[FinishedRun]) -> Asked | None:
    """Let the learner bring photos, and ask the runs about them; None before the first."""
    photos = _new_photos()
    if photos:
        st.session_state.pop(_PROBLEM, None)
        try:
            st.session_state[_ASKED] = _submit(photos, runs)
            st.session_state["question_open"] = True
        except TLError as error:
            st.session_state.pop(_ASKED, None)
            st.session_state[_PROBLEM] = error
        st.session_state[_TURN] += 1
        st.rerun()
    if (refused := st.session_state.get(_PROBLEM) or refusal()) is not None:
        problem(refused)
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked and len(asked.question.items) == 1:
        [(name, file)] = asked.question.items
        if (picture := picture_of(file)).is_file():
            show_picture(picture, "Your photo", name)
    st.caption(
        f"Up to {MOST_ITEMS} photos at once, in every format that training takes. They are checked "
        f"and made smaller on this server, and removed after {uploads().limits.hours} hours."
    )
    return asked


def _new_photos() -> list[tuple[str, UploadedFile]]:
    """Let the learner bring photos; the widget is a new one each time, which frees its memory."""
    turn = st.session_state.setdefault(_TURN, 0)
    source = st.segmented_control("Photos from", [FILES, CAMERA], default=FILES)
    if source == CAMERA:
        shot = st.camera_input("Photo", key=f"camera_{turn}")
        return [("From the camera", shot)] if shot else []
    files = st.file_uploader("Photos", accept_multiple_files=True, key=f"photo_{turn}")
    return [(file.name, file) for file in files]


def _submit(photos: Sequence[tuple[str, UploadedFile]], runs: Sequence[FinishedRun]) -> Asked:
    """Have photos checked and stored, and ask every run about them."""
    kind = runs[0].record.config.spec.kind
    arriving = [(name, Arriving(photo)) for name, photo in photos]
    try:
        question = uploads().take_question(owner(), kind, arriving, progress_bar())
    finally:
        for _, source in arriving:
            source.close()
    if not question.items:
        return Asked(question, None)
    files = [file for _, file in question.items]
    payload = {"photos": [str(file) for file in files], "runs": [run.view.job.id for run in runs]}
    try:
        return Asked(question, submit_job("predict", payload))
    except TLError:
        for file in files:
            uploads().questions.forget_file(file)
        raise
