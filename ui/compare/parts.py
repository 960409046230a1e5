"""Parts of the Compare screen that speak of whole runs: choice, verdict, numbers, curves, cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from tl_core.analysis.guess import guess_words
from tl_core.analysis.remarks import remarks
from tl_core.analysis.verdict import MIN_SEEDS, Verdict, judge_methods, judge_runs, methods
from tl_core.runs.compare import Comparison
from tl_core.store.database import Job
from tl_core.strategies import STRATEGIES
from tl_core.training.record import RunRecord
from tl_core.words import bytes_text, duration_text
from ui.shared.charts import cost_vs_accuracy, interval_bars, unique
from ui.shared.charts.base import RUN_NAME
from ui.shared.live_runs import show_curves
from ui.shared.page import draw, draw_to_explore
from ui.shared.results import (
    FinishedRun,
    comparison_titles,
    comparisons,
    earlier_runs,
    finished_runs,
    names_of,
    told_apart,
    when_text,
)
from ui.shared.state import AppState, app_state, owner, store
from ui.shared.table import show_table

TECHNICAL = {"threads", "device", "precision", "data"}


def choose_runs() -> tuple[str, list[FinishedRun]]:
    """Let the learner choose a comparison and pull earlier runs in; return its id and the runs."""
    groups = comparisons()
    if not groups:
        return "", []
    keys, current = list(groups), app_state().comparison
    left, right = st.columns(2)
    chosen = left.selectbox(
        "Comparison",
        keys,
        index=keys.index(current) if current in groups else 0,
        format_func=comparison_titles(groups).__getitem__,
    )
    others = earlier_runs(groups[chosen])
    pulled: list[str] = []
    if others:
        pulled = right.multiselect(
            "Earlier runs on the same photos",
            list(others),
            format_func=told_apart({k: _earlier_title(j) for k, j in others.items()}).__getitem__,
            key=f"pulled_{chosen}",
            placeholder="Add some of them",
        )
    return chosen, finished_runs([*groups[chosen], *(others[key] for key in pulled)])


def _earlier_title(job: Job) -> str:
    [run] = finished_runs([job])
    config = run.record.config
    return f"{run.view.strategy}, seed {config.seed} · {run.view.network} · {when_text(job)}"


def show_verdict(chosen: str, runs: Sequence[FinishedRun], comparison: Comparison) -> None:
    """Say in words what the numbers support, and no more; the learner's guess beside it."""
    names, verdicts = names_of(runs), judge_runs(comparison)
    order = sorted(range(len(runs)), key=lambda i: -runs[i].result.accuracy)
    headline = _between(verdicts, order[0], order[1]) if len(runs) > 1 else None
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(border=True):
        if len(runs) == 1:
            st.markdown("One run has finished. A second one on these photos makes a comparison.")
        if headline:
            st.markdown(f"### {headline.sentence(names)}")
            st.markdown(_evidence(headline, names))
        for verdict in verdicts:
            if verdict is not headline:
                st.markdown(f"**{verdict.sentence(names)}** {_evidence(verdict, names)}")
        _about_methods([run.record for run in runs])
    with left:
        _show_guess(chosen, runs)
    with right:
        draw(interval_bars([run.result for run in runs]), key="intervals")


def _between(verdicts: Sequence[Verdict], one: int, other: int) -> Verdict | None:
    return next((v for v in verdicts if {v.first, v.second} == {one, other}), None)


def _evidence(verdict: Verdict, names: Sequence[str]) -> str:
    """Name the two of which the evidence speaks as the first and the second."""
    text = verdict.evidence.replace("the first", names[verdict.first], 1)
    return text.replace("the second", names[verdict.second], 1)


