"""Pieces of a page that several screens share: titles, empty states, numbers, charts."""

from __future__ import annotations

import streamlit as st

from tl_core.errors import TLError
from ui.shared.charts import Chart
from ui.shared.text import literal


def title(text: str, lead: str) -> None:
    """Head a screen with its name and one sentence."""
    st.title(text, anchor=False)
    st.markdown(lead)


def empty(text: str, page: str, label: str) -> None:
    """Show an empty state: the missing thing in words, and a link to the screen that makes it."""
    with st.container(border=True):
        st.markdown(text)
        st.page_link(page, label=label, icon=":material/arrow_forward:")


def problem(error: TLError) -> None:
    """Show what went wrong in a learner's words; the message says how to go on."""
    st.warning(literal(str(error)), icon=":material/info:")


def figure(label: str, value: str, note: str, help: str) -> None:
    """Show a number with a note below it, which is no change of anything."""
    st.metric(label, value, note, delta_color="off", delta_arrow="off", help=help)


def draw(chart: Chart, key: str) -> None:
    """Draw a chart that keeps its place in the page while its data change."""
    st.echarts_chart(chart.spec, alt=chart.alt, height=chart.height, key=key)


def draw_to_explore(chart: Chart, key: str) -> None:
    """Draw a Plotly figure, with its own buttons for zoom and picture."""
    st.plotly_chart(
        chart.spec,
        alt=chart.alt,
        height=chart.height,
        key=key,
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )
