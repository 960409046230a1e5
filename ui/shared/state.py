"""What a learner has set up: one typed value behind one accessor.

It is kept in the store under a digest of the learner's code, so a reload, another tab or a restart
of the server finds it again. Pages reach jobs through :func:`my_jobs`, :func:`my_job`,
:func:`submit_jobs` and :func:`request_job` alone: those know only the learner's own, and hand jobs
to the one place where they are accepted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import streamlit as st

from tl_core.analysis.guess import Guess
from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.codec import PlainDataError, from_plain, to_plain
from tl_core.data.read_as import READINGS, ReadAs
from tl_core.errors import UserError
from tl_core.execution.local import LocalExecutor
from tl_core.server.accept import accept, request
from tl_core.server.cleanup import forget
from tl_core.server.rooms import Room, Rooms
from tl_core.server.uploads import Uploads
from tl_core.server.visitors import check_newcomer
from tl_core.store.database import Job, Store
from tl_core.store.learner_code import owner_of
from tl_core.strategies import STRATEGIES
from tl_core.training.config import (
    RunConfig,
    make_config,
    settings_for,
    under_present_names,
)
from ui.shared.learner import COMPONENT, Learner, learner
from ui.shared.navigation import ROUTED
from ui.shared.once import Once
from ui.shared.runs import RunView

_STATE, _SAVED = "app_state", "app_state_saved"
_OWNER, _LEARNER = "owner", "learner"
NOT_KEPT = "not_kept"
"""Key of the session's state: why the learner's last choice could not be kept, if so."""
_OF_THE_BROWSER = (COMPONENT, _LEARNER, ROUTED)
"""What stays in a session when another learner takes it over."""


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
        Stages that the learner thawed; None means all.
    from_scratch
        Whether the layer map shows training from scratch, which leaves ``thawed`` as it is.
    strategies
        The runs that are lined up.
    settings
        Settings of ``RunConfig`` that the learner chose; what is missing follows the strategy.
    comparison
        Id of the comparison that was started last; None before the first.
    demo
        Id of the one-minute demo's comparison; None before it was run.
    guesses
        What the learner expected of a comparison, by its id.
    """

    data: str | None = None
    data_name: str = ""
    backbone: str = "resnet_mini"
    thawed: tuple[str, ...] | None = None
    from_scratch: bool = False
    strategies: tuple[str, ...] = ("feature_extraction", "fine_tune")
    settings: dict[str, Any] = field(default_factory=dict)
    comparison: str | None = None
    demo: str | None = None
    guesses: dict[str, Guess] = field(default_factory=dict)

    @property
    def spec(self) -> BackboneSpec:
        """Facts about the chosen backbone."""
        return backbones().get(self.backbone)

    @property
    def readings(self) -> dict[str, str]:
        """Those of the settings that say how the chosen photos are read; most often none."""
        return {name: self.settings[name] for name in READINGS if name in self.settings}

    @property
    def read_as(self) -> ReadAs:
        """How the learner wants the chosen photos to be read."""
        return ReadAs(**self.readings)

    def read_otherwise(self, **choices: str) -> None:
        """Have the chosen photos read in another way; what is not named is as it is found."""
        others = {key: value for key, value in self.settings.items() if key not in READINGS}
        self.settings = others | choices

    @property
    def trainable(self) -> tuple[str, ...]:
        """The thawed stages of the chosen backbone, in order."""
        names = self.spec.stage_names
        return names if self.thawed is None else tuple(n for n in names if n in self.thawed)

    def configs(self, strategies: Sequence[str]) -> list[RunConfig]:
        """Return the configuration of a run of each strategy.

        Raises
        ------
        ConfigError
            If a setting is outside of what is allowed.
        """
        assert self.data is not None
        return [
            make_config(
                self.data,
                backbone=self.backbone,
                strategy=strategy,
                trainable=",".join(self.trainable) or "none",
                **self.settings,
            )
            for strategy in strategies
        ]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AppState:
        """Read what :meth:`to_dict` wrote; what is unknown by now, or damaged, is left out."""
        if "forecasts" in values:  # as older workspaces call them
            values = {"guesses": values["forecasts"], **values}
        state = cls()
        for name in values.keys() & {one.name for one in fields(cls)}:
            with contextlib.suppress(PlainDataError):
                setattr(state, name, getattr(from_plain(cls, {name: values[name]}), name))
        if state.backbone not in backbones():
            state.backbone, state.thawed = "resnet_mini", None
        known, settings = settings_for(state.spec.kind), under_present_names(state.settings)
        state.settings = {k: v for k, v in settings.items() if k in known and known[k].allows(v)}
        state.strategies = tuple(name for name in state.strategies if name in STRATEGIES)
        return state

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain: dict[str, Any] = to_plain(self)
        return plain


