"""What augmentation does: one photo as the first epochs of a training would see it.

The views are drawn by the executor, with the operations that training itself uses: the process of
the pages has no torch. They stay in the session; the job that drew them is removed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from tl_core.data import DatasetSpec
from tl_core.errors import TLError
from tl_core.modalities import Augmentation
from tl_core.registry import Registry
from tl_core.server.cleanup import take_away
from tl_core.training.config import DEFAULTS
from ui.shared.page import problem
from ui.shared.photos import TILE, show_photo
from ui.shared.state import app_state, executor, my_job, save, store, submit_job
from ui.shared.text import visible

_ASKED = "augment_preview"
_POLL_SECONDS = 0.4


@dataclass
class Asked:
    """Views that were asked for: what of, by which job, and the pictures once they are there."""

    wanted: dict[str, Any]
    job: str
    views: list[bytes] = field(default_factory=list)
    failed: str | None = None


def augment_preview(dataset: DatasetSpec, shown: list[int]) -> None:
    """Show a photo eight times, as the chosen augmentation changes it.

    Parameters
    ----------
    dataset
        The learner's photos.
    shown
        Indices of the photos that the screen shows now; one of them is taken.
    """
    st.markdown("**What augmentation does**")
    st.caption(
        "In every epoch the network sees each training photo a little differently, so that it "
        "learns what stays the same and cannot learn single photos by heart. Here are eight epochs "
        "of one photo, drawn by the code that training uses."
    )
    name = _augmentation()
    picture, views = st.columns([1, 4])
    with picture:
        photo = _photo(dataset, shown)
    state = app_state()
    wanted = {
        "file": str(dataset.file(photo)),
        "augment": name,
        "backbone": state.backbone,
        "input_size": state.settings.get("input_size", state.spec.input_size),
    }
    with views:
        _views(wanted, _augmentations().get(name).title)


def _augmentations() -> Registry[Augmentation]:
    """Return those of the kind of data that the chosen network reads."""
    return app_state().spec.kind.augmentations


def _augmentation() -> str:
    """Let the learner choose an augmentation to look at, and take it for training."""
    settings = app_state().settings
    used = settings.get("augment", DEFAULTS["augment"])
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    known = _augmentations()
    names = known.names()
    name: str = left.segmented_control(
        "Augmentation",
        names,
        default=used if used in names else DEFAULTS["augment"],
        format_func=lambda name: known.get(name).title,
        required=True,
        wrap=True,
        key="augment_shown",
    )
    if right.button(
        "Training uses this" if name == used else f"Train with {known.get(name).title}",
        key="augment_use",
        icon=":material/check:" if name == used else None,
        disabled=name == used,
        width="stretch",
    ):
        settings["augment"] = name
        save()
        st.rerun()
    st.caption(_augmentations().get(name).summary)
    return name


def _photo(dataset: DatasetSpec, shown: list[int]) -> int:
    def words(index: int) -> str:
        return visible(dataset.items[index].path.rsplit("/", 1)[-1])

    chosen: int = st.selectbox("Photo", shown, format_func=words, key="augment_photo")
    file = dataset.file(chosen)
    label = visible(dataset.classes[dataset.items[chosen].label])
    if file.exists():
        show_photo(file, "The photo", alt=f"A photo of {label}")
    return chosen


def _views(wanted: dict[str, Any], title: str) -> None:
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is None and not st.button("Show eight epochs", icon=":material/burst_mode:"):
        return
    if asked is None or asked.wanted != wanted:
        if asked is not None:
            take_away(executor(), asked.job)
        try:
            asked = Asked(wanted, submit_job("preview", wanted))
        except TLError as error:
            st.session_state.pop(_ASKED, None)
            problem(error)
            return
        st.session_state[_ASKED] = asked
    if asked.failed is not None:
        problem(TLError(asked.failed))
    elif asked.views:
        _grid(asked.views, title)
    else:
        st.fragment(_wait, run_every=_POLL_SECONDS)(asked)


def _wait(asked: Asked) -> None:
    job = my_job(asked.job)
    if job is not None and job.active:
        executor().watch()
        st.caption("Drawing eight views")
        return
    _, event = store().last_event(asked.job)
    asked.views = [base64.b64decode(view) for view in event.get("views", ())]
    if not asked.views:
        asked.failed = (job and job.reason) or "The views could not be drawn. Choose another photo."
    take_away(executor(), asked.job)
    st.rerun()


def _grid(views: list[bytes], title: str) -> None:
    with st.container(horizontal=True):
        for epoch, view in enumerate(views, start=1):
            alt = f"The photo in epoch {epoch}, augmentation {title}"
            st.image(view, caption=f"Epoch {epoch}", alt=alt, width=TILE)
