"""The instructor's switch for public sets."""

from __future__ import annotations

import streamlit as st

from tl_core.server.fetching import learners_fetch, let_learners_fetch
from ui.classroom.instructor_login import instructor_only
from ui.shared.state import store

_KEY = "learners_fetch"


def fetching() -> None:
    """Let the instructor decide whether learners bring public sets to this server."""
    st.toggle(
        "Learners may download public sets",
        value=learners_fetch(store()),
        help="Sets of up to 5 GB, once for everybody, on Data. Otherwise you alone bring them: "
        "there, or before class with `python -m tl_core prefetch-data NAME`.",
        key=_KEY,
        on_change=_decide,
    )


@instructor_only
def _decide() -> None:
    let_learners_fetch(store(), bool(st.session_state[_KEY]))
