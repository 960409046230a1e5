"""Remedies in the health report: one click makes a mended set, and the former one stays."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from tl_core.data import HealthReport
from tl_core.data.layout import Suggestion
from tl_core.errors import TLError
from tl_core.server.remedies import (
    LONGEST_NAME,
    drop_class,
    drop_copies,
    keep_one_of_each,
    merge_classes,
    rename_class,
)
from tl_core.server.uploads import Upload
from ui.data.sets import choose
from ui.shared.state import app_state, owner, uploads
from ui.shared.text import literal, visible

Remedy = Callable[..., Upload]


def remedies(report: HealthReport) -> None:
    """Offer what can be mended with one click."""
    copies = report.duplicates
    with st.container(horizontal=True):
        for number, suggestion in enumerate(report.suggestions):
            _suggested(number, suggestion)
        if copies.within_split or copies.across_splits or copies.across_classes:
            st.button(
                "Drop copies",
                icon=":material/filter_none:",
                on_click=_apply,
                args=(drop_copies,),
                help="Keeps one of each. Of a photo in different classes none is kept, since at "
                "most one of its labels is right.",
            )
        near = report.near_copies
        if near.within_split or near.across_splits:
            st.button(
                "Keep one of each",
                icon=":material/filter_1:",
                on_click=_apply,
                args=(keep_one_of_each,),
                help="Of photos that seem to show the same one is kept: the one that measures, "
                "else the largest file. Look at the groups first: that they show the same is a "
                "guess. In different classes all are kept.",
            )
        with st.popover("Rename a class", icon=":material/edit:"):
            _rename(report)
        with st.popover("Merge classes", icon=":material/merge:"):
            _merge(report)
        with st.popover("Drop a class", icon=":material/delete:"):
            _drop(report)
    st.caption(
        "Each of these makes a new set under “Your photos”; to undo it, choose the former "
        "set again."
    )


def _suggested(number: int, suggestion: Suggestion) -> None:
    """Offer what the report suggests."""
    *most, last = suggestion.classes
    names = f"{', '.join(most)} and {last}" if most else last
    remedy: tuple[object, ...] = (drop_class, *suggestion.classes)
    if suggestion.kind == "merge":
        remedy = (merge_classes, suggestion.classes, suggestion.into)
    st.button(
        literal(f"{suggestion.kind.capitalize()} {names}"[:60]),
        key=f"suggested_{number}",
        icon=":material/auto_fix_high:",
        on_click=_apply,
        args=remedy,
        help=literal(suggestion.text),
    )


def _rename(report: HealthReport) -> None:
    old = st.selectbox("Class", report.classes, format_func=visible, key="rename_class")
    new = st.text_input("New name", max_chars=LONGEST_NAME, key="rename_to")
    _do("Rename", rename_class, old, new, ready=bool(new.strip()))


def _merge(report: HealthReport) -> None:
    names = st.multiselect("Classes", report.classes, format_func=visible, key="merge_classes")
    into = st.text_input(
        "Name of the class they become",
        max_chars=LONGEST_NAME,
        placeholder=visible(names[0]) if names else "",
        key="merge_into",
    )
    into = into.strip() or (names[0] if names else "")
    _do("Merge", merge_classes, names, into, ready=len(names) > 1)


def _drop(report: HealthReport) -> None:
    name = st.selectbox("Class", report.classes, format_func=visible, key="drop_class")
    _do("Drop", drop_class, name, ready=len(report.classes) > 1)


def _do(label: str, remedy: Remedy, *args: object, ready: bool) -> None:
    st.button(
        label,
        key=f"do_{label}",
        type="primary",
        width="stretch",
        disabled=not ready,
        on_click=_apply,
        args=(remedy, *args),
    )


def _apply(remedy: Remedy, *args: object) -> None:
    data = app_state().data
    if data is None:
        return
    try:
        made = remedy(uploads(), owner(), data, *args, how=app_state().read_as)
    except TLError as error:
        st.session_state["upload_problem"] = error
    else:
        choose(str(made.path), made.name)
