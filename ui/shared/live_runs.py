"""The part of a page that follows runs while they train, and draws them."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from tl_core.analysis.remarks import remarks
from tl_core.errors import TLError
from tl_core.execution.queue import Place
from tl_core.store.database import PAUSED, RUNNING, WAITING
from ui.shared.charts import curves
from ui.shared.page import draw, problem
from ui.shared.runs import RunView, line_of, view_runs
from ui.shared.state import executor, my_jobs, request_job, run_views, store, submit_jobs
from ui.shared.text import literal

SECONDS, FIRST_SECONDS = 1.0, 0.3
"""Between two looks: usually, and while the first point of the chart is about to come."""

BUTTON_HEIGHT, REMARKS_HEIGHT = 40, 130
"""CSS px that are kept free for what comes and goes while runs are live."""

_REFUSED = "request_refused"

STEADY = f"""<style>
[data-testid="stProgress"] p {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
[class*="st-key-remarks"] {{ min-height: {REMARKS_HEIGHT}px; }}
</style>"""
"""A status that grows by a word must not push the charts down, nor a remark what is below."""


def start_runs(planned: list[dict[str, Any]]) -> str | None:
    """Hand runs over, which from here on need no page; return their comparison, None if refused."""
    comparison = secrets.token_hex(12)
    try:
        submit_jobs("train", planned, comparison=comparison)
    except TLError as error:
        problem(error)
        return None
    return comparison


def follow(comparison: str) -> None:
    """Show the runs of a comparison; poll only while one of them is active."""
    st.html(STEADY)
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
        _tell_refused(view.job.id)
    show_curves(views, key=comparison, choose_epochs=True)
    _say_remarks(views, comparison)
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


def show_curves(views: list[RunView], key: str, *, choose_epochs: bool = False) -> None:
    """Draw accuracy and loss of several runs side by side.

    A new point draws a chart from scratch, which would end a zoom by wheel; ``choose_epochs`` puts
    a control whose choice lasts in its place.
    """
    total = max((view.total_epochs for view in views), default=1)
    columns = st.columns(2)
    window = _window(total, key) if choose_epochs else None
    for column, metric in zip(columns, ("accuracy", "loss"), strict=True):
        with column:
            st.markdown(f"**{metric.capitalize()}**")
            series = [view.series(metric) for view in views]
            chart = curves(series, metric, total_epochs=total, window=window)
            draw(chart, key=f"{metric}_{key}")
    st.caption("Thick lines: validation photos. Thin dotted lines: training photos.")


def _window(total: int, key: str) -> tuple[int, int]:
    """Return the first and the last epoch that the learner wants to see."""
    first, last = st.slider("Epochs shown", 0, total, (0, total), key=f"epochs_{key}")
    return (first, last) if first < last else (0, total)


def _say_remarks(views: list[RunView], key: str) -> None:
    """Show remarks on the curves; their place is there from the start, so nothing moves."""
    with st.container(border=True, key=f"remarks_{key}"):
        said = [
            f"**{view.title}.** {literal(remark.text)}"
            for view in views
            if view.started
            for remark in remarks(
                view.epochs, len(view.started.classes), ended=view.job.status == "finished"
            )
        ]
        st.markdown("\n\n".join(said) or "Nothing odd about these curves so far.")


def _row(view: RunView, place: Place | None) -> None:
    job = view.job
    name, bar, numbers, actions = st.columns([2, 6, 2, 2.6], vertical_alignment="center")
    name.markdown(f"**{view.title}**")
    bar.progress(view.progress, text=view.status_text(place))
    # What is empty for now keeps its place, so that nothing moves when it fills.
    numbers.markdown("&nbsp;" if view.accuracy is None else f"best **{view.accuracy:.1%}**")
    # A callback runs before the panel is drawn again, whether the panel alone or the whole page is.
    with actions.container(horizontal=True, height=BUTTON_HEIGHT, border=False, gap="small"):
        if job.status == "interrupted":
            _button("Resume", job.id, "resume")
            _button("Stop", job.id, "cancel")
        elif job.active:
            held = job.status == PAUSED or job.request == "pause"
            _button("Go on" if held else "Pause", job.id, "resume" if held else "pause")
            _button("Stop", job.id, "cancel", disabled=job.request == "cancel")


def _request(job: str, what: str) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        request_job(job, what)
    except TLError as error:
        st.session_state[_REFUSED] = job, error


def _tell_refused(job: str) -> None:
    """Say why what was asked of a run last could not be, until something else is asked."""
    refused: tuple[str, TLError] | None = st.session_state.get(_REFUSED)
    if refused is not None and refused[0] == job:
        problem(refused[1])


def _button(label: str, job: str, what: str, disabled: bool = False) -> None:
    st.button(
        label,
        key=f"{'stop' if what == 'cancel' else 'pause'}_{job}",
        on_click=_request,
        args=(job, what),
        width="stretch",
        type="secondary" if what == "cancel" else "tertiary",
        disabled=disabled,
    )
