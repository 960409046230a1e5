"""What a learner has set up: one typed value behind one accessor.

It is kept in the store under the learner's token, so a reload, another tab or a restart of the
server finds it again.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.execution.local import LocalExecutor
from tl_core.runs.store import Store
from ui.learner import learner_token
from ui.runs import RunView

_STATE, _SAVED = "app_state", "app_state_saved"
_OWNER = "owner"


@dataclass
class AppState:
    """A learner's experiment.

    Attributes
    ----------
    data, data_name
        Folder of the chosen photos and its name for people; None before a choice.
    backbone
        Name of the chosen backbone.
    thawed
        Stages that the layer map shows as trainable; None means all.
    strategies
        The runs that are lined up.
    settings
        Settings of ``RunConfig`` that the learner chose; what is missing follows the strategy.
    comparison
        Id of the comparison that was started last; None before the first.
    """

    data: str | None = None
    data_name: str = ""
    backbone: str = "resnet_mini"
    thawed: tuple[str, ...] | None = None
    strategies: tuple[str, ...] = ("feature_extraction", "fine_tune")
    settings: dict[str, Any] = field(default_factory=dict)
    comparison: str | None = None

    @property
    def spec(self) -> BackboneSpec:
        """Facts about the chosen backbone."""
        return backbones().get(self.backbone)

    @property
    def trainable(self) -> tuple[str, ...]:
        """The thawed stages of the chosen backbone, in order."""
        names = self.spec.stage_names
        return names if self.thawed is None else tuple(n for n in names if n in self.thawed)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AppState:
        """Read what :meth:`to_dict` wrote; fields that are unknown by now are left out."""
        known = {f.name for f in dataclasses.fields(cls)}
        kept = {key: value for key, value in values.items() if key in known}
        for key in ("thawed", "strategies"):
            if isinstance(kept.get(key), list):
                kept[key] = tuple(kept[key])
        state = cls(**kept)
        if state.backbone not in backbones():
            state.backbone, state.thawed = "resnet_mini", None
        return state

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dataclasses.asdict(self)


@st.cache_resource
def executor() -> LocalExecutor:
    """Return the server's way to its supervisor and store."""
    return LocalExecutor(Store())


def store() -> Store:
    """Return the server's store."""
    return executor().store


def identify() -> None:
    """Learn whose browser this is; called once, by the router, in every run of the script."""
    token = learner_token()
    if token is not None and token != st.session_state.get(_OWNER):
        st.session_state[_OWNER] = token
        st.rerun()


def identified() -> bool:
    """Tell whether the browser has answered; until then there is nothing to show."""
    return _OWNER in st.session_state


def owner() -> str:
    """Return the learner's token."""
    token: str = st.session_state[_OWNER]
    return token


def app_state() -> AppState:
    """Return this learner's state."""
    cached: tuple[str, AppState] | None = st.session_state.get(_STATE)
    if cached is None or cached[0] != owner():
        cached = (owner(), AppState.from_dict(store().workspace(owner())))
        st.session_state[_STATE] = cached
        st.session_state[_SAVED] = cached[1].to_dict()
    return cached[1]


def run_views() -> dict[str, RunView]:
    """Return what this session has read of runs so far, by job."""
    views: dict[str, RunView] = st.session_state.setdefault("run_views", {})
    return views


def save() -> None:
    """Keep what has changed here since the last time; what another tab has changed stays."""
    state = app_state().to_dict()
    changed = {k: v for k, v in state.items() if v != st.session_state[_SAVED][k]}
    store().save_workspace(owner(), {**store().workspace(owner()), **changed})
    st.session_state[_SAVED] = state
