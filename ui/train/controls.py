"""Widgets that return core values."""

from __future__ import annotations

from typing import Any

import streamlit as st

from tl_core.strategies import STRATEGIES
from tl_core.training.config import DEFAULTS, SETTINGS, settings_for
from tl_core.training.settings import Setting
from ui.shared.state import app_state, save

ON_SCREEN = {name: setting for name, setting in SETTINGS.items() if setting.about.on_screen}
"""Settings that a learner finds a control for."""

NUMBERS = [name for name, setting in ON_SCREEN.items() if setting.kind in (int, float)]
CHOICES = [name for name, setting in ON_SCREEN.items() if setting.kind is str]


def strategy_picker() -> tuple[str, ...]:
    """Let the learner line up strategies."""
    state = app_state()
    picked = st.pills(
        "Strategies",
        STRATEGIES.names(),
        selection_mode="multi",
        default=list(state.strategies),
        format_func=lambda name: STRATEGIES.get(name).title,
        key="strategies",
    )
    chosen = tuple(name for name in STRATEGIES.names() if name in picked)
    if chosen != state.strategies:
        state.strategies = chosen
        save()
    return chosen


def settings_panel() -> None:
    """Show every setting with what it does; an empty field follows the strategy."""
    settings, known = app_state().settings, settings_for(app_state().spec.kind)
    before = dict(settings)
    st.caption("Empty fields follow each strategy's own recommendation.")
    for names, control in ((NUMBERS, _number), (CHOICES, _choice)):
        for start in range(0, len(names), 3):
            for column, key in zip(st.columns(3), names[start : start + 3], strict=False):
                with column:
                    _set(settings, key, control(known[key], settings.get(key)))
    weights = known["class_weights"].about
    weighted = st.toggle(weights.title, settings.get("class_weights", False), help=weights.help)
    _set(settings, "class_weights", weighted or None)
    if settings != before:
        save()


def _set(settings: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        settings.pop(key, None)
    else:
        settings[key] = value


def _number(setting: Setting, value: float | None) -> float | None:
    kind = setting.kind
    low, high = setting.control
    usual = DEFAULTS.get(setting.name)
    shown: float | None = st.number_input(
        setting.about.title,
        kind(low),
        kind(high),
        value if value is None else kind(value),
        step=1 if kind is int else None,
        format=None if kind is int else "%g",
        placeholder="as recommended" if usual is None else f"usually {usual:g}",
        help=setting.about.help,
        key=f"setting_{setting.name}",
    )
    return shown


def _choice(setting: Setting, value: str | None) -> str | None:
    meanings = setting.meanings
    names = list(meanings)
    return st.selectbox(
        setting.about.title,
        names,
        index=names.index(value) if value in names else None,
        format_func=lambda name: meanings[name],
        placeholder="as recommended",
        help=setting.about.help,
        key=f"setting_{setting.name}",
    )
