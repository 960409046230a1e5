"""What every visitor sees while the database cannot be read, and how the instructor goes on."""

from __future__ import annotations

import contextlib

import streamlit as st

from tl_core.errors import DamagedStore, UserError
from tl_core.server.afresh import begin_afresh
from tl_core.store.damage import COMMAND
from ui.classroom.instructor_login import instructor_only, is_instructor, sign_in
from ui.shared.state import disconnect
from ui.shared.text import literal


def damaged(error: DamagedStore) -> None:
    """Say what has happened in place of a screen, and offer the instructor an empty database."""
    disconnect()  # once somebody has begun afresh, the next run of this script finds the new one
    st.title("This server needs its instructor", anchor=False)
    st.warning(literal(str(error)), icon=":material/database_off:")
    with st.expander("For the instructor", icon=":material/school:", expanded=is_instructor()):
        if not is_instructor():
            sign_in()
            return
        st.markdown(
            "An empty database knows no learners, rooms or runs. What was trained stays in its "
            "folder, the damaged file is kept, and photos have to be brought again."
        )
        st.button("Begin afresh", type="primary", icon=":material/restart_alt:", on_click=_begin)
        st.caption("The same from the command line of the server, with the app stopped:")
        st.code(COMMAND, language="bash")


@instructor_only
def _begin() -> None:
    with contextlib.suppress(UserError):  # somebody else has done it
        begin_afresh()
    disconnect()
