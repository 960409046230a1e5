"""The room of a class from a learner's side: joining it, and being in it."""

from __future__ import annotations

import streamlit as st

from tl_core.data.catalog import find
from tl_core.errors import UserError
from tl_core.server.rooms import NAME_LENGTH, Room
from tl_core.server.visitors import JOIN_A_ROOM, led_by_instructor, may_start, note_address
from ui.shared.page import problem
from ui.shared.starting_point import follows, in_words, start_from, untouched
from ui.shared.state import my_room, owner, rooms, store
from ui.shared.text import literal

LINK = "room"
"""Query parameter with the code of a room to join: configuration, no secret."""


def room_panel() -> None:
    """Show the learner's room, or let them join one; a link may bring its code along."""
    invited = str(st.query_params.get(LINK, ""))
    room = my_room()
    if room is not None and invited in ("", room.code):
        _inside(room)
        return
    with st.container(border=True), st.form("join_room", border=False):
        st.markdown(
            "**Join a class.** With the room code from your instructor you start from the same "
            "photos and network as everyone else, without uploading anything."
        )
        left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
        code = left.text_input("Room code", invited[:20], max_chars=20, autocomplete="off")
        name = middle.text_input(
            "Your name (may stay empty)",
            max_chars=NAME_LENGTH,
            autocomplete="off",
            help="Your instructor sees it, and it may stand in a ranking on the wall.",
        )
        if right.form_submit_button("Join", type="primary", width="stretch"):
            _join(code, name)


def room_sign() -> None:
    """Say in the sidebar which room this is, on every screen, or that one is needed."""
    room = my_room()
    if room is not None:
        st.sidebar.caption(f":material/groups: {literal(room.title)}")
    elif not may_start(store(), owner()):
        st.sidebar.caption(":material/groups: Join a room on Classroom to upload and train.")


def room_needed() -> bool:
    """Tell whether this learner has to join a room first; if so, say it and lead there."""
    if may_start(store(), owner()):
        return False
    st.info(JOIN_A_ROOM, icon=":material/groups:")
    st.page_link("pages/classroom.py", label="Join a room", icon=":material/arrow_forward:")
    return True


def note_visitor(has_instructor: bool) -> None:
    """Note what the server has to know of whoever came before it takes anything from them."""
    led_by_instructor(has_instructor)
    note_address(owner(), st.context.ip_address)


def _join(code: str, name: str) -> None:
    try:
        room = rooms().join(code, owner(), name)
    except UserError as error:
        problem(error)
        return
    st.query_params.pop(LINK, None)
    # What somebody has set up already is theirs; the panel offers them the room's instead.
    if untouched() and _within_reach(room):
        start_from(room.pack)
    st.rerun()


def _inside(room: Room) -> None:
    mine = next((m for m in rooms().members(room.code) if m.owner == owner()), None)
    with st.container(border=True):
        about, leave = st.columns([6, 1], vertical_alignment="center")
        known_as = f" You are **{literal(mine.name)}**." if mine and mine.name else ""
        about.markdown(f"You are in **{literal(room.title)}** (room `{room.code}`).{known_as}")
        if leave.button("Leave", type="tertiary", width="stretch", key="leave_room"):
            rooms().leave(owner())
            st.rerun()
        st.caption(f"It starts from: {in_words(room.pack)}")
        if not _within_reach(room):
            st.warning("The photos of this room are gone; ask your instructor to open it again.")
        elif not follows(room.pack):
            _offer(room)


def _offer(room: Room) -> None:
    """Ask before anything of the learner's own is replaced."""
    question, take = st.columns([4, 3], vertical_alignment="center")
    question.markdown("Your own set-up differs. It stays as it is, unless you replace it.")
    if take.button("Start from the room's set-up", key="take_pack", width="stretch"):
        start_from(room.pack)
        st.rerun()


def _within_reach(room: Room) -> bool:
    data = room.pack.get("data")
    return data is None or find(data) is not None


def predicts_first(room: Room) -> bool:
    """Tell whether the instructor wants the learners of a room to predict first."""
    return bool(room.pack.get("predict_first", True))
