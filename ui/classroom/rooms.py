"""Rooms from the instructor's side: opening, showing and closing them."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import segno
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl_core.server.address import is_local, lan_address
from tl_core.server.rooms import TITLE_LENGTH, Room
from ui.classroom.instructor_login import instructor_only, is_instructor
from ui.shared.room import LINK, predicts_first
from ui.shared.starting_point import in_words, pack
from ui.shared.state import app_state, identified, rooms
from ui.shared.text import literal

POLL_SECONDS = 3.0

# Sizes follow the width that there is: a projector's, or a phone's.
_WALL_STYLE = """<style>
.st-key-wall { container-type: inline-size }
.st-key-wall p { font-size: clamp(1.2rem, 3.8cqw, 4.5rem); line-height: 1.25 }
.st-key-wall code { font-size: clamp(2rem, 11cqw, 12rem); letter-spacing: 0.08em;
  white-space: nowrap; color: inherit; padding: 0.1em 0.2em }
</style>"""

ON_THE_WALL = "on_the_wall"
"""Key of the session's state: code of the room that is projected."""

_TITLE, _PREDICT_FIRST = "room_title", "room_predicts_first"


def address() -> str | None:
    """Return this server's address for other devices, or None if they cannot reach it."""
    bound = st.get_option("server.address")
    if bound and is_local(bound):
        return None
    seen = urlsplit(st.context.url or "")
    path = str(st.get_option("server.baseUrlPath")).strip("/")
    if seen.hostname and not is_local(seen.hostname):
        base = f"{seen.scheme}://{seen.netloc}"
    elif (found := lan_address()) is not None:
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        base = f"{scheme}://{found}:{st.get_option('server.port')}"
    else:
        return None
    return f"{base}/{path}/" if path else f"{base}/"


def open_room() -> None:
    """Let the instructor publish what is set up in this browser as a room."""
    with st.form("open_room", border=True, clear_on_submit=True):
        st.markdown(
            "**Open a room.** Everyone who joins starts from what you have set up in this browser "
            "now:"
        )
        st.caption(in_words(pack()))
        st.toggle(
            "Learners predict first",
            value=True,
            key=_PREDICT_FIRST,
            help="They say which run will win, and by how much, before Start is enabled.",
        )
        left, right = st.columns([5, 2], vertical_alignment="bottom")
        left.text_input(
            "Title", placeholder="Friday, 10 o'clock", max_chars=TITLE_LENGTH, key=_TITLE
        )
        right.form_submit_button("Open", type="primary", width="stretch", on_click=_open)
    if app_state().data is None:
        st.info(
            "You have chosen no photos, so each learner would bring their own. Choose a set on "
            "Data first to spare the network.",
            icon=":material/lightbulb:",
        )


def room_card(room: Room) -> None:
    """Show one open room: how to join it, who is in, and what can be done with it."""
    with st.container(border=True):
        about, code = st.columns([4, 1], vertical_alignment="center")
        about.markdown(f"**{literal(room.title)}** · room code **`{room.code}`**")
        asked = ", nobody predicts first" * (not predicts_first(room))
        about.caption(f"Starts from: {in_words(room.pack)}{asked}")
        show_qr(code, room)
        members = rooms().members(room.code)
        known = [m.name or "without a name" for m in members]
        st.markdown(f"{len(members)} in: {literal(', '.join(known))}" if known else "Nobody yet.")
        with st.container(horizontal=True):
            st.button(
                "Show on the wall",
                key=f"wall_{room.code}",
                icon=":material/present_to_all:",
                on_click=_show_on_the_wall,
                args=(room.code,),
            )
            with st.popover("Close the room"):
                st.markdown("Nobody can join it then. Runs, networks and the ranking stay.")
                st.button("Close it", key=f"close_{room.code}", on_click=_close, args=(room.code,))


def show_qr(place: DeltaGenerator, room: Room) -> None:
    """Draw the QR code of a room's link, where there is an address."""
    where = address()
    if where is not None:
        link = f"{where}?{LINK}={room.code}"
        place.image(_qr(link), width="stretch", alt=f"QR code of {link}")


@st.cache_data(max_entries=50, show_spinner=False)
def _qr(link: str) -> bytes:
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind="png", scale=12, border=3)
    return picture.getvalue()


def on_the_wall() -> Room | None:
    """Return the room that is projected in this session, if there is one."""
    if not identified() or not is_instructor():
        return None
    return rooms().room(st.session_state.get(ON_THE_WALL, ""))


def wall(room: Room) -> None:
    """Show how to join, in type that is read from the last row."""
    st.html(_WALL_STYLE)
    where = address()
    with st.container(key="wall"):
        st.title(literal(room.title), anchor=False)
        words, picture = st.columns([3, 2], gap="large", vertical_alignment="center")
        if where is None:
            words.markdown(
                "Other devices cannot reach this server: it is in no network, or it was started "
                "for this machine alone."
            )
        else:
            words.markdown("Open in the browser")
            words.markdown(f"**{literal(where)}**")
        words.markdown("and join with the room code")
        words.markdown(f"`{room.code}`")
        show_qr(picture, room)
    st.fragment(_count, run_every=POLL_SECONDS)(room.code)
    st.button("Back to the classroom", icon=":material/arrow_back:", on_click=_leave_the_wall)


@instructor_only
def _count(code: str) -> None:
    count = len(rooms().members(code))
    st.markdown(f"{count} learner{'s' * (count != 1)} joined.")


# ------------------------------------------------------------------------------------------ actions


@instructor_only
def _open() -> None:
    """Open a room with what the form says."""
    given = st.session_state
    rooms().open(given[_TITLE], {**pack(), "predict_first": given[_PREDICT_FIRST]})


@instructor_only
def _close(code: str) -> None:
    rooms().close(code)


@instructor_only
def _show_on_the_wall(code: str) -> None:
    st.session_state[ON_THE_WALL] = code


@instructor_only
def _leave_the_wall() -> None:
    st.session_state.pop(ON_THE_WALL, None)
