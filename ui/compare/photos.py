"""Parts of the Compare screen that speak of single photos: matrices, their cells, what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from tl_core.analysis.difference import BROKEN, FIXED, Difference, difference
from tl_core.runs.compare import PairedTest
from tl_core.statistics import confusions
from ui.shared.charts import (
    MOST_CLASSES,
    Chart,
    confused_pairs,
    confusion_cell,
    confusion_matrix,
    difference_matrix,
    most_confused,
    pair_name,
)
from ui.shared.photos import show_photos
from ui.shared.results import FinishedRun, PhotoFiles, names_of, photo_files
from ui.shared.table import show_table

EXAMPLES = 12
"""Photos shown at once."""
CHANGED = "What changed"

Counts = Mapping[tuple[int, int], int]
"""Photos by true class and answer; what is missing is none."""


@dataclass(frozen=True)
class Answers:
    """The answers of one run, or of a pair, for the same photos.

    Attributes
    ----------
    runs, names
        The run, or the two between which something changed, and how they are called.
    """

    runs: tuple[FinishedRun, ...]
    names: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.runs[0].record.classes

    @property
    def key(self) -> str:
        """What tells these answers from others, for keys of widgets."""
        return "_".join(run.view.job.id for run in self.runs)

    @cached_property
    def difference(self) -> Difference:
        """The answers of the first and of the last run, side by side."""
        first, last = self.runs[0].headline, self.runs[-1].headline
        return difference(first, last, len(self.classes))

    @cached_property
    def files(self) -> PhotoFiles:
        """Where each photo lies; empty if the photos are gone."""
        return photo_files(self.runs[0].record.config)

    def counts(self, name: str) -> Counts:
        """Return the matrix called ``name``: of a run, or of what changed."""
        if name == CHANGED:
            return self.difference.cells()
        given = self.runs[self.names.index(name)].headline
        return confusions([p.label for p in given], [p.predicted for p in given])

    def show(self, positions: Sequence[int]) -> None:
        """Show photos with what each run took them for, the first ones of many."""
        first = [i for i in positions if self.runs[0].headline[i].path in self.files][:EXAMPLES]
        files = [self.files[self.runs[0].headline[i].path] for i in first]
        show_photos(files, [self._caption(i) for i in first])
        if len(positions) > len(first) and first:
            st.caption(f"{len(first)} of {len(positions)} photos")

    def _caption(self, position: int) -> str:
        given = [run.headline[position] for run in self.runs]
        words = [f"{self.classes[p.predicted][:14]} {p.probability:.0%}" for p in given]
        return f"{self.classes[given[0].label][:14]}: {' → '.join(words)}"


def choose_answers(runs: Sequence[FinishedRun], tests: Sequence[PairedTest]) -> Answers:
    """Let the learner choose the pair, or the run where there is no pair."""
    names = names_of(runs)
    pairs: list[tuple[int, ...]] = [(test.first, test.second) for test in tests]
    options = pairs or [(i,) for i in range(len(runs))]
    chosen = options[0]
    if len(options) > 1:
        chosen = st.selectbox(
            "Which runs", options, format_func=lambda pair: " → ".join(names[i] for i in pair)
        )
    return Answers(tuple(runs[i] for i in chosen), tuple(names[i] for i in chosen))


def show_matrix(answers: Answers) -> None:
    """Show a matrix, and beside it the photos of the cell that is selected in it."""
    if not answers.files:
        st.caption("The photos are no longer on this server; what was measured stays.")
    left, right = st.columns([6, 5], gap="large")
    with left:
        options = [CHANGED, *answers.names] if len(answers.runs) > 1 else list(answers.names)
        name = st.segmented_control(
            "Matrix", options, default=options[0], key=f"matrix_{answers.key}", required=True
        )
        name = name or options[0]
        counts = answers.counts(name)
        if len(answers.classes) > MOST_CLASSES:
            _pairs(answers, name, counts)
        else:
            _matrix(answers, name, counts)
    with right:
        _cell(answers, name, counts)


def _matrix(answers: Answers, name: str, counts: Counts) -> None:
    make = difference_matrix if name == CHANGED else confusion_matrix
    chart = make(answers.classes, counts, dark=st.context.theme.type == "dark")
    _clickable(chart, answers, name, lambda i: confusion_cell(i, len(answers.classes)))
    order = "Rows are the true class, columns the answer"
    click = "Click a cell to see its photos."
    if name == CHANGED:
        st.caption(f"{_change(answers)} {order}; each row adds up to zero. {click}")
    else:
        st.caption(f"{order}. {click}")


def _pairs(answers: Answers, name: str, counts: Counts) -> None:
    """Show the pairs of classes that were confused most; so many classes fit into no matrix."""
    pairs = most_confused(counts)
    chart = confused_pairs(
        answers.classes, counts, change=name == CHANGED, dark=st.context.theme.type == "dark"
    )
    _clickable(chart, answers, name, pairs.__getitem__)
    every = sum(true != said for true, said in counts)
    change = f"{_change(answers)} " if name == CHANGED else ""
    st.caption(
        f"{change}True class → answer, the most confused first: {len(pairs)} of {every:,} pairs. "
        f"Click a bar to see its photos; any other pair of the {len(answers.classes)} classes can "
        "be chosen beside."
    )


def _change(answers: Answers) -> str:
    return f"{answers.names[-1]} less {answers.names[0]}. Blue: better, orange: worse."


def _clickable(
    chart: Chart, answers: Answers, name: str, cell: Callable[[int], tuple[int, int]]
) -> None:
    """Draw a chart in which a click selects the cell that an index stands for."""
    key = f"cells_{name}_{answers.key}"

    def clicked() -> None:
        for group in st.session_state[key].selection.selected:
            _select(answers, cell(group["data_indices"][0]))

    st.echarts_chart(chart.spec, alt=chart.alt, height=chart.height, key=key, on_select=clicked)


def _select(answers: Answers, cell: tuple[int, int]) -> None:
    st.session_state[f"true_{answers.key}"], st.session_state[f"said_{answers.key}"] = cell


def _cell(answers: Answers, name: str, counts: Counts) -> None:
    """Show a picker of cells, for the keyboard, and the photos of the one that is selected."""
    true, said = _picked(answers, counts)
    if name != CHANGED:
        given = answers.runs[answers.names.index(name)].headline
        found = [i for i, p in enumerate(given) if (p.label, p.predicted) == (true, said)]
        st.markdown(f"**{_photos(len(found))}**")
        answers.show(found)
        return
    came, left = answers.difference.cell(true, said)
    if not came and not left:
        st.markdown("No photo came into this cell or left it.")
    for text, found in (("came in with", came), ("left with", left)):
        if found:
            st.markdown(f"**{_photos(len(found))} {text} {answers.names[-1]}**")
            answers.show(found)


def _picked(answers: Answers, counts: Counts) -> tuple[int, int]:
    """Return the cell that is selected: at first the fullest off the diagonal."""
    pairs = most_confused(counts)
    start = pairs[0] if pairs else (0, 0)
    for part, first in zip(("true", "said"), start, strict=True):
        st.session_state.setdefault(f"{part}_{answers.key}", first)
    if len(answers.classes) > MOST_CLASSES and pairs:
        _pick_pair(answers, pairs)
    picked = []
    for column, label, part in zip(
        st.columns(2), ("True class", "Taken for"), ("true", "said"), strict=True
    ):
        picked.append(
            column.selectbox(
                label,
                range(len(answers.classes)),
                format_func=answers.classes.__getitem__,
                key=f"{part}_{answers.key}",
            )
        )
    return picked[0], picked[1]


def _pick_pair(answers: Answers, pairs: Sequence[tuple[int, int]]) -> None:
    """Let the keyboard choose what a click into the bars does."""
    key = f"pair_{answers.key}"

    def chosen() -> None:
        if (pair := st.session_state[key]) is not None:
            _select(answers, pair)

    st.selectbox(
        "One of the most confused pairs",
        pairs,
        index=None,
        placeholder="Choose a pair",
        format_func=lambda pair: pair_name(answers.classes, pair),
        key=key,
        on_change=chosen,
    )


def _photos(count: int) -> str:
    return f"{count or 'No'} photo{'s' * (count != 1)}"


def show_changes(answers: Answers) -> None:
    """Show the photos that the second run fixed and those that it broke."""
    for outcome, tab in zip((FIXED, BROKEN), st.tabs(_tab_titles(answers)), strict=True):
        with tab:
            found = answers.difference.photos(outcome)
            if found:
                answers.show(found)
            else:
                st.markdown(f"{answers.names[-1]} has {outcome} no photo.")


def _tab_titles(answers: Answers) -> list[str]:
    counts = {o: len(answers.difference.photos(o)) for o in (FIXED, BROKEN)}
    return [f"{outcome.capitalize()} ({count})" for outcome, count in counts.items()]


def show_classes(answers: Answers) -> None:
    """Show for each class the share that each run recognised, and what changed."""
    rows = answers.difference.per_class()
    totals = [max(1, sum(row.values())) for row in rows]
    columns: dict[str, list[object]] = {
        "Class": list(answers.classes),
        "Photos": [sum(row.values()) for row in rows],
    }
    for name in answers.names:
        counts = answers.counts(name)
        columns[f"Recall, {name}"] = [
            f"{counts.get((i, i), 0) / total:.0%}" for i, total in enumerate(totals)
        ]
    if len(answers.runs) > 1:
        columns |= {"Fixed": [r[FIXED] for r in rows], "Broken": [r[BROKEN] for r in rows]}
    show_table(columns)
