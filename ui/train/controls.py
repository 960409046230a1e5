"""Widgets that return core values."""

from __future__ import annotations

from typing import Any

import streamlit as st

from tl_core.data import AUGMENTATIONS
from tl_core.freezing import BATCH_NORM_POLICIES
from tl_core.heads import HEADS
from tl_core.strategies import STRATEGIES
from tl_core.training.config import DEFAULTS, OPTIMIZERS, SCHEDULES
from ui.shared.state import app_state, save

NUMBERS: dict[str, tuple[str, type, float, float, str]] = {
    "epochs": ("Epochs", int, 1, 200, "How often the network sees every training photo."),
    "batch_size": ("Photos in a batch", int, 1, 256, "How many photos make one learning step."),
    "lr": ("Learning rate", float, 1e-6, 1.0, "How far one step goes. The head's; layers below "
           "get less."),
    "weight_decay": ("Weight decay", float, 0.0, 0.5, "Pulls weights towards zero, against "
                     "learning by heart."),
    "label_smoothing": ("Label smoothing", float, 0.0, 0.5, "Asks for a little less than full "
                        "certainty."),
    "early_stopping": ("Early stopping", int, 0, 100, "Stop after so many epochs without a lower "
                       "validation loss; 0 never stops early."),
    "image_size": ("Photo size in pixels", int, 32, 512, "Larger photos show more and cost more."),
    "per_class": ("Photos a class", int, 1, 100_000, "Train with at most so many photos a class."),
    "seed": ("Seed", int, 0, 2**31 - 1, "The same seed gives the same split and the same numbers."),
}  # fmt: skip
"""Settings that are numbers: title, type, smallest, largest, what it does."""

CHOICES: dict[str, tuple[str, dict[str, str], str]] = {
    "augment": (
        "Augmentation",
        {a.name: f"{a.title}: {a.summary}" for a in AUGMENTATIONS},
        "Shows each photo a little differently in every epoch.",
    ),
    "head": ("Head", {h.name: h.summary for h in HEADS}, "What reads the features."),
    "optimizer": ("Optimiser", OPTIMIZERS, "How a step is made of the gradients."),
    "schedule": ("Learning-rate schedule", SCHEDULES, "How the rate changes over the epochs."),
    "batch_norm": (
        "BatchNorm",
        BATCH_NORM_POLICIES,
        "Whether these layers keep the statistics that they learned elsewhere.",
    ),
}
"""Settings that are names: title, what each name means, what it does."""


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
    settings = app_state().settings
    before = dict(settings)
    st.caption("Empty fields follow each strategy's own recommendation.")
    for start in range(0, len(NUMBERS), 3):
        for column, key in zip(st.columns(3), list(NUMBERS)[start : start + 3], strict=False):
            with column:
                _set(settings, key, _number(key, settings.get(key)))
    for start in range(0, len(CHOICES), 3):
        for column, key in zip(st.columns(3), list(CHOICES)[start : start + 3], strict=False):
            with column:
                _set(settings, key, _choice(key, settings.get(key)))
    weighted = st.toggle(
        "Weight classes by their rarity",
        settings.get("class_weights", False),
        help="Makes a mistake on a rare class count more.",
    )
    _set(settings, "class_weights", weighted or None)
    if settings != before:
        save()


def _set(settings: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        settings.pop(key, None)
    else:
        settings[key] = value


def _number(key: str, value: float | None) -> float | None:
    title, kind, low, high, text = NUMBERS[key]
    usual = DEFAULTS.get(key)
    shown: float | None = st.number_input(
        title,
        kind(low),
        kind(high),
        value if value is None else kind(value),
        step=1 if kind is int else None,
        format=None if kind is int else "%g",
        placeholder="as recommended" if usual is None else f"usually {usual:g}",
        help=text,
        key=f"setting_{key}",
    )
    return shown


def _choice(key: str, value: str | None) -> str | None:
    title, meanings, text = CHOICES[key]
    names = list(meanings)
    return st.selectbox(
        title,
        names,
        index=names.index(value) if value in names else None,
        format_func=lambda name: meanings[name],
        placeholder="as recommended",
        help=text,
        key=f"setting_{key}",
    )
