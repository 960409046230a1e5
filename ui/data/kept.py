"""What a learner keeps on the server: how much of what, and how it is saved or removed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tl_core.data.limits import megabytes
from tl_core.server.budget import Kept
from tl_core.server.cleanup import take_away
from tl_core.store.database import Job
from tl_core.words import remaining_text
from ui.shared.downloads import download_link
from ui.shared.kept import budget
from ui.shared.results import comparison_titles
from ui.shared.runs import network_title, strategy_title
from ui.shared.state import app_state, executor, my_job, my_jobs, owner, save

LISTED = 20
"""Comparisons that the list shows at most, the newest first."""


def kept() -> None:
    """Show how much the learner keeps, of how much, and list their runs."""
    known = budget()
    mine, most = known.kept(owner()), known.limits.learner_bytes
    if not mine.total:
        return
    st.progress(
        min(1.0, mine.total / most),
        text=f"You keep {megabytes(mine.total)} of {megabytes(most)} here: {_in_words(mine)}",
    )
    groups: dict[str, list[Job]] = {}
    for job in my_jobs():
        groups.setdefault(job.comparison or job.id, []).append(job)
    if not groups:
        return
    sizes, titles = known.runs(owner()), comparison_titles(groups)
    newest = list(reversed(groups))
    with st.expander(f"Your runs · {megabytes(mine.runs)}", icon=":material/inventory_2:"):
        st.caption(
            f"A run is removed {known.limits.run_days} days after it has ended, or as soon as you "
            "say so. One that has not ended counts with what it may take while it trains."
        )
        for key in newest[:LISTED]:
            _row(key, titles[key], groups[key], sizes)
        if len(newest) > LISTED:
            st.caption(f"{len(newest) - LISTED} older ones are not listed; they go first.")


def _in_words(mine: Kept) -> str:
    parts = {"photos": mine.photos, "runs": mine.runs, "questions": mine.questions}
    return ", ".join(f"{name} {megabytes(size)}" for name, size in parts.items() if size)


def _row(key: str, title: str, jobs: Sequence[Job], sizes: dict[str, int]) -> None:
    text, download, remove = st.columns([6, 2, 2], vertical_alignment="center")
    size = megabytes(sum(sizes.get(job.id, 0) for job in jobs))
    text.markdown(title)
    if any(job.active for job in jobs):
        text.caption(f"{size} · goes on; stop it on Train to remove it")
        return
    left = min(budget().left(job) for job in jobs)
    text.caption(f"{size} · removed in {remaining_text(left)}")
    links = [(job, link) for job in jobs if (link := download_link(job)) and sizes.get(job.id)]
    if links:
        with download.popover("Download", width="stretch"):
            st.markdown(
                "The record, the predictions and the trained network of each run, as a zip."
            )
            for job, link in links:
                name = f"{strategy_title(job)} · {network_title(job)}"
                st.link_button(name, link, icon=":material/download:", width="stretch")
    with remove.popover("Remove", width="stretch"):
        st.markdown("The results and the trained networks are deleted. This cannot be undone.")
        st.button("Remove these runs", key=f"remove_{key}", on_click=_remove, args=(key, jobs))


def _remove(key: str, jobs: Sequence[Job]) -> None:
    for job in jobs:
        if my_job(job.id) is not None:
            take_away(executor(), job.id)
    state = app_state()
    state.comparison = None if state.comparison == key else state.comparison
    state.demo = None if state.demo == key else state.demo
    save()
