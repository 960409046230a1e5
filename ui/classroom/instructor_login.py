"""The instructor signs in with a code that was set on the server."""

from __future__ import annotations

import os

import streamlit as st

from tl_core.errors import UserError
from tl_core.server.instructor_login import SHORTEST, InstructorLogin
from ui.shared.page import problem
from ui.shared.state import owner

# Of the process and not in a cache of Streamlit, which any visitor's browser can ask to be cleared.
_login = InstructorLogin()


def instructor_code() -> str | None:
    """Return the code that was set for this server, or None."""
    code = os.environ.get("TL_INSTRUCTOR_CODE", "")
    if not code:
        try:
            code = str(st.secrets["instructor_code"])
        except (KeyError, FileNotFoundError):  # no such secret, or no file of secrets
            return None
    return code.strip() or None


def is_instructor() -> bool:
    """Tell whether this browser has signed in."""
    code = instructor_code()
    return code is not None and _login.inside(owner(), code)


def sign_in() -> None:
    """Ask for the instructor's code, or say how one is set."""
    code = instructor_code()
    if code is None or len(code) < SHORTEST:
        st.markdown(
            "This server has no instructor's code yet, so this part stays closed. Whoever runs the "
            f"server chooses one of at least {SHORTEST} characters, in either place:"
        )
        st.code("TL_INSTRUCTOR_CODE='…' python -m streamlit run app.py", language="bash")
        st.code('# .streamlit/secrets.toml\ninstructor_code = "…"', language="toml")
        if code is not None:
            st.warning(f"The code that is set now has only {len(code)} characters.")
        return
    with st.form("instructor", border=False):
        given = st.text_input("Instructor's code", type="password", autocomplete="off")
        if st.form_submit_button("Open the classroom"):
            try:
                _login.sign_in(owner(), given, code)
            except UserError as error:
                problem(error)
            else:
                st.rerun()


def sign_out() -> None:
    """Close this part for this browser."""
    _login.sign_out(owner())
