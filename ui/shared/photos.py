"""Photos on the screen: thumbnails side by side, and sheets of four."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from tl_core.modalities import read_bytes
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo import PREVIEW as THUMBNAIL
from ui.shared.text import literal, visible

PHOTO_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif"]
"""Endings of the files that a browser offers for upload."""

THUMBNAIL_SECONDS = 7200
"""For which one is kept. A number: for a text such as "2h" Streamlit loads pandas, 40 MB."""

TILE = 144
"""Width in CSS px at which photos stand side by side: six in a row, two on a phone."""


def show_photos(files: Sequence[Path], captions: Sequence[str]) -> None:
    """Show photos as thumbnails of one width, as many side by side as fit; plain text below."""
    with st.container(horizontal=True):
        for file, caption in zip(files, captions, strict=True):
            if file.exists():
                show_photo(file, caption, alt=visible(caption) or "A photo")
            else:
                st.caption("This photo was removed.", width=TILE)


def show_photo(file: Path, caption: str, alt: str) -> None:
    """Show a photo as a thumbnail, with plain text below it, which may be empty."""
    st.image(_thumbnail(file), caption=literal(caption) or None, alt=alt, width=TILE)


def show_sheet(files: Sequence[Path], alt: str) -> None:
    """Show up to four photos as one picture, which a narrow card could not show side by side."""
    sheet = Image.new("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL), "white")
    for place, file in enumerate(files):
        corner = (place % 2 * THUMBNAIL, place // 2 * THUMBNAIL)
        sheet.paste(Image.open(io.BytesIO(_thumbnail(file))), corner)
    st.image(sheet, alt=alt, width="stretch")


def _thumbnail(file: Path) -> bytes:
    return _square_jpeg(str(file), file.stat().st_mtime_ns)


@st.cache_data(max_entries=3000, ttl=THUMBNAIL_SECONDS, show_spinner=False)
def _square_jpeg(path: str, modified: int) -> bytes:
    """Return a small square JPEG of a photo; ``modified`` makes a changed file a new one."""
    return PHOTO.preview(read_bytes(Path(path)))
