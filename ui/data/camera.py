"""Photos by camera, one class after another, until there are enough to use them.

Each shot is checked when it is taken, like everything that a browser sends; what is kept and shown
is what the check made of it.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import streamlit as st

from tl_core.errors import DataError, TLError
from tl_core.modalities.photo import PHOTO
from tl_core.server.previews import picture_of
from tl_core.server.remedies import LONGEST_NAME, class_name
from tl_core.server.upload_spool import discard
from ui.data.sets import choose
from ui.shared.file_upload import Arriving, progress_bar
from ui.shared.page import problem
from ui.shared.pictures import show_picture
from ui.shared.results import told_apart
from ui.shared.state import owner, uploads
from ui.shared.text import literal, visible

MOST = 200
"""Shots that a session keeps until they are used."""

ENOUGH = 2
"""Shots that a class needs at least: one to learn from and one to validate with."""

SHOWN = 4
"""Shots of the present class that are shown, the last ones."""

LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass
class Shots:
    """What a learner has photographed and not used yet; the files go when this is let go.

    Attributes
    ----------
    classes
        The checked shots of each class, in the order in which the classes were named.
    turn
        Counts the shots; each has a widget of its own, so that the camera is ready for the next.
    taking
        The class of the shot that is being checked, which is that of the moment of the shot.
    problem
        What was wrong with the last name, shot or set.
    """

    classes: dict[str, list[Path]] = field(default_factory=dict)
    turn: int = 0
    taking: str | None = None
    problem: TLError | None = None

    def __post_init__(self) -> None:
        self.remove_all = weakref.finalize(self, _remove_all, self.classes)

    def add(self, shot: Path) -> None:
        """Add the shot that has been checked to its class, which may be removed by now."""
        if self.taking in self.classes:
            self.classes[self.taking].append(shot)
        else:
            _remove(shot)

    def remove_last(self, name: str) -> None:
        """Remove the last shot of a class, or a class without shots."""
        if self.classes[name]:
            _remove(self.classes[name].pop())
        else:
            del self.classes[name]

    def look_after(self, hours: int) -> None:
        """Forget the shots that the server has removed after their time, and say so."""
        for taken in self.classes.values():
            there = [shot for shot in taken if shot.is_file()]
            if len(there) < len(taken):
                taken[:] = there
                self.problem = DataError(
                    f"Shots that are not used are removed after {hours} hours: take them again."
                )

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self.classes.values()))

    @property
    def ready(self) -> bool:
        """Whether they make a set that can be trained on."""
        filled = [shots for shots in self.classes.values() if shots]
        return len(filled) > 1 and all(len(shots) >= ENOUGH for shots in filled)


def _remove(shot: Path) -> None:
    discard(shot)
    discard(picture_of(shot))


def _remove_all(classes: dict[str, list[Path]]) -> None:
    for taken in classes.values():
        for shot in taken:
            _remove(shot)


class _Lent:
    """A shot of which the server keeps hold until it is checked."""

    def __init__(self, arriving: Arriving) -> None:
        self.read = arriving.read

    def close(self) -> None:
        """Leave it where it is."""


class _Stored:
    """A shot that is read from the disk when its turn comes: hundreds stay closed until then."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: IO[bytes] | None = None

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        if self._stream is None:
            try:
                self._stream = self._file.open("rb")
            except OSError as error:
                raise DataError("A shot was removed meanwhile: take it again.") from error
        return self._stream.read(size)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()


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
    shots.look_after(uploads().limits.hours)
    _name_a_class(shots)
    if shots.problem is not None:
        problem(shots.problem)
    if not shots.classes:
        st.caption("Name the first thing that the network shall tell apart, such as “mug”.")
        return
    left, right = st.columns([1, 1])
    with left:
        titles = told_apart({name: literal(name) for name in shots.classes})
        current = st.radio(
            "The next shot shows",
            list(titles),
            index=len(titles) - 1,
            format_func=titles.__getitem__,
            key=f"shot_class_{len(titles)}",
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
        shots.classes.setdefault(class_name(visible(typed)), [])
    except TLError as error:
        shots.problem = error


def _counts(shots: Shots, current: str) -> None:
    for name, taken in shots.classes.items():
        st.markdown(f"{literal(name)} · **{len(taken)}** shot{'s' * (len(taken) != 1)}")
    taken = shots.classes[current]
    with st.container(horizontal=True):
        for shot in taken[-SHOWN:]:
            show_picture(picture_of(shot), f"A shot of {current}", width=72)
    st.button(
        "Remove the last shot" if taken else "Remove this class",
        key="shot_remove",
        type="tertiary",
        icon=":material/undo:",
        on_click=shots.remove_last,
        args=(current,),
    )


def _take(shots: Shots, current: str) -> None:
    if shots.count >= MOST:
        st.info(f"{MOST} shots are enough for now: use them.", icon=":material/photo_library:")
        return
    shot = st.camera_input(f"A shot of {literal(current)}", key=f"shot_{shots.turn}")
    if shot is None:
        st.caption("No picture? Allow the camera in the browser's address bar.")
        return
    if shots.taking is None:
        shots.taking = current
    shots.problem = None
    arriving = Arriving(shot)
    try:
        # Whoever clicks meanwhile ends this run of the script, and the next one takes it in.
        kept = uploads().take_shot(
            owner(), PHOTO, _Lent(arriving), f"Shot {shots.turn + 1}", progress_bar()
        )
        shots.add(kept)
    except TLError as error:
        shots.problem = error
    arriving.close()
    shots.turn, shots.taking = shots.turn + 1, None
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
        (f"Camera/{name}/{number:03}.jpg", _Stored(shot))
        for name, taken in shots.classes.items()
        for number, shot in enumerate(taken, start=1)
    ]
    try:
        made = uploads().take_folder(owner(), files, progress_bar(), layout="classes")
    except TLError as error:
        shots.problem = error
    else:
        choose(str(made.path), made.name)
        shots.remove_all()
        del st.session_state["shots"]
    st.rerun()
