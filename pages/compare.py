"""Compare: finished runs side by side, with honest uncertainty."""

import streamlit as st

from tl_core.errors import TLError
from tl_core.runs.compare import compare
from ui.compare.parts import (
    choose_runs,
    show_cost,
    show_learning,
    show_numbers,
    show_settings,
    show_verdict,
)
from ui.compare.photos import choose_answers, show_changes, show_classes, show_matrix
from ui.compare.ranking_outcome import show_outcome
from ui.shared.kept import warn_of_expiry
from ui.shared.navigation import require_router
from ui.shared.page import empty, problem, title
from ui.shared.results import FinishedRun
from ui.shared.source import show_source


def show(chosen: str, runs: list[FinishedRun]) -> None:
    """Show runs from the verdict down to single photos."""
    comparison = compare([run.record for run in runs])
    show_verdict(chosen, runs, comparison)
    show_numbers(runs)
    show_outcome(runs)
    st.subheader("Where they part" if comparison.tests else "Where it went wrong", anchor=False)
    answers = choose_answers(runs, comparison.tests)
    show_matrix(answers)
    if comparison.tests:
        show_changes(answers)
    show_classes(answers)
    st.subheader("How they learned", anchor=False)
    show_learning(runs)
    st.subheader("What it cost", anchor=False)
    show_cost(runs)
    show_settings(runs, comparison)


require_router("Compare")
title("Compare", "What each run reached on the same photos, how sure that is, and where they part.")
warn_of_expiry()
try:
    chosen, runs = choose_runs()
except TLError as error:
    problem(error)
    runs = []
if runs:
    show(chosen, runs)
else:
    empty("No run has finished yet.", "pages/train.py", "Train two or more")
show_source(
    "tl_core.runs.compare:paired_test",
    "tl_core.statistics:mcnemar_exact",
    "tl_core.statistics:wilson_interval",
    "tl_core.analysis.difference:Difference.cells",
)
