"""Public sets of photos: which are on this server, which can come, which are out of reach."""

from __future__ import annotations

import streamlit as st

from tl_core.data.catalog import PUBLIC, PublicSet
from tl_core.download import reachable
from tl_core.errors import TLError
from tl_core.server.fetching import ASK_FOR_SETS, may_fetch
from tl_core.store.database import Job
from tl_core.training.events import PreparationAdvanced, from_dict
from ui.data.sets import use_button
from ui.shared.live_runs import SECONDS
from ui.shared.page import problem
from ui.shared.state import executor, owner, request_job, store, submit_job
from ui.shared.text import literal


def public() -> None:
    """Offer the public sets; nothing asks the internet before a learner opens the list."""
    if not st.toggle("Show public sets from the internet", key="public_sets"):
        return
    active = any(job.active for job in _downloads().values())
    st.fragment(_sets, run_every=SECONDS if active else None)(active)


def _downloads() -> dict[str, Job]:
    """Return the last download of each set, whoever asked for it."""
    return {job.payload["name"]: job for job in store().jobs(kind="prefetch_data")}


def _sets(was_active: bool) -> None:
    downloads = _downloads()
    if any(job.active for job in downloads.values()):
        executor().watch()
    elif was_active:
        st.rerun()
    answering = _answering(tuple(sorted({entry.host for entry in PUBLIC if not entry.here})))
    if any(not entry.here and entry.host not in answering for entry in PUBLIC):
        st.info(
            "Some sets are out of reach: their servers do not answer this one now. Before a class, "
            "with a connection, bring them here with `python -m tl_core prefetch-data NAME`. "
            "Everything else works without.",
            icon=":material/cloud_off:",
        )
    allowed = may_fetch(store(), owner())
    if not allowed and any(not entry.here for entry in PUBLIC):
        st.info(ASK_FOR_SETS, icon=":material/school:")
    for entry in PUBLIC:
        _row(entry, downloads.get(entry.name), entry.host in answering, allowed)


@st.cache_data(ttl=60, show_spinner="Looking which sets can be reached")
def _answering(hosts: tuple[str, ...]) -> set[str]:
    return reachable(hosts)


def _row(entry: PublicSet, job: Job | None, answers: bool, allowed: bool) -> None:
    with st.container(border=True):
        about, action = st.columns([5, 2], vertical_alignment="center")
        about.markdown(f"**{entry.title}** · {entry.text}")
        about.caption(
            f"`{entry.name}` · {entry.classes} classes · {entry.size} · licence: {entry.license} · "
            f"[about this set]({entry.page})"
        )
        with action:
            if entry.here:
                use_button(entry.name, entry.title)
            elif job is not None and job.active:
                _progress(job)
            else:
                _offer(entry, answers, allowed)
        if job is not None and job.status == "failed" and not entry.here:
            st.caption(literal(job.reason or "The download failed."))


def _offer(entry: PublicSet, answers: bool, allowed: bool) -> None:
    label = f"Download {entry.size}" if answers else "Out of reach now"
    icon = ":material/download:" if answers else ":material/cloud_off:"
    off = not (answers and allowed)
    if st.button(label, key=f"get_{entry.name}", icon=icon, disabled=off, width="stretch"):
        try:
            submit_job("prefetch_data", {"name": entry.name})
        except TLError as error:
            problem(error)
        else:
            st.rerun()


def _progress(job: Job) -> None:
    last = _last_event(job)
    share, text = 0.0, "Waiting for its turn" if job.status == "waiting" else "Starting"
    if last is not None:
        share = min(1.0, last.done / max(1, last.total))
        text = f"{last.done:,} of {last.total:,} {last.what}"
    st.progress(share, text="Stopping" if job.request == "cancel" else text)
    if job.owner == owner() and st.button("Stop", key=f"stop_{job.id}", width="stretch"):
        request_job(job.id, "cancel")


def _last_event(job: Job) -> PreparationAdvanced | None:
    """Return the last progress of a download; only new events are read."""
    seen = st.session_state.setdefault("downloads", {})
    number, last = seen.get(job.id, (0, None))
    if new := store().events(job.id, after=number):
        number, last = new[-1][0], from_dict(new[-1][1])
    seen[job.id] = number, last
    return last if isinstance(last, PreparationAdvanced) else None
