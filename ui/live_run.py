"""The part of a page that follows runs while they train, and draws them."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl_core.execution.queue import Place
from tl_core.runs.store import PAUSED, RUNNING, WAITING
from ui.charts import curves
from ui.chrome import draw
from ui.runs import RunView, line_of, view_runs
from ui.state import ask, executor, my_jobs, run_views, store

SECONDS, FIRST_SECONDS = 1.0, 0.3
"""Between two looks: usually, and while the first point of the chart is about to come."""


def follow(comparison: str) -> None:
    """Show the runs of a comparison; poll only while one of them is active."""
    views = view_runs(store(), my_jobs(comparison=comparison), run_views())
    pace = _pace(views, _line())
    st.fragment(_panel, run_every=pace)(comparison, pace)


def _panel(comparison: str, pace: float | None) -> None:
    views = view_runs(store(), my_jobs(comparison=comparison), run_views())
    line = _line()
    if any(view.job.active for view in views):
        executor().watch()
    if store().setting("queue_paused", False) and any(view.job.id in line for view in views):
        st.caption("Your instructor has paused the queue: waiting runs start when it goes on.")
    for view in views:
        _row(view, line.get(view.job.id))
    show_curves(views, key=comparison)
    if _pace(views, line) != pace:
        st.rerun()  # the page shows other things, too, once everything has ended


@st.cache_data(ttl=SECONDS, show_spinner=False)
def _line() -> dict[str, Place]:
    """Look at the line once a second for all sessions; a run that was just accepted may lack."""
    return line_of(store())


def _pace(views: list[RunView], line: dict[str, Place]) -> float | None:
    """Return the seconds between two looks; None where there is nothing to wait for."""
    if not any(view.job.active for view in views):
        return None
    soon = any(
        view.job.status == RUNNING
        or (view.job.status == WAITING and line.get(view.job.id, Place(1, 0.0)).seconds == 0)
        for view in views
    )
    return FIRST_SECONDS if soon and not any(view.drawn for view in views) else SECONDS


def show_curves(views: list[RunView], key: str) -> None:
    """Draw accuracy and loss of several runs side by side."""
    total = max((view.total_epochs for view in views), default=1)
    for column, metric in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with column:
            st.markdown(f"**{metric.capitalize()}**")
            series = [view.series(metric) for view in views]
            draw(curves(series, metric, total_epochs=total), key=f"{metric}_{key}")
    st.caption("Thick lines: validation photos. Thin dotted lines: training photos.")


def _row(view: RunView, place: Place | None) -> None:
    job = view.job
    name, bar, numbers, pause, stop = st.columns([2, 4, 2, 1, 1], vertical_alignment="center")
    name.markdown(f"**{view.title}**")
    bar.progress(view.progress, text=view.status_text(place))
    numbers.markdown("" if view.accuracy is None else f"best **{view.accuracy:.1%}**")
    # A callback runs before the panel is drawn again, whether the panel alone or the whole page is.
    if job.status == "interrupted":
        _button(pause, "Resume", job.id, "resume")
    elif job.active:
        held = job.status == PAUSED or job.request == "pause"
        going = "resume" if held else "pause"
        _button(pause, "Go on" if held else "Pause", job.id, going)
        _button(stop, "Stop", job.id, "cancel", disabled=job.request == "cancel")


def _button(place: DeltaGenerator, label: str, job: str, what: str, disabled: bool = False) -> None:
    place.button(
        label,
        key=f"{'stop' if what == 'cancel' else 'pause'}_{job}",
        on_click=ask,
        args=(job, what),
        width="stretch",
        type="secondary" if what == "cancel" else "tertiary",
        disabled=disabled,
    )
