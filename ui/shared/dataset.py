"""The data set that the learner has chosen."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from tl_core.cost.estimate import Amount
from tl_core.data import DatasetSpec, HealthReport, make_split
from tl_core.data.catalog import PUBLIC, find
from tl_core.errors import TLError
from tl_core.server.shown import open_checked
from ui.shared.page import problem
from ui.shared.state import app_state, owner, uploads
from ui.shared.text import literal


def chosen_dataset() -> tuple[DatasetSpec, HealthReport] | None:
    """Return the learner's photos, or None if there are none (any more)."""
    data = app_state().data
    if data is None or find(data) is None or not uploads().may_use(owner(), data):
        return None
    return open_checked(data, app_state().read_as)


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


@dataclass(frozen=True)
class TrainingPhotos:
    """How many photos there are, and of how many classes."""

    amount: Amount
    classes: int

    @property
    def photos(self) -> int:
        """How many train."""
        return self.amount.train


def training_photos() -> TrainingPhotos | None:
    """Return the number of training items and classes; None without a usable set."""
    try:
        data = chosen_dataset()
        if data is None or data[1].problems:
            return None
        settings = app_state().settings
        return TrainingPhotos(
            _amount(
                data[0].fingerprint,
                *data,
                settings.get("seed", 0),
                settings.get("val_fraction", 0.3),
                settings.get("per_class"),
            ),
            len(data[0].classes),
        )
    except TLError as error:
        problem(error)
        return None


@st.cache_data(max_entries=200, show_spinner=False)
def _amount(
    fingerprint: str,
    _data: DatasetSpec,
    _report: HealthReport,
    seed: int,
    val_fraction: float,
    per_class: int | None,
) -> Amount:
    split = make_split(_data, seed=seed, val_fraction=val_fraction, per_class=per_class)
    return Amount.of(split, _report)