def _about_methods(records: Sequence[RunRecord]) -> None:
    """Speak of methods where there are seeds enough, else say what it would take."""
    groups = methods(records)
    verdicts = judge_methods(groups)
    configs = [next(iter(group.records.values())).config for group in groups]
    titles = [STRATEGIES.get(config.strategy).title for config in configs]
    if len({config.backbone for config in configs}) > 1:
        titles = [f"{t} · {c.spec.title}" for t, c in zip(titles, configs, strict=True)]
    names = unique(titles, RUN_NAME)
    for verdict in verdicts:
        st.markdown(
            f"**As methods: {verdict.sentence(names)}** {_evidence(verdict, names)}",
            help="Corrected resampled t-test of Nadeau and Bengio (2003) over the seeds.",
        )
    if not verdicts and len(groups) > 1:
        st.caption(
            "This speaks of these trained networks. To say something about the methods, train "
            f"each with {MIN_SEEDS} seeds and pull those runs in.",
            help="The exact McNemar test counts only the photos that one run got right and the "
            "other wrong. The kept epoch was chosen on the validation photos, so their accuracy "
            "flatters a little.",
        )


def _show_guess(chosen: str, runs: Sequence[FinishedRun]) -> None:
    """Show what the learner guessed before the training, if anything, and what became of it."""
    # From the store, since the guess may have been made in another tab.
    guess = AppState.from_dict(store().workspace(owner())).guesses.get(chosen)
    if not guess:
        return
    position = {job.id: i for i, job in enumerate(comparisons()[chosen])}
    own = {position[r.view.job.id]: r for r in runs if r.view.job.id in position}
    names = dict(zip(own, names_of(list(own.values())), strict=True))
    words = guess_words(guess, {i: run.record for i, run in own.items()}, names)
    if words:
        with st.container(border=True):
            st.markdown(f"**Your prediction.** {words[0]}  \n{words[1]}")


def show_numbers(runs: Sequence[FinishedRun]) -> None:
    """Show the headline numbers of each run."""
    records = [run.record for run in runs]
    on = "test" if runs[0].record.test else "validation"
    show_table(
        {
            "Run": names_of(runs),
            f"Right on {on} photos": [f"{run.result.accuracy:.1%}" for run in runs],
            "95 % interval": [f"{run.result.low:.1%} to {run.result.high:.1%}" for run in runs],
            "Photos": [len(run.headline) for run in runs],
            "Best epoch": [f"{r.best_epoch} of {len(r.history)}" for r in records],
            "Parameters that learned": [f"{r.trainable_parameters:,}" for r in records],
            "Time": [duration_text(r.seconds) for r in records],
        }
    )


def show_learning(runs: Sequence[FinishedRun]) -> None:
    """Draw the curves of all runs and say of each what they show and what was computed once."""
    show_curves([run.view for run in runs], key="compare")
    for name, run in zip(names_of(runs), runs, strict=True):
        record = run.record
        for remark in remarks(record.history, len(record.classes), ended=True):
            st.markdown(f":material/lightbulb: **{name}.** {remark.text}")
        if record.caches:
            st.markdown(f":material/bolt: **{name}.** {computed_once(record)}")


def computed_once(record: RunRecord) -> str:
    """Return a sentence on a run's kept features: the stages, the bytes and the time saved."""
    titles = {stage.name: stage.title for stage in record.config.spec.stages}
    parts = []
    for stages, group in groupby(record.caches, key=lambda cache: tuple(cache.stages)):
        caches = list(group)
        first, last = titles.get(stages[0], stages[0]), titles.get(stages[-1], stages[-1])
        views = max(cache.views for cache in caches)
        parts.append(
            f"{first} to {last}" * (len(stages) > 1)
            + first * (len(stages) == 1)
            + f" ran once for each of {views} view{'s' * (views > 1)} of a photo "
            f"({bytes_text(max(cache.bytes for cache in caches))} kept)"
        )
    saved = sum(cache.seconds_saved for cache in record.caches)
    gain = f", which saved about {duration_text(saved)}" if saved >= 1 else ""
    return f"{'; '.join(parts)}{gain}."


def show_cost(runs: Sequence[FinishedRun]) -> None:
    """Draw the accuracy of each run against the time that it took."""
    draw_to_explore(cost_vs_accuracy([run.result for run in runs]), key="cost")


def show_settings(runs: Sequence[FinishedRun], comparison: Comparison) -> None:
    """List the settings in which the runs differ."""
    rows = {k: v for k, v in comparison.differences.items() if k not in TECHNICAL}
    values = {name: [str(row[i]) for row in rows.values()] for i, name in enumerate(names_of(runs))}
    with st.expander(f"Settings that differ ({len(rows)})"):
        show_table({"Setting": list(rows), **values})
