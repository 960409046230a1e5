"""Which networks promise to suit the learner's photos: a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from tl_core.analysis.backbone_forecast import Forecast, read_forecasts
from tl_core.backbones.spec import backbones
from tl_core.backbones.weights import fitting
from tl_core.errors import TLError
from tl_core.store.database import Job
from tl_core.training.events import PreparationAdvanced, from_dict
from ui.shared.page import problem
from ui.shared.source import show_source
from ui.shared.state import app_state, executor, my_jobs, request_job, store, submit_job
from ui.shared.table import show_table
from ui.shared.text import literal

POLL_SECONDS = 0.7

CAVEAT = (
    "A forecast from one look at the training photos ([LogME](https://arxiv.org/abs/2102.11005), "
    "the [H-score](https://arxiv.org/abs/2110.06893) beside it; higher is better). In published "
    "tests its order agreed with the outcome well in some cases (rank correlation about 0.8 on "
    "CIFAR-10) and only partly in others (0.4 on Pets). Train the first few and compare."
)


def rank_networks() -> None:
    """Offer to rank the networks on this server for the chosen photos, and show the order."""
    wanted = _wanted()
    if wanted is None or len(wanted["backbones"]) < 2:
        return
    job = next((j for j in reversed(my_jobs(kind="rank")) if j.payload == wanted), None)
    with st.container(border=True):
        if job is not None and job.active:
            st.fragment(_progress, run_every=POLL_SECONDS)(job.id)
        elif job is not None and job.status == "finished":
            _show(read_forecasts(event for _, event in store().events(job.id)))
        else:
            _offer(wanted, job)


def _wanted() -> dict[str, Any] | None:
    """Return the payload of a ranking of the chosen photos; None without photos."""
    state = app_state()
    if not state.data:
        return None
    return {
        "data": state.data,
        "backbones": fitting(state.spec.kind),
        "seed": state.settings.get("seed", 0),
        "val_fraction": state.settings.get("val_fraction", 0.3),
        "per_class": state.settings.get("per_class"),
        **state.readings,
    }


def _offer(wanted: dict[str, Any], failed: Job | None) -> None:
    text, action = st.columns([3, 2], vertical_alignment="center")
    text.markdown("**Which one suits your photos?** Each network looks at them once; none trains.")
    if action.button(
        "Rank the networks for my photos", icon=":material/leaderboard:", width="stretch"
    ):
        try:
            submit_job("rank", wanted)
        except TLError as error:
            problem(error)
        else:
            st.rerun()
    if failed is not None and failed.status == "failed":
        st.caption(literal(failed.reason or "The ranking failed."))


def _progress(identifier: str) -> None:
    job = store().job(identifier)
    if job is None or not job.active:
        st.rerun()
    executor().watch()
    _, last = store().last_event(identifier)
    share, text = 0.0, "Waiting for its turn" if job.status == "waiting" else "Starting"
    if last.get("event") == PreparationAdvanced.__name__:
        event = from_dict(last)
        assert isinstance(event, PreparationAdvanced)
        share = min(1.0, event.done / max(1, event.total))
        text = f"{event.done:,} of {event.total:,} {event.what}"
    bar, stop = st.columns([5, 1], vertical_alignment="center")
    bar.progress(share, text="Stopping" if job.request == "cancel" else text)
    if stop.button("Stop", key=f"stop_{identifier}", width="stretch"):
        request_job(identifier, "cancel")


def _show(forecasts: Sequence[Forecast]) -> None:
    st.markdown("**Ranked for your photos**, the most promising first.")
    specs = [backbones().get(forecast.backbone) for forecast in forecasts]
    show_table(
        {
            "Place": [f"{place}." for place in range(1, len(specs) + 1)],
            "Network": [spec.title for spec in specs],
            "Learned on": [spec.weights.source_task for spec in specs],
            "LogME": [f"{forecast.log_me:.3f}" for forecast in forecasts],
            "H-score": [f"{forecast.h_score:.3f}" for forecast in forecasts],
        }
    )
    st.caption(CAVEAT)
    show_source(
        "tl_core.analysis.transferability:log_me", "tl_core.analysis.transferability:h_score"
    )
