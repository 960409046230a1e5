"""How a set was read, what else it could be, and the click that takes the other reading."""

from __future__ import annotations

import streamlit as st

from tl_core.data import HealthReport
from tl_core.data.archives.names import ENCODINGS
from tl_core.data.health import HowRead
from tl_core.data.layout import LAYOUTS
from tl_core.data.read_as import AS_FOUND, PAGES
from tl_core.modalities import MODALITIES
from tl_core.words import some_of
from ui.shared.state import app_state, save
from ui.shared.text import literal, visible


def how_read(report: HealthReport) -> None:
    """Say how folders and names became classes, and offer the other readings."""
    read = report.layout
    st.markdown(f"**{literal(read.text)}**")
    if read.undecided:
        _decide(read)
    else:
        with st.container(horizontal=True):
            _others(read)
    _names(read)
    _pages(report)


def as_found() -> None:
    """Offer the way back, where a chosen reading leads nowhere."""
    if app_state().read_as != AS_FOUND:
        st.button("Read it as it was found", icon=":material/undo:", on_click=_read, kwargs={})


def _decide(read: HowRead) -> None:
    """Let the learner choose between two readings that are equally likely."""
    st.warning(
        "These folders can be read in two ways, and only you know which is right. Choose one; "
        "training waits for it.",
        icon=":material/alt_route:",
    )
    told = {read.layout: read.text} | {other.layout: other.text for other in read.others}
    for column, layout in zip(st.columns(2), read.undecided, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(literal(_meaning(told[layout])))
            _button(layout, "This is right", kind="primary")


def _meaning(text: str) -> str:
    """Return what a reading takes for classes, without the words that begin the report."""
    text = text.removeprefix("Read as: ")
    return text[:1].upper() + text[1:]


def _others(read: HowRead) -> None:
    if read.others:
        with st.popover("Not right? Read it otherwise", icon=":material/alt_route:"):
            for other in read.others:
                st.markdown(literal(other.text))
                _button(other.layout, "Read it so")
    if app_state().read_as.layout != AS_FOUND.layout:
        st.button(
            "Read it as it was found",
            icon=":material/undo:",
            on_click=_read,
            kwargs={"layout": None},
        )


def _button(layout: str, label: str, kind: str = "secondary") -> None:
    st.button(
        label,
        key=f"read_{layout}",
        type="primary" if kind == "primary" else "secondary",
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
    names = [read.encoding, *(name for name in read.encodings if name != read.encoding)]
    st.radio(
        "That is a guess. Which names are right?",
        names,
        format_func=lambda name: f"{visible(some_of(read.encodings[name]))} ({ENCODINGS[name]})",
        key="zip_names",
        on_change=_read_names,
    )


def _pages(report: HealthReport) -> None:
    """Let the learner choose whether each page of a file is an item."""
    if not report.paged and not report.further_pages:
        return
    kind = MODALITIES.get(report.modality)
    chosen = app_state().read_as.pages
    st.segmented_control(
        f"Some files have several pages. Of those, {kind.plural} are",
        list(PAGES),
        default=chosen,
        required=True,
        format_func={"first": "the first pages", "all": "all pages"}.__getitem__,
        key=f"pages_{chosen}",
        on_change=_read_pages,
        args=(f"pages_{chosen}",),
    )


def _read(**choices: str | None) -> None:
    """Have the chosen set read so; None stands for as it was found, no choice for all of it."""
    state = app_state()
    now = {} if not choices else {k: v for k, v in vars(state.read_as).items()} | choices
    usual = vars(AS_FOUND)
    state.read_otherwise(**{k: v for k, v in now.items() if v is not None and v != usual[k]})
    save()


def _read_names() -> None:
    _read(zip_names=st.session_state["zip_names"])


def _read_pages(key: str) -> None:
    _read(pages=st.session_state[key])
