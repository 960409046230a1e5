"""A table of plain text: a fraction of the memory that ``st.dataframe`` costs with its pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from ui.shared.text import literal

SHOWN = 200
"""Rows that are shown at most; a note says how many there are besides."""

FITTING = """<style>
[data-testid="stMarkdownContainer"] td { overflow-wrap: anywhere; }
@media (max-width: 640px) {
[data-testid="stMarkdownContainer"] table { font-size: 0.7rem; }
[data-testid="stMarkdownContainer"] :is(th, td) { padding: 0.25rem 0.15rem; }
[data-testid="stMarkdownContainer"] td:first-child { min-width: 4rem; }
}</style>"""
"""A table keeps to the width of its place, on a phone too: of its words only long ones break."""


def show_table(columns: Mapping[str, Sequence[object]]) -> None:
    """Show columns of equal length under their names; numbers stand at the right.

    Parameters
    ----------
    columns
        Cells under the name of each column. Names and cells are text, never markup.
    """
    cells = list(columns.values())
    rows = list(zip(*cells, strict=True))
    lines = [
        _line(columns),
        _line(["---:" if _numbers(column) else "---" for column in cells], markup=True),
        *(_line(row) for row in rows[:SHOWN]),
    ]
    st.html(FITTING)
    st.markdown("\n".join(lines))
    if len(rows) > SHOWN:
        st.caption(f"And {len(rows) - SHOWN:,} more.")


def _line(cells: Mapping[str, object] | Sequence[object], markup: bool = False) -> str:
    texts = [str(cell) if markup else literal(str(cell)) for cell in cells]
    return f"| {' | '.join(texts)} |"


def _numbers(column: Sequence[object]) -> bool:
    return bool(column) and all(isinstance(cell, int | float) for cell in column)
