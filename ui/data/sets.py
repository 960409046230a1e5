"""Where photos come from: the sets that are bundled, and how any set is chosen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tl_core.data.catalog import BundledSet, bundled_sets
from tl_core.server.shown import previews
from ui.shared.photos import show_sheet
from ui.shared.state import app_state, save
from ui.shared.text import literal

CARDS = 4
"""In a row."""


def choose(data: str, name: str) -> None:
    """Make these photos the learner's."""
    state = app_state()
    state.data, state.data_name = data, name
    state.read_otherwise()
    st.session_state.pop("upload_problem", None)
    save()


def bundled() -> None:
    """Show the sets that come with the project; one click takes one."""
    sets = bundled_sets()
    if not sets:
        return
    st.markdown("**Ready to use**")
    cards = list(zip(sets, previews([entry.pictures(4) for entry in sets]), strict=True))
    for start in range(0, len(cards), CARDS):
        for cell, card in zip(st.columns(CARDS), cards[start : start + CARDS], strict=False):
            with cell.container(border=True, height="stretch"):
                _card(*card)


def _card(entry: BundledSet, sheet: Path | None) -> None:
    show_sheet(sheet, alt=f"Four photos of {entry.name}")
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