@Once
def executor() -> LocalExecutor:
    """Return the server's way to its supervisor and store."""
    return LocalExecutor(Store(impatient=True))


def store() -> Store:
    """Return the server's store."""
    return executor().store


def disconnect() -> None:
    """Let go of the store: the next who needs it opens whatever database is there then."""
    if (kept := executor.forget()) is not None:
        kept.store.close()


def identify() -> None:
    """Learn whose browser this is; called once, by the router, in every run of the script."""
    mine = learner()
    if mine is None:
        return
    st.session_state[_LEARNER] = mine
    mine_now = owner_of(mine.code)
    before = st.session_state.get(_OWNER)
    if mine_now == before:
        return
    if before is not None:
        for key in set(st.session_state) - set(_OF_THE_BROWSER):
            del st.session_state[key]
    st.session_state[_OWNER] = mine_now
    st.rerun()


def identified() -> bool:
    """Tell whether the browser has answered; until then there is nothing to show."""
    return _OWNER in st.session_state


def me() -> Learner | None:
    """Return the browser's learner, the code included; never store or log it."""
    found: Learner | None = st.session_state.get(_LEARNER)
    return found


def owner() -> str:
    """Return the name under which the store keeps this learner's work: a digest of the code."""
    name: str = st.session_state[_OWNER]
    return name


def my_jobs(*, comparison: str | None = None, kind: str = "train") -> list[Job]:
    """Return this learner's jobs, and nobody else's, whatever id the session holds."""
    return store().jobs(owner=owner(), comparison=comparison, kind=kind)


def my_job(identifier: str) -> Job | None:
    """Return one of this learner's jobs; None if there is none of that id, or not of theirs."""
    job = store().job(identifier)
    return job if job is not None and job.owner == owner() else None


def submit_jobs(
    kind: str, payloads: Sequence[dict[str, Any]], *, comparison: str | None = None
) -> list[str]:
    """Hand jobs of this learner's over and return their ids; runs belong to the learner's room.

    Raises
    ------
    UserError
        If they are not accepted: see :func:`tl_core.server.accept.accept`.
    """
    room = current_room() if kind == "train" else None
    return accept(executor(), kind, payloads, owner=owner(), comparison=comparison, room=room)


def submit_job(kind: str, payload: dict[str, Any]) -> str:
    """Hand one job of this learner's over; see :func:`submit_jobs`."""
    return submit_jobs(kind, [payload])[0]


def request_job(identifier: str, what: str) -> None:
    """Ask one of this learner's jobs to ``cancel``, ``pause`` or ``resume``.

    Raises
    ------
    UserError
        If a run cannot go on: see :func:`tl_core.server.accept.request`.
    """
    request(executor(), owner(), identifier, what)


def rooms() -> Rooms:
    """Return the server's rooms."""
    return Rooms(store())


def uploads() -> Uploads:
    """Return the photos that learners brought."""
    return Uploads(store())


def forget_me() -> None:
    """Remove everything of this learner's from the server, and from this session."""
    forget(executor(), owner())
    for key in set(st.session_state) - {*_OF_THE_BROWSER, _OWNER}:
        del st.session_state[key]


def my_room() -> Room | None:
    """Return the open room that this learner is in, or None."""
    return rooms().room_of(owner())


def current_room() -> str | None:
    """Return the code of the learner's room, to which new runs belong; None outside of one."""
    room = my_room()
    return room.code if room else None


def app_state() -> AppState:
    """Return this learner's state."""
    cached: tuple[str, AppState] | None = st.session_state.get(_STATE)
    if cached is None or cached[0] != owner():
        cached = (owner(), AppState.from_dict(store().workspace(owner())))
        st.session_state[_STATE] = cached
        st.session_state[_SAVED] = cached[1].to_dict()
    return cached[1]


def run_views() -> dict[str, RunView]:
    """Return this session's views of runs, by job."""
    views: dict[str, RunView] = st.session_state.setdefault("run_views", {})
    return views


def save() -> None:
    """Keep what has changed here since the last time; what another tab has changed stays.

    What cannot be kept just now is said, and tried again the next time.
    """
    state = app_state().to_dict()
    changed = {k: v for k, v in state.items() if v != st.session_state[_SAVED][k]}
    try:
        check_newcomer(store(), owner())
        store().save_workspace(owner(), {**store().workspace(owner()), **changed})
    except UserError as error:
        st.session_state[NOT_KEPT] = error
    else:
        st.session_state[_SAVED] = state
        st.session_state.pop(NOT_KEPT, None)
