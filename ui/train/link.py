"""An experiment as a link: what a host puts on the board, and what comes out of it.

A link carries names and numbers alone: a set that is known by name, never a path; every value is
checked as if it had been typed, and what is unknown is left out and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from tl_core.backbones.spec import backbones
from tl_core.data.catalog import PUBLIC, bundled_sets, find
from tl_core.data.read_as import READINGS
from tl_core.errors import TLError
from tl_core.strategies import STRATEGIES
from tl_core.training.config import FORMER_NAMES, SETTINGS, make_config, under_present_names
from ui.shared.starting_point import in_words, start_from, untouched
from ui.shared.state import AppState, app_state
from ui.shared.text import literal
from ui.train.controls import ON_SCREEN

CARRIED = {name: SETTINGS[name] for name in (*READINGS, *ON_SCREEN)}
"""Settings that a link carries; those of the reading with the photos that are read so."""

PARTS = ("data", "backbone", "thawed", "strategies", *CARRIED, *FORMER_NAMES)
"""Parameters of a link. Any other (a room's code) belongs to somebody else."""

MOST_RUNS, MOST_SIGNS = 6, 200
_OPENED, _NOTES, _GO_TO = "link_opened", "link_notes", "link_leads_to"


@dataclass(frozen=True)
class Linked:
    """What a link says.

    Attributes
    ----------
    given
        Fields of :class:`~ui.shared.state.AppState` that it sets, all of them checked.
    notes
        A sentence for each part that was left out.
    """

    given: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def encode(state: AppState) -> str:
    """Return an experiment as a query string; photos that only this server has are left out."""
    parts: dict[str, str] = {}
    if state.data in _sets():
        parts["data"] = str(state.data)
    parts["backbone"] = state.backbone
    if state.thawed is not None:
        parts["thawed"] = ",".join(state.trainable) or "none"
    parts["strategies"] = ",".join(state.strategies)
    parts |= {
        key: str(int(value) if isinstance(value, bool) else value)
        for key, value in state.settings.items()
        if key in ON_SCREEN or (key in READINGS and "data" in parts)
    }
    return urlencode(parts, safe=",/")


def decode(query: Mapping[str, str]) -> Linked:
    """Read a link's parameters, none of which is trusted."""
    linked = Linked()
    texts = {key: str(query[key])[:MOST_SIGNS] for key in PARTS if query.get(key)}
    texts = under_present_names(texts)
    _read_data(texts, linked)
    _read_backbone(texts, linked)
    _read_strategies(texts, linked)
    settings = {}
    for key in CARRIED:
        if key in texts and (key in ON_SCREEN or "data" in linked.given):
            try:
                settings[key] = _setting(key, texts[key], linked.given.get("backbone"))
            except TLError as error:
                linked.notes.append(f"A setting of the link was left out: {error}")
    if settings or linked.given:
        linked.given["settings"] = settings
    return linked


def _sets() -> list[str]:
    return [bundled.name for bundled in bundled_sets()] + PUBLIC.names()


def _read_data(texts: dict[str, str], linked: Linked) -> None:
    name = texts.get("data")
    if name is None:
        return
    if name not in _sets():
        linked.notes.append(f"There is no set of photos called {name!r}.")
    elif find(name) is None:
        linked.notes.append(f"The set {name!r} is not on this server yet: see Public sets on Data.")
    else:
        linked.given.update({"data": name, "data_name": name})


def _read_backbone(texts: dict[str, str], linked: Linked) -> None:
    name = texts.get("backbone", AppState.backbone)
    if name not in backbones():
        linked.notes.append(f"There is no network called {name!r}; what it would thaw is left out.")
        return
    if "backbone" in texts or "thawed" in texts:
        linked.given.update({"backbone": name, "thawed": None})
    if "thawed" in texts:
        stages = backbones().get(name).stage_names
        wanted = [] if texts["thawed"] == "none" else texts["thawed"].split(",")
        unknown = [stage for stage in wanted if stage not in stages]
        if unknown:
            linked.notes.append(f"{name} has no stage {unknown[0]!r}.")
        if not unknown or len(unknown) < len(wanted):
            linked.given["thawed"] = [stage for stage in stages if stage in wanted]


def _read_strategies(texts: dict[str, str], linked: Linked) -> None:
    names = list(dict.fromkeys(texts.get("strategies", "").split(",")))[:MOST_RUNS]
    known = [name for name in STRATEGIES.names() if name in names]
    linked.notes.extend(
        f"There is no strategy called {name!r}." for name in names if name and name not in known
    )
    if known:
        linked.given["strategies"] = known


def _setting(key: str, text: str, backbone: str | None) -> Any:
    """Return a setting's value; raise if it is none that the controls would allow."""
    value = CARRIED[key].read(text)
    make_config("photos", backbone=backbone, **{key: value})
    return value


# ---------------------------------------------------------------------------------- on the screen


def arrive(pages: Mapping[str, StreamlitPage]) -> bool:
    """Follow a link that this page was opened with; True while it asks before it replaces."""
    query = {key: st.query_params[key] for key in PARTS if key in st.query_params}
    if query:
        st.session_state[_OPENED] = decode(query)
        for key in query:
            del st.query_params[key]  # a reload later on must not ask again
        if untouched() or not _differs(st.session_state[_OPENED]):
            _take(st.session_state[_OPENED])
    if (screen := st.session_state.pop(_GO_TO, None)) is not None:
        st.switch_page(pages[screen])
    linked: Linked | None = st.session_state.get(_OPENED)
    if linked is None:
        return False
    st.title("This link brings an experiment", anchor=False)
    st.markdown("You have set something up yourself. It stays as it is, unless you replace it.")
    st.caption(f"The link: {in_words(linked.given)}")
    with st.container(horizontal=True):
        set_up = "Set up what the link says"
        st.button(set_up, type="primary", on_click=_take, args=(linked,), key="take_link")
        st.button("Keep mine", on_click=_leave, key="leave_link")
    return True


def tell_link() -> None:
    """Show the parts of a link that were left out; once, where it led to."""
    for note in st.session_state.pop(_NOTES, []):
        st.info(literal(note), icon=":material/link_off:")


def share() -> None:
    """Offer the link to what is set up here."""
    state = app_state()
    with st.popover("Link to this experiment", icon=":material/link:"):
        st.markdown("Whoever opens it finds these photos, layers, strategies and settings set up.")
        st.code(f"{_address()}?{encode(state)}", language=None, wrap_lines=True)
        if state.data not in _sets():
            st.caption("Your own photos stay yours: the link leaves them out.")


def _address() -> str:
    """Return the app's address without the page: a server's first visitor comes in by its door."""
    return (st.context.url or "/").partition("?")[0].rpartition("/")[0] + "/"


def _differs(linked: Linked) -> bool:
    state = app_state().to_dict()
    wanted = AppState.from_dict(linked.given).to_dict()
    return any(state[key] != wanted[key] for key in linked.given)


def _take(linked: Linked) -> None:
    if linked.given:
        start_from(linked.given)
    st.session_state[_NOTES] = linked.notes
    _leave("Train" if app_state().data is not None else "Data")


def _leave(screen: str = "Start") -> None:
    """Be done with the link, and go on to a screen."""
    del st.session_state[_OPENED]
    st.session_state[_GO_TO] = screen
