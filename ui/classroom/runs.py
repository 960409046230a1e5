"""What a server is doing, and how an instructor steps in."""

from __future__ import annotations

import streamlit as st

from tl_core.data.limits import megabytes
from tl_core.machine import slots
from tl_core.server.cleanup import NOBODY, forget, take_away
from tl_core.server.load import Disk, Load, disk_use, machine_load
from tl_core.server.visitors import note_instructor, rooms_only
from tl_core.store.database import RUNNING, WAITING, Job
from tl_core.strategies import STRATEGIES
from tl_core.words import bytes_text
from ui.classroom.instructor_login import instructor_only, is_instructor
from ui.shared.kept import budget
from ui.shared.results import told_apart
from ui.shared.runs import RunView, network_title, view_runs
from ui.shared.state import executor, owner, rooms, store
from ui.shared.table import show_table

POLL_SECONDS = 2.0
LISTED = 60
"""Runs that the list shows at most: those that are active, then the newest."""

PAUSED = "queue_paused"
_VIEWS = "classroom_views"


def now() -> None:
    """Show the queue, the machine and everybody's runs, kept up to date."""
    if note_instructor(owner()) and rooms_only():
        st.rerun()  # the sidebar asks for a room no longer
    st.fragment(_panel, run_every=POLL_SECONDS)()
    _remove()
    _remove_learner()
    _storage(_disk())


def names() -> dict[str, str]:
    """Return each learner's name: the one they gave, else a number of their own."""
    members = rooms().members()
    owners = dict.fromkeys([job.owner for job in store().jobs()] + [m.owner for m in members])
    called = {owner: f"Learner {number}" for number, owner in enumerate(owners, start=1)}
    return called | {m.owner: m.name for m in members if m.name}


def _panel() -> None:
    if not is_instructor():  # the sign-in has run out while this was open
        st.rerun()
    jobs = _listed()
    _queue(jobs)
    _machine(_load())
    if not jobs:
        st.markdown("Nobody has started a run yet.")
        return
    if any(job.active for job in jobs):
        executor().watch()
    known: dict[str, RunView] = st.session_state.setdefault(_VIEWS, {})
    views = view_runs(store(), jobs, known)
    called = names()
    show_table(
        {
            "Learner": [called[view.job.owner] for view in views],
            "Room": [view.job.room or "" for view in views],
            "Strategy": [view.strategy for view in views],
            "Network": [view.network for view in views],
            "Progress": [f"{view.progress:.0%}" for view in views],
            "Accuracy": ["" if v.accuracy is None else f"{v.accuracy:.1%}" for v in views],
            "Status": [view.status_text() for view in views],
        }
    )


def _listed() -> list[Job]:
    """Return the active runs in the order of the queue, then the newest of the others."""
    jobs = [job for job in store().jobs(kind="train") if job.owner != NOBODY]
    active = [job for job in jobs if job.active]
    ended = [job for job in reversed(jobs) if not job.active]
    return (active + ended)[:LISTED]


def _queue(jobs: list[Job]) -> None:
    paused = bool(store().setting(PAUSED, False))
    waiting = sum(job.status == WAITING for job in jobs)
    running = sum(job.status == RUNNING for job in jobs)
    said, button = st.columns([4, 2], vertical_alignment="center")
    text = f"**{running} running** in {slots()} slot{'s' * (slots() != 1)}, **{waiting} waiting**."
    said.markdown(text + " The queue is paused: no new run starts." * paused)
    button.button(
        "Let the queue go on" if paused else "Pause the queue",
        icon=":material/play_arrow:" if paused else ":material/pause:",
        help="Runs that train already go on.",
        key="pause_queue",
        on_click=_pause,
        args=(not paused,),
        width="stretch",
    )


@instructor_only
def _pause(paused: bool) -> None:
    store().set_setting(PAUSED, paused)


# ---------------------------------------------------------------------------------------- machine


