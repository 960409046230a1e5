"""Train: line runs up, start them, and watch them learn."""

from typing import Any

import streamlit as st

from tl_core.analysis.guess import Guess
from tl_core.analysis.layer_plan import thaws
from tl_core.errors import TLError
from tl_core.strategies import STRATEGIES
from tl_core.training.config import SETTINGS, RunConfig
from ui.shared.cost import line_up_cost
from ui.shared.dataset import chosen_dataset, tell_removed, training_photos
from ui.shared.kept import warn_of_expiry
from ui.shared.live_runs import follow, start_runs
from ui.shared.navigation import require_router
from ui.shared.page import empty, problem, title
from ui.shared.source import show_source
from ui.shared.state import app_state, executor, my_jobs, save
from ui.shared.text import literal
from ui.train.controls import settings_panel, strategy_picker
from ui.train.guess import ask_guess, remember, wanted
from ui.train.link import share, tell_link
from ui.train.mistakes import mistakes


def describe(strategies: tuple[str, ...]) -> None:
    """Say in a sentence what each lined-up strategy does."""
    for name in strategies:
        strategy = STRATEGIES.get(name)
        st.markdown(f"- **{strategy.title}.** {strategy.summary}")


def objections(planned: list[RunConfig]) -> list[str]:
    """Return the objections against starting, in sentences."""
    found = []
    if not planned:
        found.append("Choose at least one strategy; two or more can be compared.")
    idle = [c for c in planned if thaws(c.strategy)]
    if idle and not app_state().trainable:
        names = ", ".join(STRATEGIES.get(c.strategy).title for c in idle)
        found.append(
            f"Your layer map freezes every stage, so there is nothing to thaw for: {names}. Thaw a "
            "stage on Backbone & layers, or leave these out."
        )
    return found


def start(planned: list[dict[str, Any]], guess: Guess | None = None) -> None:
    """Start the runs, and keep what the learner expects of them."""
    if comparison := start_runs(planned):
        app_state().comparison = comparison
        remember(app_state(), comparison, guess)
        save()
        st.rerun()


def line_up() -> None:
    """Show the controls in front of a start."""
    state = app_state()
    with st.container(border=True):
        strategies = strategy_picker()
        with st.container():  # one element, however many lines: the settings below stay unfolded
            describe(strategies)
        with st.expander("Settings"):
            settings_panel()
        try:
            planned = state.configs(strategies)
        except TLError as error:
            problem(error)
            return
        against = objections(planned)
        for text in against:
            st.info(text, icon=":material/info:")
        if photos := training_photos():
            line_up_cost(planned, photos.amount)
        count = len(planned)
        asked = wanted() and count >= 2
        guess = ask_guess(planned) if asked else None
        unready = bool(against) or (asked and guess is None)
        label = f"Start {count} run{'s' * (count != 1)}" if count else "Start"
        buttons = st.container(horizontal=True)
        if buttons.button(label, type="primary", disabled=unready, icon=":material/play_arrow:"):
            start([config.to_dict() for config in planned], guess)
        with buttons:
            share()


def run_longer(payloads: list[dict[str, Any]]) -> None:
    """Offer the same runs again with twice the epochs, as a comparison of its own."""
    most = max(payload["epochs"] for payload in payloads)
    if 2 * most > SETTINGS["epochs"].control[1]:
        return
    if st.button(f"Run longer: up to {2 * most} epochs", icon=":material/more_time:"):
        start([{**payload, "epochs": 2 * payload["epochs"]} for payload in payloads])


require_router("Train")
title(
    "Train",
    "Line up two or more strategies on the same photos, start them and watch them learn.",
)
warn_of_expiry()
state = app_state()
try:
    data = chosen_dataset()
except TLError as error:
    problem(error)
    data = None
tell_removed()
tell_link()
if data is None:
    empty("Training needs photos first: at least two classes.", "pages/data.py", "Bring photos")
elif data[1].problems:
    empty(
        f"{literal(state.data_name)} cannot be trained on yet: the Data screen says why, and what "
        "to do about it.",
        "pages/data.py",
        "Look at these photos",
    )
else:
    executor().ensure_supervisor()  # it loads torch while the learner still chooses
    st.caption(
        f"{literal(state.data_name)}: {len(data[0].items)} photos, {len(data[0].classes)} classes "
        f"· {state.spec.title}, {len(state.trainable)} of {len(state.spec.stages)} stages thawed"
    )
    running = state.comparison and any(job.active for job in my_jobs(comparison=state.comparison))
    if running:
        st.markdown("These runs go on when you leave this page or close the browser.")
    else:
        line_up()
    if state.comparison:
        jobs = my_jobs(comparison=state.comparison)
        done = any(job.status == "finished" for job in jobs)
        if done and not running:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.page_link(
                    "pages/compare.py", label="Compare these runs", icon=":material/arrow_forward:"
                )
                run_longer([job.payload for job in jobs])
        follow(state.comparison)
        if done and not running:
            mistakes(jobs)
show_source("tl_core.training.loop:train", "tl_core.training.loop:_train_epoch")
