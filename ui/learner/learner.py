"""A learner is known by a random token in the browser's local storage, and by nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

_KEY = "_learner"
_TOKEN = re.compile(r"[0-9a-f]{32}")
_component = st.components.v2.component(
    "learner", js=(Path(__file__).parent / "learner.js").read_text(encoding="utf-8")
)


def learner_token() -> str | None:
    """Return this browser's token: 32 hexadecimal digits, the same after a reload.

    It is a secret of the learner: whoever has it sees the learner's runs. It never goes into the
    address bar. Call it once a run of the script, in the frame shared by all pages.

    Returns
    -------
    str or None
        None until the browser has answered, in the first run of a session.
    """
    state = st.session_state.get(_KEY)
    token = _valid(state.get("token") if isinstance(state, dict) else None)
    _component(key=_KEY, data={"known": token}, on_token_change=lambda: None)
    return token


def _valid(token: object) -> str | None:
    """Return the token if it is one; the browser may send anything."""
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None
