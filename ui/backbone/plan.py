"""The plan that the layer map shows, and what it means for the runs that are lined up."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from tl_core.analysis.layer_plan import LayerPlan, strategy_of, thaws
from tl_core.errors import TLError
from tl_core.strategies import STRATEGIES
from tl_core.training.config import RunConfig
from ui.shared.state import app_state, save

_LINE_UP = "map_line_up"


@dataclass(frozen=True)
class LineUp:
    """Strategies that are lined up, and what the map has done to them.

    Attributes
    ----------
    strategies
        In the order of the registry.
    added, aside
        What the map put in because it shows it, and what it took out because the plan leaves it
        nothing to thaw. Both are undone when the plan changes again.
    """

    strategies: tuple[str, ...]
    added: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def line_up(before: LineUp, plan: LayerPlan, thawed: tuple[str, ...]) -> LineUp:
    """Return the line-up that suits a plan; ``thawed`` is what thawing strategies may thaw."""
    chosen = (set(before.strategies) - set(before.added)) | set(before.aside)
    aside = {name for name in chosen if thaws(name) and not thawed}
    shown = strategy_of(plan, _ordered(chosen))
    added = {shown} - chosen
    return LineUp(_ordered(chosen - aside | {shown}), _ordered(added), _ordered(aside))


def current() -> LayerPlan:
    """Return the plan that the map shows."""
    state = app_state()
    if state.from_scratch and "from_scratch" in state.strategies:
        return LayerPlan(state.spec.stage_names, from_scratch=True)
    return LayerPlan(state.trainable)


def follow(plan: LayerPlan) -> None:
    """Make a plan the learner's, and line up the strategy that trains so."""
    state = app_state()
    if not plan.from_scratch:  # which says nothing about what the others thaw
        state.thawed = plan.trainable
    known: LineUp = st.session_state.get(_LINE_UP, LineUp(()))
    before = LineUp(state.strategies, known.added, known.aside)
    after = line_up(before, plan, state.trainable)
    state.strategies = after.strategies
    st.session_state[_LINE_UP] = after
    state.from_scratch = plan.from_scratch
    save()


def change_backbone(name: str) -> None:
    """Take another network; its stages have other names, so it starts with all of them thawed."""
    state = app_state()
    if name != state.backbone:
        state.backbone = name
        follow(LayerPlan(state.spec.stage_names))
        state.thawed = None
        save()


def planned_run(plan: LayerPlan) -> RunConfig | None:
    """Return the run that trains as the layer map shows it; None if a setting forbids it."""
    state = app_state()
    try:
        [config] = state.configs([strategy_of(plan, state.strategies)])
    except TLError:  # Train tells it beside the setting
        return None
    return config


def _ordered(names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in STRATEGIES.names() if name in names)
