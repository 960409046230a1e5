"""How a set was read, what else it could be, and the click that takes the other reading."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from tl_core.data import HealthReport
from tl_core.data.archives.names import ENCODINGS
from tl_core.data.health import HowRead
from tl_core.data.layout import LAYOUTS
from tl_core.data.read_as import AS_FOUND, PAGES
from tl_core.modalities import MODALITIES
from tl_core.words import some_of
from ui.shared.state import app_state, save
from ui.shared.text import literal

LONGEST = 70
"""Signs of a reading that its button shows."""


def how_read(report: HealthReport) -> None:
    """Say how folders and names became classes, and offer the other readings."""
    read = report.layout
    st.markdown(f"**{literal(read.text)}**")
    if read.undecided:
        _decide(read)
    else:
        _others(read)
    _names(read)
    _pages(report)


def as_found() -> None:
    """Offer the way back, where a reading was chosen."""
    if app_state().read_as != AS_FOUND:
        st.button("Read it as it was found", icon=":material/undo:", on_click=_read)


def _decide(read: HowRead) -> None:
    """Let the learner choose between two readings that are equally likely."""
    st.warning(
        "These folders can be read in two ways, and only you know which is right. Choose one; "
        "training waits for it.",
        icon=":material/alt_route:",
    )
    told = {other.layout: other.text for other in read.others}
    for column, layout in zip(st.columns(2), read.undecided, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(LAYOUTS[layout])
            _button(layout, told.get(layout, read.text), kind="primary")


def _others(read: HowRead) -> None:
    if not read.others and app_state().read_as == AS_FOUND:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if read.others:
            st.caption("Not right? Read it as", width="content")
        for other in read.others:
            _button(other.layout, other.text)
        as_found()


def _button(layout: str, text: str, kind: Literal["primary", "secondary"] = "secondary") -> None:
    """Offer a reading, by what its splits and classes would be."""
    text = text.removeprefix("Read as: ")
    shown = text[:LONGEST].rstrip() + "…" if len(text) > LONGEST else text
    st.button(
        literal(shown[:1].upper() + shown[1:]),
        key=f"read_{layout}",
        type=kind,
        help=LAYOUTS[layout],
        on_click=_read,
        kwargs={"layout": layout},
    )


def _names(read: HowRead) -> None:
    """Show in which encoding names were read, and let the learner choose where it is a guess."""
    if not read.encoding:
        return
    st.caption(
        f"Names in this archive do not say how they are written; they were read as "
        f"{ENCODINGS[read.encoding]}."
    )
    if not read.encodings:
        return
    names, key = list(read.encodings), f"zip_names_{read.encoding}"
    st.radio(
        "That is a guess. Which names are right?",
        names,
        names.index(read.encoding),
        format_func=lambda name: f"{literal(some_of(read.encodings[name]))} · {ENCODINGS[name]}",
        key=key,
        on_change=_read_chosen,
        args=("zip_names", key),
    )


def _pages(report: HealthReport) -> None:
    """Let the learner choose whether each page of a file is an item."""
    if not report.paged and not report.further_pages:
        return
    kind = MODALITIES.get(report.modality)
    chosen = app_state().read_as.pages
    key = f"pages_{chosen}"
    st.segmented_control(
        "Some files hold several pages or frames. Use",
        list(PAGES),
        default=chosen,
        required=True,
        format_func={
            "first": "the first of each file",
            "all": f"all of them, as {kind.plural} of their own",
        }.__getitem__,
        key=key,
        on_change=_read_chosen,
        args=("pages", key),
    )


def _read(**choices: str) -> None:
    """Have the chosen set read so; without any choice, as it was found."""
    state = app_state()
    now = {**vars(state.read_as), **choices} if choices else {}
    usual = vars(AS_FOUND)
    state.read_otherwise(**{name: value for name, value in now.items() if value != usual[name]})
    save()


def _read_chosen(choice: str, key: str) -> None:
    _read(**{choice: st.session_state[key]})
