"""Classroom: learners join a room; the instructor sees what runs and how far everybody got."""

import streamlit as st

from ui.classroom import (
    fetching,
    is_instructor,
    leaderboard,
    now,
    on_the_wall,
    open_room,
    room_card,
    sign_in,
    sign_out,
    wall,
)
from ui.shared.navigation import require_router
from ui.shared.page import title
from ui.shared.room import room_panel
from ui.shared.state import rooms


def instructor() -> None:
    """Show the instructor's part."""
    room_tab, run_tab, rank_tab = st.tabs(["Rooms", "Runs and machine", "Ranking"])
    with room_tab:
        for room in rooms().all():
            if room.closed is None:
                room_card(room)
        open_room()
    with run_tab:
        now()
        fetching()
    with rank_tab:
        leaderboard()
    st.button("Sign out", on_click=sign_out, type="tertiary", icon=":material/logout:")


require_router("Classroom")
if (shown := on_the_wall()) is not None:
    wall(shown)
else:
    title("Classroom", "A class learns together: the same photos, the same start, one server.")
    if is_instructor():
        instructor()
    else:
        room_panel()
        with st.expander("For the instructor", icon=":material/school:"):
            sign_in()
