"""A learner among others: going on at another device, and joining a class."""

from __future__ import annotations

from typing import Any

import streamlit as st

from tl_core.backbones.spec import backbones
from tl_core.data.catalog import find
from tl_core.errors import UserError
from tl_core.server.rooms import NAME_LENGTH, Room
from tl_core.store.learner_code import grouped, owner_of, read_learner_code
from tl_core.strategies import STRATEGIES
from ui.shared.learner import adopt
from ui.shared.page import problem
from ui.shared.state import (
    AppState,
    follows,
    me,
    my_jobs,
    my_room,
    owner,
    rooms,
    start_from,
    store,
    untouched,
)
from ui.shared.text import literal

LINK = "room"
"""Query parameter with the code of a room to join: configuration, no secret."""


def in_words(given: dict[str, Any]) -> str:
    """Describe a starting point in one line."""
    state = AppState.from_dict(given)
    photos = literal(state.data_name or str(state.data)) if state.data else "photos of your own"
    strategies = ", ".join(STRATEGIES.get(n).title for n in state.strategies if n in STRATEGIES)
    return (
        f"{photos} · {backbones().get(state.backbone).title}, {len(state.trainable)} of "
        f"{len(state.spec.stages)} stages thawed · {strategies or 'no strategy yet'}"
        + (f" · {count} setting{'s' * (count != 1)}" if (count := len(state.settings)) else "")
    )


# ---------------------------------------------------------------------------------------- a room


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
    """Say in the sidebar which room this is, on every screen."""
    room = my_room()
    if room is not None:
        st.sidebar.caption(f":material/groups: {literal(room.title)}")


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


# -------------------------------------------------------------------------------- another device


def other_device() -> None:
    """Show this browser's code on request, and take the code of another device."""
    mine = me()
    if mine is not None and not mine.kept:
        st.warning(
            "This browser does not let pages keep anything, as in some private windows: your work "
            "lasts only while this tab is open. Note your code below to come back to it.",
            icon=":material/no_encryption:",
        )
    with st.expander("Continue on another device", icon=":material/devices:"):
        here, there = st.columns(2, gap="large")
        with here:
            st.markdown(
                "**Your code** opens your photos, runs and networks on any device. Keep it to "
                "yourself, as you would a key. Nobody can look it up for you, not even the "
                "instructor."
            )
            if st.toggle("Show my code", key="show_code", disabled=mine is None) and mine:
                st.code(grouped(mine.code), language=None)
        with there:
            _enter_code()


def _enter_code() -> None:
    leaving = not untouched() or bool(my_jobs())
    with st.form("other_code", border=False):
        typed = st.text_input(
            "Code of the other device",
            placeholder="ABCDE-FGHJK-MNPQR-STVWX",
            autocomplete="off",
            max_chars=100,
        )
        noted = not leaving or st.checkbox(
            "I have noted this browser's code, or do not need what I made here",
            help="What was made in this browser stays under its own code.",
        )
        if st.form_submit_button("Continue with that code"):
            _take(typed, noted)


def _take(typed: str, noted: bool) -> None:
    """Continue under a typed code, or say what speaks against it."""
    code = read_learner_code(typed)
    if code is None:
        st.warning(
            "This is not a whole code: it has 20 letters and digits, in four groups of five. "
            "Capitals, dashes and spaces do not matter.",
            icon=":material/info:",
        )
    elif owner_of(code) == owner():
        st.info("This browser uses that code already.", icon=":material/check:")
    elif not store().workspace(owner_of(code)) and not store().jobs(owner=owner_of(code)):
        st.warning(
            "Nothing is kept under this code here. Compare it with the other device, where "
            "something has to be set up first.",
            icon=":material/search_off:",
        )
    elif not noted:
        st.warning("Tick first that you have noted this browser's code.", icon=":material/info:")
    else:
        adopt(code)
        st.rerun()
