"""What visitors see while the database cannot be read, and how the instructor goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.lab import OWNER, Lab, rerun, texts
from tl_core.home import home

CODE = "a code that nobody guesses"


@pytest.fixture
def broken(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("TL_INSTRUCTOR_CODE", CODE)
    lab.store.close()
    (home() / "lab.sqlite3").write_bytes(b"no database at all, only text" * 400)
    yield lab
    (home() / "lab.sqlite3").unlink()


@pytest.mark.parametrize("screen", ["start", "data", "train", "classroom"])
def test_every_screen_says_what_has_happened(broken: Lab, screen: str) -> None:
    app = broken.open(screen)
    assert "is damaged. Nothing was removed" in app.warning[0].value.replace("\\", "")
    assert not any(b.label == "Begin afresh" for b in app.button)


def router() -> None:
    """Do what ``app.py`` does, which a test of its screens runs but once."""
    import streamlit as st

    from tl_core.errors import DamagedStore
    from ui.classroom import damaged
    from ui.shared.state import store

    try:
        st.markdown(f"{len(store().jobs())} runs")
    except DamagedStore as error:
        damaged(error)


def test_the_instructor_begins_afresh(broken: Lab) -> None:
    app = AppTest.from_function(router, default_timeout=60)
    app.session_state["owner"] = OWNER
    rerun(app)
    app.text_input[0].set_value(CODE)
    app.button[0].click()
    rerun(app)
    [button] = [b for b in app.button if b.label == "Begin afresh"]
    button.click()
    rerun(app)
    assert "0 runs" in texts(app) and not app.warning
    assert list((home() / "damaged").rglob("lab.sqlite3"))
