"""A starting point: what somebody set up here, published for others to begin from."""

from __future__ import annotations

from typing import Any

from tl_core.backbones.spec import backbones
from tl_core.strategies import STRATEGIES
from ui.shared.state import AppState, app_state, save
from ui.shared.text import literal

PACK = ("data", "data_name", "backbone", "thawed", "strategies", "settings")
"""Fields of :class:`AppState` that make up a starting point."""


def pack() -> dict[str, Any]:
    """Return the learner's set-up as a starting point for others: plain data."""
    state = app_state().to_dict()
    return {key: state[key] for key in PACK}


def start_from(given: dict[str, Any]) -> None:
    """Set up what somebody published."""
    for key, value in _starting_point(given).items():
        setattr(app_state(), key, value)
    save()


def follows(given: dict[str, Any]) -> bool:
    """Tell whether this learner's set-up is what somebody published."""
    state = app_state().to_dict()
    return all(state[key] == value for key, value in _starting_point(given).items())


def _starting_point(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a pack sets: all, but where it brings no photos, nothing of those."""
    state = AppState.from_dict({key: given[key] for key in PACK if key in given})
    if state.data is not None:
        return {key: state.to_dict()[key] for key in PACK}
    state.read_otherwise(**app_state().readings)
    return {key: state.to_dict()[key] for key in PACK if not key.startswith("data")}


def untouched() -> bool:
    """Tell whether this learner has not set anything up yet."""
    usual = AppState().to_dict()
    return all(value == usual[key] for key, value in pack().items())


def in_words(given: dict[str, Any]) -> str:
    """Describe a starting point in one line."""
    state = AppState.from_dict(given)
    photos = literal(state.data_name or str(state.data)) if state.data else "photos of your own"
    count = len(state.settings.keys() - state.readings.keys())
    strategies = ", ".join(STRATEGIES.get(n).title for n in state.strategies if n in STRATEGIES)
    return (
        f"{photos} · {backbones().get(state.backbone).title}, {len(state.trainable)} of "
        f"{len(state.spec.stages)} stages thawed · {strategies or 'no strategy yet'}"
        + (f" · {count} setting{'s' * (count != 1)}" if count else "")
    )
