"""The instructor signs in with a code that was set on the server."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from tl_core.errors import UserError
from tl_core.server.instructor_login import SHORTEST, InstructorLogin, SignedIn
from ui.shared.page import problem
from ui.shared.state import owner

# Of the process and not in a cache of Streamlit, which any visitor's browser can ask to be cleared.
_login = InstructorLogin()

_SIGNED_IN = "instructor_signed_in"

P = ParamSpec("P")


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
    """Tell whether this session has signed in: this tab, until it ends or is loaded anew."""
    code, kept = instructor_code(), st.session_state.get(_SIGNED_IN)
    return code is not None and isinstance(kept, SignedIn) and _login.holds(kept, code)


def instructor_only(action: Callable[P, None]) -> Callable[P, None]:
    """Guard what the instructor alone may do; whatever a widget here calls is decorated with it.

    A browser's message calls a callback, or draws a fragment, without the page around it, so the
    sign-in is looked at once more where something is done. Without one nothing happens, and what is
    drawn next asks for the code.
    """

    @functools.wraps(action)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        if is_instructor():
            action(*args, **kwargs)

    guarded.__dict__["instructor_only"] = True
    return guarded


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
                with st.spinner("Checking the code"):
                    kept = _login.sign_in(owner(), _address(), given, code)
                    st.session_state[_SIGNED_IN] = kept  # before a click ends this run of the page
            except UserError as error:
                problem(error)
            else:
                st.rerun()


def sign_out() -> None:
    """Close this part for this session."""
    st.session_state.pop(_SIGNED_IN, None)


def _address() -> str:
    """Return where this browser is; empty on the server itself, and behind a proxy there."""
    return st.context.ip_address or ""
