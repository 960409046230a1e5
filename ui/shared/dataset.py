"""The data set that the learner has chosen."""

from __future__ import annotations

import streamlit as st

from tl_core.data import DatasetSpec, HealthReport, open_dataset
from tl_core.data.catalog import PUBLIC, find
from tl_core.errors import TLError
from ui.shared.state import app_state, owner, uploads
from ui.shared.text import literal


def chosen_dataset() -> tuple[DatasetSpec, HealthReport] | None:
    """Return the learner's photos, or None if there are none (any more)."""
    data = app_state().data
    if data is None or find(data) is None or not uploads().may_use(owner(), data):
        return None
    return open_dataset(data)


def readable_dataset() -> tuple[DatasetSpec, HealthReport] | None:
    """Return the learner's photos, or None if there are none to use; the Data screen says why."""
    try:
        return chosen_dataset()
    except TLError:
        return None


def tell_removed() -> None:
    """Say so if the photos that the learner had chosen are gone, and how to go on."""
    state = app_state()
    if state.data is None or state.data in PUBLIC:
        return
    if find(state.data) is not None and uploads().may_use(owner(), state.data):
        return
    st.info(
        f"The photos {literal(state.data_name or 'that you had chosen')} are no longer on this "
        f"server: photos are removed {uploads().limits.hours} hours after they were sent, and "
        "those of a class when it ends. To go on, choose or bring photos on the Data screen. "
        "What your runs found out stays, and trained networks can still be asked.",
        icon=":material/auto_delete:",
    )
