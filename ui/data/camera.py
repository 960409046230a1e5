"""Photos by camera, one class after another, until there are enough to use them."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import streamlit as st

from tl_core.errors import TLError
from tl_core.server.remedies import LONGEST_NAME, class_name
from ui.data.sets import choose
from ui.shared.file_upload import Arriving, progress_bar
from ui.shared.page import problem
from ui.shared.state import owner, uploads
from ui.shared.text import literal, visible

MOST = 200
"""Shots that a session keeps until they are used."""

ENOUGH = 2
"""Shots that a class needs at least: one to learn from and one to validate with."""

LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass
class Shots:
    """What a learner has photographed and not used yet.

    Attributes
    ----------
    classes
        The shots of each class, in the order in which the classes were named.
    turn
        Counts the shots; each has a widget of its own, so that the camera is ready for the next.
    problem
        What was wrong with the last name or set.
    """

    classes: dict[str, list[bytes]] = field(default_factory=dict)
    turn: int = 0
    problem: TLError | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self.classes.values()))

    @property
    def ready(self) -> bool:
        """Whether they make a set that can be trained on."""
        filled = [shots for shots in self.classes.values() if shots]
        return len(filled) > 1 and all(len(shots) >= ENOUGH for shots in filled)


def camera_works(url: str | None) -> bool:
    """Tell whether a browser gives its camera to a page of this address; unknown counts as yes."""
    parts = urlsplit(url or "https://")
    return parts.scheme == "https" or parts.hostname in LOCAL


def camera() -> None:
    """Let the learner name classes, take shots of each, and use them as a set."""
    if not camera_works(st.context.url):
        st.info(
            "Browsers give the camera only to pages with https:// and to the server's own machine. "
            "Ask whoever runs this server for its https address, or bring photos as files.",
            icon=":material/no_photography:",
        )
        return
    shots = st.session_state.setdefault("shots", Shots())
    _name_a_class(shots)
    if shots.problem is not None:
        problem(shots.problem)
    if not shots.classes:
        st.caption("Name the first thing that the network shall tell apart, such as “mug”.")
        return
    left, right = st.columns([1, 1])
    with left:
        current = st.radio(
            "The next shot shows",
            list(shots.classes),
            index=len(shots.classes) - 1,
            format_func=visible,
            key=f"shot_class_{len(shots.classes)}",
        )
        _counts(shots, current)
    with right:
        _take(shots, current)
    _use(shots)


def _name_a_class(shots: Shots) -> None:
    with st.form("shot_names", clear_on_submit=True, border=False):
        field_, button = st.columns([3, 1], vertical_alignment="bottom")
        typed = field_.text_input("Name of a class", max_chars=LONGEST_NAME, key="shot_name")
        if not button.form_submit_button("Add class", width="stretch"):
            return
    try:
        shots.problem = None
        shots.classes.setdefault(class_name(typed), [])
    except TLError as error:
        shots.problem = error


def _counts(shots: Shots, current: str) -> None:
    for name, taken in shots.classes.items():
        st.markdown(f"{literal(name)} · **{len(taken)}** shot{'s' * (len(taken) != 1)}")
    taken = shots.classes[current]
    if taken:
        st.image(taken[-4:], width=72, alt=[f"A shot of {visible(current)}"] * len(taken[-4:]))
    st.button(
        "Remove the last shot" if taken else "Remove this class",
        key="shot_remove",
        type="tertiary",
        icon=":material/undo:",
        on_click=_remove_last,
        args=(shots, current),
    )


def _remove_last(shots: Shots, name: str) -> None:
    if shots.classes[name]:
        shots.classes[name].pop()
    else:
        del shots.classes[name]


def _take(shots: Shots, current: str) -> None:
    if shots.count >= MOST:
        st.info(f"{MOST} shots are enough for now: use them.", icon=":material/photo_library:")
        return
    shot = st.camera_input(f"A shot of {visible(current)}", key=f"shot_{shots.turn}")
    if shot is None:
        st.caption("No picture? Allow the camera in the browser's address bar.")
        return
    with closing(Arriving(shot)) as file:
        shots.classes[current].append(file.read(uploads().limits.file_bytes))
    shots.turn += 1
    st.rerun()


def _use(shots: Shots) -> None:
    clicked = st.button(
        f"Use these {shots.count} photos" if shots.ready else "Use these photos",
        type="primary",
        icon=":material/check:",
        disabled=not shots.ready,
        help=None if shots.ready else f"Needs two classes, with {ENOUGH} shots each or more.",
    )
    if not clicked:
        return
    files = [
        (f"Camera/{name}/{number:03}.jpg", io.BytesIO(shot))
        for name, taken in shots.classes.items()
        for number, shot in enumerate(taken, start=1)
    ]
    try:
        made = uploads().take_folder(owner(), files, progress_bar())
    except TLError as error:
        shots.problem = error
    else:
        choose(str(made.path), made.name)
        del st.session_state["shots"]
    st.rerun()
