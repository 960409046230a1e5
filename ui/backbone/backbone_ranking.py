"""Which networks promise to suit the learner's photos: a forecast, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import streamlit as st

from tl_core.backbones.spec import backbones
from tl_core.backbones.weights import fitting
from tl_core.store.database import Job
from tl_core.strategies import STRATEGIES
from tl_core.training.events import PreparationAdvanced, from_dict
from ui.shared.results import FinishedRun
from ui.shared.source import show_source
from ui.shared.state import app_state, executor, my_jobs, owner, request_job, store
from ui.shared.table import show_table
from ui.shared.text import literal

POLL_SECONDS = 0.7

CAVEAT = (
    "A forecast from one look at the training photos ([LogME](https://arxiv.org/abs/2102.11005), "
    "the [H-score](https://arxiv.org/abs/2110.06893) beside it; higher is better). In published "
    "tests its order agreed with the outcome well in some cases (rank correlation about 0.8 on "
    "CIFAR-10) and only partly in others (0.4 on Pets). Train the first few and compare."
)


def rank_networks() -> None:
    """Offer to rank the networks on this server for the chosen photos, and show the order."""
    wanted = _wanted()
    if wanted is None or len(wanted["backbones"]) < 2:
        return
    job = next((j for j in reversed(my_jobs(kind="rank")) if j.payload == wanted), None)
    with st.container(border=True):
        if job is not None and job.active:
            st.fragment(_progress, run_every=POLL_SECONDS)(job.id)
        elif job is not None and job.status == "finished":
            _show(forecast_of(job))
        else:
            _offer(wanted, job)


def _wanted() -> dict[str, Any] | None:
    """Return what a ranking of the chosen photos is made from; None without photos."""
    state = app_state()
    if not state.data:
        return None
    return {
        "data": state.data,
        "backbones": fitting(state.spec.kind),
        "seed": state.settings.get("seed", 0),
        "val_fraction": state.settings.get("val_fraction", 0.3),
        "per_class": state.settings.get("per_class"),
    }


def _offer(wanted: dict[str, Any], failed: Job | None) -> None:
    text, action = st.columns([3, 2], vertical_alignment="center")
    text.markdown("**Which one suits your photos?** Each network looks at them once; none trains.")
    if action.button(
        "Rank the networks for my photos", icon=":material/leaderboard:", width="stretch"
    ):
        executor().submit("rank", wanted, owner=owner())
        st.rerun()
    if failed is not None and failed.status == "failed":
        st.caption(literal(failed.reason or "The ranking failed."))


def _progress(identifier: str) -> None:
    job = store().job(identifier)
    if job is None or not job.active:
        st.rerun()
    executor().watch()
    _, last = store().last_event(identifier)
    share, text = 0.0, "Waiting for its turn" if job.status == "waiting" else "Starting"
    if last.get("event") == PreparationAdvanced.__name__:
        event = from_dict(last)
        assert isinstance(event, PreparationAdvanced)
        share = min(1.0, event.done / max(1, event.total))
        text = f"{event.done:,} of {event.total:,} {event.what}"
    bar, stop = st.columns([5, 1], vertical_alignment="center")
    bar.progress(share, text="Stopping" if job.request == "cancel" else text)
    if stop.button("Stop", key=f"stop_{identifier}", width="stretch"):
        request_job(identifier, "cancel")


def forecast_of(job: Job) -> dict[str, dict[str, float]]:
    """Return the scores of each network that a job ranked, the most promising first."""
    told = [event for _, event in store().events(job.id) if event["event"] == "Ranked"]
    told.sort(key=lambda event: -event["log_me"])
    return {event["backbone"]: {key: event[key] for key in ("log_me", "h_score")} for event in told}


def _show(forecast: Mapping[str, Mapping[str, float]]) -> None:
    st.markdown("**Ranked for your photos**, the most promising first.")
    specs = [backbones().get(name) for name in forecast]
    show_table(
        {
            "Place": [f"{place}." for place in range(1, len(specs) + 1)],
            "Network": [spec.title for spec in specs],
            "Learned on": [spec.weights.source_task for spec in specs],
            "LogME": [f"{scores['log_me']:.3f}" for scores in forecast.values()],
            "H-score": [f"{scores['h_score']:.3f}" for scores in forecast.values()],
        }
    )
    st.caption(CAVEAT)
    show_source(
        "tl_core.analysis.transferability:log_me", "tl_core.analysis.transferability:h_score"
    )


def show_outcome(runs: Sequence[FinishedRun]) -> None:
    """Show how good the forecast was, where runs of several ranked networks are side by side."""
    data = runs[0].record.config.data
    done = [job for job in my_jobs(kind="rank") if job.status == "finished"]
    ranked = [job for job in done if job.payload["data"] == data]
    if not ranked:
        return
    forecast = {name: scores["log_me"] for name, scores in forecast_of(ranked[-1]).items()}
    for strategy, accuracies in _by_strategy(runs).items():
        words = outcome_words(forecast, accuracies)
        if words:
            with st.container(border=True):
                title = STRATEGIES.get(strategy).title
                st.markdown(f"**The ranking's forecast, {title.lower()}.** {words}")


def _by_strategy(runs: Sequence[FinishedRun]) -> dict[str, dict[str, float]]:
    """Return the mean accuracy of each network that started from its weights, by strategy."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        config = run.record.config
        if config.weights == "pretrained":
            found[config.strategy][config.backbone].append(run.result.accuracy)
    return {
        strategy: {name: sum(values) / len(values) for name, values in networks.items()}
        for strategy, networks in found.items()
    }


def outcome_words(forecast: Mapping[str, float], accuracies: Mapping[str, float]) -> str | None:
    """Return in words how well the order of a forecast agrees with that of the accuracies.

    With n pairs of networks of which a stand in the right order, Kendall's tau is (2 a - n) / n;
    pairs with equal accuracies count as neither.

    Parameters
    ----------
    forecast, accuracies
        By the name of the network; only networks in both count.

    Returns
    -------
    str or None
        None where there are no two networks to compare.
    """
    known = [name for name in forecast if name in accuracies]
    pairs = [(a, b) for a, b in combinations(known, 2) if accuracies[a] != accuracies[b]]
    if len(known) < 2:
        return None
    order = sorted(known, key=lambda name: -accuracies[name])
    came = ", ".join(f"{backbones().get(name).title} {accuracies[name]:.1%}" for name in order)
    if not pairs:
        return f"It came out even: {came}."
    right = sum((forecast[a] - forecast[b]) * (accuracies[a] - accuracies[b]) > 0 for a, b in pairs)
    tau = (2 * right - len(pairs)) / len(pairs)
    if len(pairs) == 1:
        return f"{'It was right' if right else 'It was wrong'}: {came}."
    return (
        f"It put {right} of {len(pairs)} pairs of networks in the right order "
        f"(Kendall's tau {tau:.2f}). It came out: {came}."
    )
