"""Photos that finished runs still get wrong."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tl_core.server.shown import previews
from tl_core.store.database import Job
from tl_core.training.record import Prediction
from ui.shared.photos import show_photos
from ui.shared.results import FinishedRun, finished_runs, photo_files

SHOWN = 6
"""Photos a run."""


def mistakes(jobs: list[Job]) -> None:
    """Show photos that finished runs still get wrong, those of which they were surest first."""
    found = [(run, *_surest(run)) for run in finished_runs(jobs)]
    previews([[file] for _, _, shown in found for file in shown])  # all at once
    for run, wrong, shown in found:
        if not shown:
            continue
        classes = run.record.classes
        with st.expander(f"{run.view.title}: what it still gets wrong ({len(wrong)})"):
            show_photos(
                list(shown),
                [f"{classes[p.label]}, taken for {classes[p.predicted]}" for p in shown.values()],
            )


def _surest(run: FinishedRun) -> tuple[list[Prediction], dict[Path, Prediction]]:
    """Return what a run gets wrong, and by their files the photos of which it was surest."""
    wrong = sorted((p for p in run.headline if not p.right), key=lambda p: -p.probability)
    files = photo_files(run.record.config)
    there = [p for p in wrong if p.path in files][:SHOWN]
    return wrong, {files[p.path]: p for p in there}