@st.cache_data(ttl=2, show_spinner=False)
def _load() -> Load:
    return machine_load()


@st.cache_data(ttl=30, show_spinner="Adding up the files")
def _disk() -> Disk:
    return disk_use()


def _of(used: int, total: int) -> str:
    return f"{used / 1e9:.1f} of {bytes_text(total)}"


def _machine(load: Load) -> None:
    cells = iter(st.columns(2 + max(1, len(load.gpus))))
    next(cells).metric(
        "Load",
        "not told" if load.waiting is None else f"{load.waiting:.1f} on {load.cores} cores",
        help="Processes that ran or wanted to, mean of the last minute. More than there are cores "
        "means that they wait for one another.",
    )
    next(cells).metric("Memory", _of(*load.memory) if load.memory else "not told")
    for gpu in load.gpus:
        next(cells).metric(
            gpu.name, f"{gpu.busy:.0%}", _of(gpu.used, gpu.total),
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
    if not load.gpus:
        next(cells).metric("GPU", "none")


def _storage(disk: Disk) -> None:
    parts = ", ".join(f"{name} {bytes_text(size)}" for name, size in disk.parts.items())
    st.caption(
        f"On disk: {parts}, everything else {bytes_text(disk.other)}. "
        f"{bytes_text(disk.free)} are free."
    )


# ---------------------------------------------------------------------------------------- removal


def _remove() -> None:
    """Let the instructor take a run away."""
    jobs = {job.id: job for job in _listed()}
    if not jobs:
        return
    called = names()
    which, action = st.columns([4, 2], vertical_alignment="bottom")
    chosen = which.selectbox(
        "Remove a run",
        list(jobs),
        index=None,
        placeholder="Choose one",
        format_func=lambda key: _label(jobs[key], called) if key in jobs else "removed",
        key="run_to_remove",
    )
    with action.popover("Remove", disabled=chosen is None, width="stretch"):
        st.markdown(
            "The run is stopped if it is active, and its record and network are deleted. Its "
            "learner loses them; this cannot be undone."
        )
        st.button("Yes, remove it", key="remove_run", on_click=_take_away, args=(chosen,))


def _label(job: Job, called: dict[str, str]) -> str:
    strategy = STRATEGIES.get(job.payload["strategy"]).title
    return f"{called[job.owner]} · {strategy} · {network_title(job)} · {job.status}"


@instructor_only
def _take_away(identifier: str | None) -> None:
    if identifier is not None:
        take_away(executor(), identifier)
        st.session_state["run_to_remove"] = None
        st.toast("The run was removed.")


def _remove_learner() -> None:
    """Let the instructor remove a learner with everything that is theirs."""
    called = names()
    for who in budget().owners():
        called.setdefault(who, f"Learner {len(called) + 1}")
    called = {who: name for who, name in called.items() if who not in (NOBODY, owner())}
    if not called:
        return
    keeps = told_apart({who: _learner_label(who, name) for who, name in called.items()})
    which, action = st.columns([4, 2], vertical_alignment="bottom")
    chosen = which.selectbox(
        "Remove a learner",
        list(keeps),
        index=None,
        placeholder="Choose one",
        format_func=lambda who: keeps.get(who, "removed"),
        key="learner_to_remove",
    )
    with action.popover("Remove", disabled=chosen is None, width="stretch"):
        st.markdown(
            "Their photos, runs, trained networks, questions and settings are deleted, and runs "
            "that are going on are stopped. They can come back under the same code and start "
            "from nothing. This cannot be undone."
        )
        st.button(
            "Yes, remove everything of theirs",
            key="remove_learner",
            on_click=_forget,
            args=(chosen,),
        )


def _learner_label(who: str, name: str) -> str:
    return f"{name} · {megabytes(budget().kept(who).total)}"


@instructor_only
def _forget(who: str | None) -> None:
    if who is not None:
        forget(executor(), who)
        st.session_state["learner_to_remove"] = None
        st.toast("The learner was removed with everything of theirs.")
