"""Compare: finished runs side by side, with honest uncertainty."""

import streamlit as st

from tl_core.errors import TLError
from tl_core.runs.compare import Comparison, PairedTest, compare
from tl_core.training.metrics import confusion_matrix as count_confusions
from ui.charts import confusion_matrix, interval_bars
from ui.chrome import draw, empty, literal, problem, show_photos, title
from ui.live_run import show_curves
from ui.results import FinishedRun, comparison_title, comparisons, finished_runs, photo_files
from ui.runs import seconds_text
from ui.state import app_state

EXAMPLES = 12
TECHNICAL = {"threads", "device", "precision", "data"}


def pick() -> list[FinishedRun]:
    """Let the learner choose one of the comparisons."""
    groups = comparisons()
    if not groups:
        return []
    current = app_state().comparison
    keys = list(groups)
    chosen = st.selectbox(
        "Comparison",
        keys,
        index=keys.index(current) if current in groups else 0,
        format_func=lambda key: comparison_title(groups[key]),
    )
    return finished_runs(groups[chosen])


def verdict(runs: list[FinishedRun], comparison: Comparison) -> None:
    """Say in words what the numbers support, and no more."""
    for test in comparison.tests:
        st.markdown(f"- {sentence(runs, test)}")
    st.caption(
        "Exact McNemar test on the same photos: it counts only those that one run got right and "
        "the other wrong. It speaks of these trained networks; for a method, repeat with other "
        "seeds. The kept epoch was chosen on the validation photos, so their accuracy flatters a "
        "little."
    )


def sentence(runs: list[FinishedRun], test: PairedTest) -> str:
    """Put one paired test into a sentence."""
    first, second = runs[test.first].view.title, runs[test.second].view.title
    alone = (
        f"{first} alone got {test.only_first} right, {second} alone {test.only_second} "
        f"(p = {test.p_value:.3f})"
    )
    if test.better is None:
        return f"**{first} or {second}: too close to call.** {alone}."
    winner, loser = (first, second) if test.better == test.first else (second, first)
    return f"**{winner} beats {loser}.** {alone}."


def table(runs: list[FinishedRun]) -> None:
    """Show the headline numbers of each run."""
    records = [run.record for run in runs]
    on = "test" if runs[0].record.test else "validation"
    st.dataframe(
        {
            "Run": [run.view.title for run in runs],
            f"Right on {on} photos": [f"{run.result.accuracy:.1%}" for run in runs],
            "95 % interval": [f"{run.result.low:.1%} to {run.result.high:.1%}" for run in runs],
            "Photos": [len(run.headline) for run in runs],
            "Best epoch": [f"{r.best_epoch} of {len(r.history)}" for r in records],
            "Parameters that learned": [f"{r.trainable_parameters:,}" for r in records],
            "Time": [seconds_text(r.seconds) for r in records],
        },
        hide_index=True,
    )


def differences(runs: list[FinishedRun], comparison: Comparison) -> None:
    """List the settings in which the runs differ."""
    rows = {k: v for k, v in comparison.differences.items() if k not in TECHNICAL}
    with st.expander(f"Settings that differ ({len(rows)})"):
        st.dataframe(
            {
                "Setting": list(rows),
                **{
                    f"{i + 1} · {run.view.title}": [str(values[i]) for values in rows.values()]
                    for i, run in enumerate(runs)
                },
            },
            hide_index=True,
        )


def mistakes(run: FinishedRun, position: int) -> None:
    """Show the confusion matrix of one run and photos that it got wrong."""
    classes = run.record.classes
    predictions = run.headline
    counts = count_confusions(
        [p.label for p in predictions], [p.predicted for p in predictions], len(classes)
    )
    dark = st.context.theme.type == "dark"
    draw(confusion_matrix(classes, counts, dark=dark), key=f"confusion_{position}")
    wrong = sorted(
        (p for p in predictions if not p.right), key=lambda p: -p.probabilities[p.predicted]
    )
    if not wrong:
        st.markdown("No mistake on these photos.")
        return
    st.markdown(f"**{len(wrong)} mistakes**, the surest first")
    files = photo_files(run.record.config.test or run.record.config.data)
    if not files:
        st.caption("The photos themselves are no longer on this server; what was measured stays.")
    shown = [p for p in wrong if p.path in files][:EXAMPLES]
    show_photos(
        [files[p.path] for p in shown],
        [
            f"{classes[p.label][:14]}, taken for {classes[p.predicted][:14]} "
            f"({p.probabilities[p.predicted]:.0%})"
            for p in shown
        ],
        columns=4,
    )


title(
    "Compare",
    "What each run reached on the same photos, how sure that is, and where they went wrong.",
)
try:
    runs = pick()
except TLError as error:
    problem(error)
    runs = []
if not runs:
    empty("No run has finished yet.", "pages/train.py", "Train two or more")
else:
    comparison = compare([run.record for run in runs])
    table(runs)
    if comparison.tests:
        st.subheader("What can be said", anchor=False)
        verdict(runs, comparison)
    draw(interval_bars([run.result for run in runs]), key="intervals")
    st.subheader("How they learned", anchor=False)
    show_curves([run.view for run in runs], key="compare")
    differences(runs, comparison)
    st.subheader("Where they went wrong", anchor=False)
    columns = st.columns(2)
    for position, run in enumerate(runs):
        with columns[position % 2].container(border=True):
            st.markdown(f"**{literal(run.view.title)}**")
            mistakes(run, position)
