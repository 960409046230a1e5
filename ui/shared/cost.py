"""What runs will cost, told before they start; a network is measured first, once on this server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from tl_core.cost.estimate import Amount, CostEstimate, estimate_cost
from tl_core.cost.profile import CostProfile, ProfileKey
from tl_core.errors import TLError
from tl_core.machine import busy
from tl_core.store.database import RUNNING, WAITING
from tl_core.strategies import STRATEGIES
from tl_core.training.config import RunConfig
from tl_core.words import bytes_text, prediction_text
from ui.shared.page import figure
from ui.shared.state import executor, store, submit_job
from ui.shared.text import literal

_ASKED, _ASKED_AGAIN = "profiles_asked", "profiles_asked_again"
_POLL_SECONDS = 1.0


def plan_cost(config: RunConfig, photos: Amount) -> None:
    """Show what one plan will cost."""
    costs = _measured(config)
    if costs is None:
        return
    told = estimate_cost(config, costs, photos)
    kept = bytes_text(max(told.cache_bytes, 1e5))
    where = "the GPU" if costs.device == "cuda" else "this server"
    figure(
        "Training time, predicted",
        prediction_text(told.total_seconds),
        f"{_epochs(told)} an epoch",
        help=f"For {config.epochs} epochs with {photos.train:,} photos, when {where} has nothing "
        "else to do. Each stage of this network was measured here; what is computed once is "
        "counted once.",
    )
    figure(
        "Memory, predicted",
        bytes_text(told.memory_bytes),
        f"{kept} of features kept" if told.cache_bytes else "no features kept",
        help="The most that the run needs at a time; what its process holds in reserve comes on "
        "top. Beside it, what the frozen stages make of the photos and is kept for all epochs.",
    )
    _tell_busy(costs)


def line_up_cost(configs: Sequence[RunConfig], photos: Amount) -> None:
    """Show the predicted seconds of each lined-up run, and of all."""
    costs = _measured(configs[0]) if configs else None
    if costs is None:
        return
    kept: set[tuple[int, int]] = set()
    told = [estimate_cost(config, costs, photos, configs, kept).total_seconds for config in configs]
    each = [
        f"{STRATEGIES.get(config.strategy).title} {prediction_text(seconds)}"
        for config, seconds in zip(configs, told, strict=True)
    ]
    together = f"; one after the other {prediction_text(sum(told))}" if len(told) > 1 else ""
    st.caption(f"Predicted: {', '.join(each)}{together}.")
    _tell_busy(costs)


def _epochs(told: CostEstimate) -> str:
    """Write the time of an epoch, phase by phase where they differ."""
    return ", then ".join(dict.fromkeys(prediction_text(seconds) for seconds in told.epoch_seconds))


def _tell_busy(costs: CostProfile) -> None:
    if costs.busy:
        st.caption("Measured while this server was busy, so it is probably too much.")


def _measured(config: RunConfig) -> CostProfile | None:
    """Return a network's cost profile; without one have it measured, and say so.

    What was measured while the server was busy is shown, and measured again once when it is not.
    """
    what = ProfileKey.of(config)
    costs = CostProfile.load(what)
    if costs is None:
        try:
            what.check()
        except TLError as error:
            st.caption(literal(str(error)))
        else:
            st.fragment(_wait, run_every=_POLL_SECONDS)(what)
    elif costs.busy and not busy() and not _under_way(what) and not _asked(what, _ASKED_AGAIN):
        _ask(what, _ASKED_AGAIN)
    return costs


def _wait(what: ProfileKey) -> None:
    under_way = _under_way(what)
    if CostProfile.load(what) is not None:
        st.rerun()
    if not under_way:
        if _asked(what, _ASKED):
            st.caption("What this plan costs could not be measured on this server.")
            return
        if (refused := _ask(what, _ASKED)) is not None:
            st.caption(literal(str(refused)))
            return
    executor().watch()
    st.caption("Measuring what this network costs on this server; it takes a moment, once.")


def _under_way(what: ProfileKey) -> bool:
    jobs = store().jobs(kind="measure_costs", status=(WAITING, RUNNING))
    return any(job.payload == asdict(what) for job in jobs)


def _asked(what: ProfileKey, key: str) -> bool:
    """Return whether this session has asked for it."""
    return what in st.session_state.get(key, ())


def _ask(what: ProfileKey, key: str) -> TLError | None:
    """Have a network measured, and note it; or return why not now: it is tried again later."""
    try:
        submit_job("measure_costs", asdict(what))
    except TLError as error:
        return error
    st.session_state.setdefault(key, set()).add(what)
    return None
