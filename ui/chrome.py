"""Pieces that several screens share: titles, empty states, charts, thumbnails."""

from __future__ import annotations

import io
import re
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from tl_core.data import DatasetSpec, HealthReport, decode, open_dataset
from tl_core.data.catalog import PUBLIC, find
from tl_core.errors import TLError
from ui.charts import Chart
from ui.state import app_state, owner, uploads

_ROUTED, _WANTED = "routed", "wanted_screen"

THUMBNAIL = 180
"""Side of a thumbnail in pixels, more than screens show it with."""

THUMBNAIL_SECONDS = 7200
"""For which one is kept. A number: for a text such as "2h" Streamlit loads pandas, 40 MB."""

TILE = 144
"""Width in pixels at which photos stand side by side: six in a row, two on a phone."""


def title(text: str, lead: str) -> None:
    """Head a screen with its name and one sentence."""
    if _ROUTED not in st.session_state:
        st.session_state[_WANTED] = text
        st.switch_page("app.py")
    st.title(text, anchor=False)
    st.markdown(lead)


def resume(pages: list[StreamlitPage]) -> None:
    """Note that the router has run, and go on to the screen that was asked for before it had.

    A fresh server runs the files in ``pages/`` on their own, without the router, until the router
    has called ``st.navigation`` once; so a reload after a restart may begin with such a file.
    """
    st.session_state[_ROUTED] = True
    wanted = st.session_state.pop(_WANTED, None)
    for page in pages:
        if page.title == wanted:
            st.switch_page(page)


def empty(text: str, page: str, label: str) -> None:
    """Say what is missing and lead to the screen where it is made."""
    with st.container(border=True):
        st.markdown(text)
        st.page_link(page, label=label, icon=":material/arrow_forward:")


def problem(error: TLError) -> None:
    """Show what went wrong in a learner's words; the message says how to go on."""
    st.warning(literal(str(error)), icon=":material/info:")


def literal(text: str) -> str:
    """Return text that Markdown shows as it is: names that users chose are never markup."""
    special = "\\`*_{}[]()<>#+-.!|~$:&@"
    text = visible(text)
    # An address becomes a link although its signs are escaped; an invisible joiner prevents that.
    text = re.sub(r":(?=//)|www(?=\.)|@", "\\g<0>\u2060", text, flags=re.IGNORECASE)
    return "".join(f"\\{c}" if c in special else c for c in text)


def visible(text: str) -> str:
    """Return text in one line, without signs that turn the direction of what follows around."""
    joiners = "\u200c\u200d"  # of letters in some scripts, and of emoji
    return "".join(
        c if c.isprintable() or c in joiners else " " if c.isspace() else "" for c in text
    )


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


def chosen_dataset() -> tuple[DatasetSpec, HealthReport] | None:
    """Return the learner's photos, or None if there are none (any more)."""
    data = app_state().data
    if data is None or find(data) is None or not uploads().may_use(owner(), data):
        return None
    return open_dataset(data)


def tell_removed() -> None:
    """Say so if the photos that the learner had chosen are gone, and how to go on."""
    state = app_state()
    if state.data is None or state.data in PUBLIC:
        return
    if find(state.data) is not None and uploads().may_use(owner(), state.data):
        return
    st.info(
        f"The photos {literal(state.data_name or 'that you had chosen')} are no longer on this "
        f"server: photos are removed {uploads().limits.hours} hours after they were sent, and "
        "those of a class when it ends. To go on, choose or bring photos on the Data screen. "
        "What your runs found out stays, and trained networks can still be asked.",
        icon=":material/auto_delete:",
    )


def readable_dataset() -> tuple[DatasetSpec, HealthReport] | None:
    """Return the learner's photos, or None if there are none to use; the Data screen says why."""
    try:
        return chosen_dataset()
    except TLError:
        return None


@st.cache_data(max_entries=3000, ttl=THUMBNAIL_SECONDS, show_spinner=False)
def thumbnail(path: str, modified: int) -> bytes:
    """Return a small square JPEG of a photo; ``modified`` makes a changed file a new one."""
    image = decode(Path(path))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.resize((THUMBNAIL, THUMBNAIL), box=(left, top, left + side, top + side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def show_photos(files: list[Path], captions: list[str]) -> None:
    """Show photos as thumbnails of one width, as many side by side as fit; plain text below."""
    with st.container(horizontal=True):
        for file, caption in zip(files, captions, strict=True):
            _photo(file, caption)


def _photo(file: Path, caption: str) -> None:
    if not file.exists():
        st.caption("This photo was removed.", width=TILE)
        return
    picture = thumbnail(str(file), file.stat().st_mtime_ns)
    alt = visible(caption) or "A photo"
    st.image(picture, caption=literal(caption) or None, alt=alt, width=TILE)
