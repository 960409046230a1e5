"""Going on at another device, under the same code."""

from __future__ import annotations

import streamlit as st

from tl_core.store.learner_code import grouped, owner_of, read_learner_code
from ui.shared.learner import adopt
from ui.shared.starting_point import untouched
from ui.shared.state import me, my_jobs, owner, store


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
