"""What stays on the server, and for how long: warnings that several screens show."""

from __future__ import annotations

import streamlit as st

from tl_core.server.budget import Budget, free_bytes, full_disk
from tl_core.server.limits import UploadLimits
from tl_core.words import remaining_text
from ui.shared.page import problem
from ui.shared.state import NOT_KEPT, my_jobs, store
from ui.shared.text import literal

WARN_SECONDS = 24 * 3600.0
"""So long before its end a run is warned of; where runs stay for less than two days, half of it."""


def budget() -> Budget:
    """Return what learners keep and may keep."""
    return Budget(store())


def server_signs() -> None:
    """Say on every screen that the disk is almost full, or that the last choice was not kept."""
    free = free_bytes()
    if free < UploadLimits.from_environment().disk_floor:
        st.warning(literal(full_disk(free)), icon=":material/hard_drive:")
    if (error := st.session_state.get(NOT_KEPT)) is not None:
        problem(error)


def warn_of_expiry() -> None:
    """Say that runs of this learner are about to be removed, and where they can be saved."""
    known = budget()
    near = min(WARN_SECONDS, known.limits.run_seconds / 2)
    left = [known.left(job) for job in my_jobs() if not job.active]
    soon = [seconds for seconds in left if seconds < near]
    if not soon:
        return
    count = f"{len(soon)} of your runs are" if len(soon) > 1 else "One of your runs is"
    st.warning(
        f"{count} removed from this server soon, the first in {remaining_text(min(soon))}. Save "
        "what you want to keep on Data, under *Your runs*.",
        icon=":material/schedule:",
    )
