"""Pictures on the screen, sent to the browser as they are: this process opens none.

``st.image`` would decode each one, and again in every run of the script. What is drawn here was
made by the checking process, by a worker or by the project itself, never by a visitor's browser.
"""

from __future__ import annotations

from pathlib import Path

from streamlit.delta_generator import DeltaGenerator
from streamlit.delta_generator_singletons import get_dg_singleton_instance
from streamlit.elements.lib.layout_utils import Width, create_layout_config
from streamlit.proto.Image_pb2 import ImageList
from streamlit.runtime import get_instance

from ui.shared.text import literal, visible


def show_picture(
    picture: Path | bytes,
    alt: str,
    caption: str = "",
    *,
    width: Width = "stretch",
    kind: str = "image/jpeg",
    place: DeltaGenerator | None = None,
) -> None:
    """Show a picture that was made on this server.

    Parameters
    ----------
    picture
        Its file or its bytes.
    alt, caption
        Plain text instead of it and below it.
    width
        As of ``st.image``.
    kind
        Media type of the picture.
    place
        Where to draw it; here unless given.
    """
    place = place or get_dg_singleton_instance().main_dg
    given = str(picture) if isinstance(picture, Path) else picture
    address = get_instance().media_file_mgr.add(given, kind, place._get_delta_path_str())
    images = ImageList()
    images.imgs.add(url=address, caption=literal(caption), alt=visible(alt))
    layout = create_layout_config(width=width, allow_content_width=True)
    place._enqueue("imgs", images, layout_config=layout)
