"""The learner's own photos: bring them, see how long they stay, remove them."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl_core.data.limits import megabytes
from tl_core.errors import TLError
from tl_core.server.uploads import Upload
from tl_core.steps import Progress
from tl_core.words import remaining_text
from ui.data.sets import choose, use_button
from ui.shared.photos import PHOTO_TYPES
from ui.shared.state import app_state, forget_me, owner, save, uploads
from ui.shared.text import literal


class Arriving:
    """A file that was sent; closed, it gives its memory back.

    Streamlit itself keeps a file until the session ends, also when its widget is gone.
    """

    def __init__(self, file: UploadedFile) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        return self._file.read(size)

    def close(self) -> None:
        """Let the server forget the file."""
        self._file.close()
        context = get_script_run_ctx()
        if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, self._file.file_id)


def upload(camera: Callable[[], None]) -> None:
    """Take a zip or a folder in, once, and give its memory back.

    Parameters
    ----------
    camera
        Draws the way to take photos here, in a tab of its own.
    """
    limits = uploads().limits
    st.markdown("**Your own photos**")
    st.caption(
        f"They go to this server, are checked and made smaller there, and are removed after "
        f"{limits.hours} hours, or as soon as you say so. What tells of place, time or camera "
        f"is left out. No other learner sees them. At most "
        f"{megabytes(limits.sent_bytes)} and {limits.items:,} photos at once; you may keep "
        f"{megabytes(limits.learner_bytes)} here."
    )
    turn = st.session_state.setdefault("upload_turn", 0)
    as_zip, as_folder, by_camera = st.tabs(["A zip file", "A folder", "The camera"])
    with by_camera:
        camera()
    archive = as_zip.file_uploader(
        "Zip with one folder for each class", type=["zip"], key=f"zip_{turn}"
    )
    files = as_folder.file_uploader(
        "Folder that holds one folder for each class",
        type=PHOTO_TYPES,
        accept_multiple_files="directory",
        key=f"folder_{turn}",
    )
    if archive is None and not files:
        return
    report = progress_bar()
    try:
        if archive is not None:
            taken = uploads().take_zip(owner(), Arriving(archive), archive.name, report)
        else:
            sources = [(file.name, Arriving(file)) for file in files]
            taken = uploads().take_folder(owner(), sources, report)
    except TLError as error:
        st.session_state["upload_problem"] = error
    else:
        choose(str(taken.path), taken.name)
    st.session_state["upload_turn"] = turn + 1
    st.rerun()


def progress_bar() -> Progress:
    """Return a function that shows how far the check of an upload has come."""
    bar = st.progress(0.0, text="Taking in")

    def report(done: int, total: int, what: str) -> None:
        bar.progress(
            done / total if total else 0.0, text=f"{done:,} of {total:,} {what}" if total else what
        )

    return report


def your_photos() -> None:
    """List what the learner has brought, until when it stays, and let them remove it."""
    mine = uploads().of(owner())
    if mine:
        kept = megabytes(uploads().total(owner()))
        st.markdown(f"**Your photos** · {kept} of {megabytes(uploads().limits.learner_bytes)}")
    for one in mine:
        text, use, remove = st.columns([4, 2, 1], vertical_alignment="center")
        left = max(0, uploads().expires(one) - time.time())
        text.markdown(literal(one.name))
        text.caption(
            f"{one.photos:,} photos · {megabytes(one.bytes)} · removed in {remaining_text(left)}"
        )
        with use:
            use_button(str(one.path), one.name)
        remove.button(
            "Remove",
            key=f"remove_{one.folder}",
            on_click=_remove,
            args=(one,),
            type="tertiary",
            help="Removes these photos from the server. Finished runs and their results stay.",
        )


def _remove(one: Upload) -> None:
    uploads().delete(owner(), one.folder)
    state = app_state()
    if state.data == str(one.path):
        state.data, state.data_name = None, ""
        save()


def delete_my_data() -> None:
    """Let the learner remove everything that is theirs."""
    if st.session_state.pop("deleted", False):
        st.success("Your photos, runs and settings were deleted from this server.")
    with st.popover("Delete my data", type="tertiary", icon=":material/delete_forever:"):
        st.markdown(
            "Your photos, your runs with their results and trained networks, the photos that you "
            "asked about, your settings and your place in a class are removed from this server "
            "now. Runs that are going on are stopped. This cannot be undone."
        )
        if st.button("Delete everything of mine", type="primary", width="stretch"):
            forget_me()
            st.cache_data.clear()  # thumbnails; others' are made again
            st.session_state["deleted"] = True
            st.rerun()
