"""The one-minute demo: three ways to learn from the same few photos, side by side."""

from __future__ import annotations

import streamlit as st

from tl_core.data.catalog import find
from tl_core.store.database import Job
from tl_core.training.config import RunConfig, make_config
from ui.shared.live_runs import follow, start_runs
from ui.shared.room import room_needed
from ui.shared.state import app_state, my_jobs, save

DATA, BACKBONE, PER_CLASS = "produce/market", "resnet_mini", 15
RACE: dict[str, tuple[int, str]] = {
    "feature_extraction": (20, "none"),
    "fine_tune": (12, "last:2"),
    "from_scratch": (12, "all"),
}
"""Epochs, and the stages that may learn: what fits into a minute on two cores."""

# What STYLE.md calls ice, fire and new, each with a word; the text keeps the theme's colour.
_ICE, _FIRE, _NEW = "#2a6a91", "#d55e00", "#8a5bd0"


def plan() -> list[RunConfig]:
    """Return the runs of the demo; a learner's own set-up plays no part in them."""
    return [
        make_config(
            DATA,
            backbone=BACKBONE,
            strategy=strategy,
            trainable=stages,
            epochs=epochs,
            per_class=PER_CLASS,
        )
        for strategy, (epochs, stages) in RACE.items()
    ]


def demo_jobs() -> list[Job]:
    """Return the runs of the learner's last demo."""
    comparison = app_state().demo
    return my_jobs(comparison=comparison) if comparison else []


def demo(jobs: list[Job]) -> None:
    """Offer the demo, follow its ``jobs`` while they run, and lead on to what came out."""
    state = app_state()
    active = any(job.active for job in jobs)
    with st.container(border=True):
        about, go = st.columns([4, 2], vertical_alignment="center")
        about.markdown(
            "**See it happen.** Eight kinds of fruit and vegetables at a market, fifteen photos "
            "of each, and three ways to learn them: with all layers frozen, with the last two "
            "thawed, and without any transfer. Nothing to decide."
        )
        if room_needed():
            pass  # which has said what to do
        elif find(DATA) is None:
            about.caption(f"The photos {DATA} are missing here; bring your own on Data.")
        elif go.button(
            "Run it again" if jobs else "Run the one-minute demo",
            type="secondary" if jobs else "primary",
            icon=":material/play_arrow:",
            disabled=active,
            width="stretch",
            key="run_demo",
        ):
            _start()
        if jobs:  # its place is taken from the start, so that nothing moves at the end
            go.button(
                "Compare the three",
                type="primary",
                icon=":material/arrow_forward:",
                disabled=active or not any(job.status == "finished" for job in jobs),
                width="stretch",
                on_click=_show,
                key="compare_demo",
            )
        if st.session_state.pop("compare_the_demo", False):
            st.switch_page("pages/compare.py")
        if state.demo and jobs:
            follow(state.demo)


def picture() -> None:
    """Draw what transfer learning is: the same layers before and after, part of them frozen."""
    st.html(
        f"""<div role="img" aria-label="{_ALT}" style="display:grid;gap:0.5rem">
        {_row("Before: very many pictures of other things", ("learned",) * 4, "old answers")}
        {_row("Now: a few of yours", ("frozen", "frozen", "frozen", "learns on"), "new answers")}
        </div>"""
    )


_ALT = (
    "Two rows of layers. Above, a network that has learned from very many pictures of other "
    "things, layer by layer, from edges to whole objects, up to its answers. Below, the same "
    "network with your photos: the first three layers stay frozen, the last one learns on, and "
    "the answers are new."
)
_SEES = ("edges", "textures", "parts", "objects")


def _row(source: str, states: tuple[str, ...], answers: str) -> str:
    colors = {"learned": "currentColor", "frozen": _ICE, "learns on": _FIRE}
    signs = {"learned": "", "frozen": "❄ ", "learns on": "▲ "}
    blocks = [
        _block(f"{signs[state]}{state}", sees, colors[state])
        for state, sees in zip(states, _SEES, strict=True)
    ]
    new = answers.startswith("new")
    blocks.append(_block("★ new" if new else "learned", answers, _NEW if new else "currentColor"))
    return f"""<div style="display:flex;flex-wrap:wrap;align-items:center;gap:0.3rem 0.6rem">
    <div style="flex:1 1 9rem;font-size:0.9rem">{source}</div>
    <div style="flex:5 1 26rem;min-width:0;display:flex;gap:0.4rem">{"".join(blocks)}</div></div>"""


def _block(state: str, text: str, color: str) -> str:
    return f"""<div style="flex:1;min-width:0;padding:0.45rem 0.3rem;text-align:center;
    border:1px solid {color};border-top:5px solid {color};border-radius:0.5rem;
    overflow-wrap:anywhere;font-size:0.8rem;line-height:1.25"><b>{text}</b><br>{state}</div>"""


def _start() -> None:
    if comparison := start_runs([config.to_dict() for config in plan()]):
        app_state().demo = comparison
        save()
        st.rerun()


def _show() -> None:
    """Let Compare open with the demo, unless runs of the learner's own are under way."""
    state = app_state()
    own = my_jobs(comparison=state.comparison) if state.comparison else []
    if not any(job.active for job in own):
        state.comparison = state.demo
        save()
    st.session_state["compare_the_demo"] = True
