"""Photos that finished runs still get wrong."""

from __future__ import annotations

import streamlit as st

from tl_core.store.database import Job
from ui.shared.photos import show_photos
from ui.shared.results import finished_runs, photo_files

SHOWN = 6
"""Photos a run."""


def mistakes(jobs: list[Job]) -> None:
    """Show photos that finished runs still get wrong, those of which they were surest first."""
    for run in finished_runs(jobs):
        classes = run.record.classes
        wrong = sorted((p for p in run.headline if not p.right), key=lambda p: -p.probability)
        files = photo_files(run.record.config.test or run.record.config.data)
        shown = [p for p in wrong if p.path in files][:SHOWN]
        if not shown:
            continue
        with st.expander(f"{run.view.title}: what it still gets wrong ({len(wrong)})"):
            show_photos(
                [files[p.path] for p in shown],
                [f"{classes[p.label]}, taken for {classes[p.predicted]}" for p in shown],
            )
