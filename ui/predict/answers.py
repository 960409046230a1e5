"""What trained networks say about new photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from tl_core.errors import TLError
from tl_core.server.previews import picture_of
from ui.predict.question import Asked
from ui.shared.page import problem
from ui.shared.photos import TILE
from ui.shared.pictures import show_picture
from ui.shared.results import FinishedRun, names_of
from ui.shared.state import executor, my_job, store
from ui.shared.text import literal

MEASURED = (
    "Deep nearest neighbours: the distance from the photo to its fifth nearest training photo, "
    "between the features in front of the head, held against the same distance of every validation "
    "photo ([Sun and others, 2022](https://arxiv.org/abs/2204.06507)). One ordinary photo in "
    "twenty is called strange too, and strange ones pass where training photos vary much: a "
    "missing warning promises nothing."
)


CLASSES, OF_SEVERAL = 5, 3
"""That are shown of an answer about one photo, and about each of several."""

ABREAST = 2
"""Answers that stand side by side."""

Given = Mapping[tuple[str, str], dict[str, Any]]
"""What was answered, by the id of the run and the file of the photo."""


def show_left_out(asked: Asked) -> None:
    """Name the files that are no photos, with the reason of each."""
    items, left_out = asked.question
    if not left_out:
        return
    named = [f"**{literal(name)}**: {literal(reason)}" for name, reason in left_out]
    total = len(items) + len(left_out)
    head = [f"{len(left_out)} of {total} files were left out."] if total > 1 else []
    st.warning("\n\n".join([*head, *named]), icon=":material/info:")


def show_answers(asked: Asked, runs: Sequence[FinishedRun]) -> None:
    """Show what each run says of each photo, as the answers come in."""
    job = my_job(asked.job) if asked.job else None
    if job is None:
        return
    given = {(data["run"], data["file"]): data for _, data in store().events(job.id)}
    items = asked.question.items
    if len(items) == 1:
        _of_one(items[0][1], runs, given, active=job.active)
    else:
        for name, file in items:
            _of_several(name, file, runs, given, active=job.active)
    if job.status == "failed":
        problem(TLError(job.reason or "The photos could not be looked at."))
    if job.active:
        executor().watch()
    elif st.session_state.pop("question_open", False):
        st.rerun()


def _titles(runs: Sequence[FinishedRun]) -> list[str]:
    """Return what stands above the answer of each run; the name may hold the network already."""
    return [
        f"**{name}**" if run.view.several_networks else f"**{name}** · {run.view.network}"
        for name, run in zip(names_of(runs), runs, strict=True)
    ]


def _of_one(file: Path, runs: Sequence[FinishedRun], given: Given, *, active: bool) -> None:
    """Show what the runs say of the only photo, side by side."""
    # Row by row, so that where columns stand one below the other the order stays.
    cells = [cell for _ in range(0, len(runs), ABREAST) for cell in st.columns(ABREAST)]
    for cell, title, run in zip(cells, _titles(runs), runs, strict=False):
        with cell.container(border=True):
            st.markdown(title)
            _answer(given.get((run.view.job.id, str(file))), CLASSES, active=active)


def _of_several(
    name: str, file: Path, runs: Sequence[FinishedRun], given: Given, *, active: bool
) -> None:
    """Show a photo, its name, and what the runs say of it, side by side."""
    titles = _titles(runs)
    with st.container(border=True):
        for first in range(0, len(runs), ABREAST):
            shown, *cells = st.columns([1, *[2] * min(ABREAST, len(runs))])
            if first == 0:
                with shown:
                    _photo(name, file)
            for cell, title, run in zip(cells, titles[first:], runs[first:], strict=False):
                with cell:
                    st.markdown(title)
                    _answer(given.get((run.view.job.id, str(file))), OF_SEVERAL, active=active)


def _photo(name: str, file: Path) -> None:
    if (picture := picture_of(file)).is_file():
        show_picture(picture, f"Your photo {name}", name, width=TILE)
    else:
        st.caption(f"{literal(name)}: this photo was removed.")


def _answer(answer: dict[str, Any] | None, most: int, *, active: bool) -> None:
    """Show what one run says: its most probable classes, and whether to listen to it at all."""
    if answer is None:
        st.caption(
            "Looking at it" if active else "Not asked about this photo yet: bring it once more."
        )
        return
    if "reason" in answer:
        st.caption(f"Not looked at: {literal(answer['reason'])}")
        return
    if answer.get("unfamiliar"):
        doubt = (
            "This photo resembles nothing in training: its features lie farther from the training "
            f"photos than those of {answer['novelty']:.0%} of the validation photos. The network "
            "has to name one of its classes all the same, so do not rely on what it says."
        )
        if most == CLASSES:
            st.warning(doubt, icon=":material/help:")
            st.caption("How that is measured", help=MEASURED)
        else:
            st.markdown(
                ":material/warning: Resembles nothing in training", help=f"{doubt}\n\n{MEASURED}"
            )
    best = sorted(answer["probabilities"].items(), key=lambda item: -item[1])[:most]
    for name, probability in best:
        st.progress(probability, text=f"{literal(name)} · {probability:.1%}")
