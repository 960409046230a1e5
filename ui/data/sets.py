"""Where photos come from: the sets that are bundled, and how any set is chosen."""

from __future__ import annotations

import streamlit as st

from tl_core.data.catalog import BundledSet, bundled_sets
from ui.shared.photos import show_sheet
from ui.shared.state import app_state, save
from ui.shared.text import literal

CARDS = 4
"""In a row."""


def choose(data: str, name: str) -> None:
    """Make these photos the learner's."""
    state = app_state()
    state.data, state.data_name = data, name
    st.session_state.pop("upload_problem", None)
    save()


def bundled() -> None:
    """Show the sets that come with the project; one click takes one."""
    sets = bundled_sets()
    if not sets:
        return
    st.markdown("**Ready to use**")
    for start in range(0, len(sets), CARDS):
        for cell, entry in zip(st.columns(CARDS), sets[start : start + CARDS], strict=False):
            with cell.container(border=True, height="stretch"):
                _card(entry)


def _card(entry: BundledSet) -> None:
    if pictures := entry.pictures(4):
        show_sheet(pictures, alt=f"Four photos of {entry.name}")
    st.markdown(f"**{entry.name}**  \n{entry.text}")
    use_button(entry.name, entry.name)


def use_button(data: str, name: str) -> None:
    """Offer to take a set that is here."""
    chosen = app_state().data == data
    if st.button(
        "In use" if chosen else f"Use {literal(name.rpartition('/')[2][:24])}",
        key=f"use_{data}",
        icon=":material/check:" if chosen else None,
        disabled=chosen,
        width="stretch",
    ):
        choose(data, name)
        st.rerun()
