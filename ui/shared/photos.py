"""Photos on the screen: thumbnails side by side, and sheets of four."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from tl_core.server.shown import previews
from ui.shared.pictures import show_picture

TILE = 144
"""Width in CSS px at which photos stand side by side: six in a row, two on a phone."""


def show_photos(files: Sequence[Path], captions: Sequence[str]) -> None:
    """Show photos as thumbnails of one width, as many side by side as fit; plain text below."""
    with st.container(horizontal=True):
        made = previews([[file] for file in files])
        for file, preview, caption in zip(files, made, captions, strict=True):
            _show(file, preview, caption, alt=caption or "A photo")


def show_photo(file: Path, caption: str, alt: str) -> None:
    """Show a photo as a thumbnail, with plain text below it, which may be empty."""
    _show(file, previews([[file]])[0], caption, alt)


def show_sheet(sheet: Path | None, alt: str) -> None:
    """Show a sheet of several photos, which a narrow card could not show side by side."""
    if sheet is None:
        st.caption("These photos cannot be shown now.")
    else:
        show_picture(sheet, alt)


def _show(file: Path, preview: Path | None, caption: str, alt: str) -> None:
    if preview is not None:
        show_picture(preview, alt, caption, width=TILE)
    elif file.exists():
        st.caption("This photo cannot be shown now.", width=TILE)
    else:
        st.caption("This photo was removed.", width=TILE)
