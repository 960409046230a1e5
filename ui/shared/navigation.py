"""Every screen is run by the router, ``app.py``, wherever a visitor enters the app."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

ROUTED = "routed"
"""Key of the session's state: set once the router has run."""

_WANTED = "wanted_screen"


def require_router(screen: str) -> None:
    """Hand over to the router if this page is run without it; the first call of every page.

    A fresh server runs the files in ``pages/`` on their own, without the router, until the router
    has called ``st.navigation`` once; so a reload after a restart may begin with such a file.

    Parameters
    ----------
    screen
        Title of the page, as the router names it; :func:`resume` comes back to it.
    """
    if ROUTED not in st.session_state:
        st.session_state[_WANTED] = screen
        st.switch_page("app.py")


def resume(pages: list[StreamlitPage]) -> None:
    """Note that the router has run, and go on to the screen that was asked for before it had."""
    st.session_state[ROUTED] = True
    wanted = st.session_state.pop(_WANTED, None)
    for page in pages:
        if page.title == wanted:
            st.switch_page(page)
