"""What became of a ranking: its forecast beside the accuracies that the networks reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import streamlit as st

from tl_core.analysis.backbone_forecast import outcome_words, read_forecasts
from tl_core.strategies import STRATEGIES
from ui.shared.results import FinishedRun
from ui.shared.state import my_jobs, store


def show_outcome(runs: Sequence[FinishedRun]) -> None:
    """Show how good the forecast was, where runs of several ranked networks are side by side."""
    data = runs[0].record.config.data
    done = [job for job in my_jobs(kind="rank") if job.status == "finished"]
    ranked = [job for job in done if job.payload["data"] == data]
    if not ranked:
        return
    forecasts = read_forecasts(event for _, event in store().events(ranked[-1].id))
    log_me = {forecast.backbone: forecast.log_me for forecast in forecasts}
    for strategy, accuracies in _by_strategy(runs).items():
        words = outcome_words(log_me, accuracies)
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
