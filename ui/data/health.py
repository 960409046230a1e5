"""The health report on the screen: how many photos, how balanced, what is odd."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from tl_core.data import HealthReport
from tl_core.modalities import MODALITIES
from ui.data.reading import how_read
from ui.data.remedies import remedies
from ui.shared.charts.balance import class_balance
from ui.shared.page import draw
from ui.shared.table import show_table
from ui.shared.text import literal


def _account(report: HealthReport) -> str:
    """Say what became of every file."""
    kind = MODALITIES.get(report.modality)
    items = sum(sum(split.values()) for split in report.splits.values())
    brought = "1 file was" if report.brought == 1 else f"{report.brought:,} files were"
    pages = f", {report.further_pages:,} of them further pages" if report.further_pages else ""
    left_out = f"{len(report.left_out):,} left out already" if report.left_out else "none left out"
    rules = ", ".join(f"{literal(rule)} ({n:,})" for rule, n in report.passed_over.items())
    over = f"{sum(report.passed_over.values()):,} passed over: {rules}" if rules else ""
    return (
        f"{brought} brought: {kind.count(items)}{pages}; {left_out}; {over or 'none passed over'}."
    )


def _tell(texts: Sequence[str], show: Callable[..., object], icon: str) -> None:
    """Show sentences of one kind in one box, as a list if there are several."""
    if texts:
        show("\n".join(f"{'- ' * (len(texts) > 1)}{literal(text)}" for text in texts), icon=icon)


def health(report: HealthReport) -> None:
    """Show the health report."""
    how_read(report)
    counts = report.splits
    copied = {
        path
        for copies in (report.duplicates, report.near_copies)
        for groups in (copies.within_split, copies.across_splits, copies.across_classes)
        for group in groups
        for path in group
    }
    numbers = {
        "Photos": sum(sum(split.values()) for split in counts.values()),
        "Classes": len(report.classes),
        "Left out": len(report.left_out),
        "Copies of one another": len(copied),
    }
    with st.container(horizontal=True):
        for name, number in numbers.items():
            st.metric(name, number, width=150)
    draw(class_balance(report.classes, counts), key="class_balance")
    with st.expander("Photos a class, as a table"):
        show_table(
            {
                "Class": report.classes,
                **{
                    "Photos" if name == "all" else name: [split[c] for c in report.classes]
                    for name, split in counts.items()
                },
            }
        )
    # What is undecided is asked at the top, with the buttons that decide it.
    _tell(report.problems[bool(report.layout.undecided) :], st.warning, ":material/block:")
    _tell(report.warnings, st.info, ":material/lightbulb:")
    if report.shrunk:
        kind = MODALITIES.get(report.modality)
        st.caption(
            f"{kind.count(report.shrunk)} were larger than any network here looks at and are kept "
            f"with {kind.kept_as}."
        )
    if report.left_out:
        with st.expander(f"Files that were left out, and why ({len(report.left_out):,})"):
            left_out = report.left_out
            show_table({"File": list(left_out), "Why": list(left_out.values())})
    st.caption(_account(report))
    remedies(report)
