"""The part of a page that follows runs while they train, and draws them."""

from __future__ import annotations

import streamlit as st

from ui.charts import curves
from ui.chrome import draw
from ui.runs import RunView, view_runs
from ui.state import ask, executor, my_jobs, run_views, store

POLL_SECONDS = 1.0


def follow(comparison: str) -> None:
    """Show the runs of a comparison; poll only while one of them is active."""
    active = any(job.active for job in my_jobs(comparison=comparison))
    st.fragment(_panel, run_every=POLL_SECONDS if active else None)(comparison, active)


def _panel(comparison: str, was_active: bool) -> None:
    jobs = my_jobs(comparison=comparison)
    views = view_runs(store(), jobs, run_views())
    active = any(job.active for job in jobs)
    if active:
        executor().watch()
    elif was_active:
        # The page shows other things, and polls no more, once everything has ended.
        st.rerun()
    for view in views:
        _row(view)
    show_curves(views, key=comparison)


def show_curves(views: list[RunView], key: str) -> None:
    """Draw accuracy and loss of several runs side by side."""
    total = max((view.total_epochs for view in views), default=1)
    for column, metric in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with column:
            st.markdown(f"**{metric.capitalize()}**")
            series = [view.series(metric) for view in views]
            draw(curves(series, metric, total_epochs=total), key=f"{metric}_{key}")
    st.caption("Thick lines: validation photos. Thin dotted lines: training photos.")


def _row(view: RunView) -> None:
    job = view.job
    name, bar, numbers, pause, stop = st.columns([2, 4, 2, 1, 1], vertical_alignment="center")
    name.markdown(f"**{view.title}**")
    bar.progress(view.progress, text=view.status_text())
    numbers.markdown("" if view.accuracy is None else f"best **{view.accuracy:.1%}**")
    if not job.active:
        return
    # A callback runs before the panel is drawn again, whether the panel alone or the whole page is.
    held = job.request == "pause"
    pause.button(
        "Go on" if held else "Pause",
        key=f"pause_{job.id}",
        on_click=ask,
        args=(job.id, "" if held else "pause"),
        width="stretch",
        type="tertiary",
    )
    stop.button(
        "Stop",
        key=f"stop_{job.id}",
        on_click=ask,
        args=(job.id, "cancel"),
        width="stretch",
        disabled=job.request == "cancel",
    )
