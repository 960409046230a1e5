"""The learner's own photos: bring them, see how long they stay, remove them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from tl_core.data.limits import megabytes
from tl_core.errors import TLError
from tl_core.server.uploads import Upload
from tl_core.words import remaining_text
from ui.data.sets import choose, use_button
from ui.shared.file_upload import Arriving, progress_bar, refusal
from ui.shared.page import problem
from ui.shared.room import room_needed
from ui.shared.state import app_state, forget_me, owner, save, uploads
from ui.shared.text import literal


def upload(camera: Callable[[], None]) -> None:
    """Take a zip or a folder in, once, and give its memory back.

    Parameters
    ----------
    camera
        Draws the way to take photos here, in a tab of its own.
    """
    limits = uploads().limits
    st.markdown("**Your own photos**")
    if room_needed():
        return
    st.caption(
        f"They go to this server, are checked and made smaller there, and are removed after "
        f"{limits.hours} hours, or as soon as you say so. Of each file only the picture is kept: "
        f"what it tells of place, time or camera beside that is left out; names of files and "
        f"folders stay, and so do tables (CSV), which may hold labels. No other learner sees them. "
        f"At most {megabytes(limits.sent_bytes)} and {limits.items:,} photos of {limits.classes:,} "
        f"classes at once; you may keep {megabytes(limits.learner_bytes)} of photos and runs here."
    )
    turn = st.session_state.setdefault("upload_turn", 0)
    as_zip, as_folder, by_camera = st.tabs(["A zip or tar file", "A folder", "The camera"])
    with by_camera:
        camera()
    # No browser leaves a file out: what is none of use, the report names.
    archive = as_zip.file_uploader("Zip or tar of photos, as it is", key=f"zip_{turn}")
    files = as_folder.file_uploader(
        "Folder of photos, as it is",
        accept_multiple_files="directory",
        key=f"folder_{turn}",
    )
    if archive is None and not files:
        if (reason := refusal()) is not None and "upload_problem" not in st.session_state:
            problem(reason)
        return
    report = progress_bar()
    sources = [(file.name, Arriving(file)) for file in files or []]
    try:
        if archive is not None:
            taken = uploads().take_zip(owner(), Arriving(archive), archive.name, report)
        else:
            taken = uploads().take_folder(owner(), sources, report)
    except TLError as error:
        st.session_state["upload_problem"] = error
        for _, source in sources:
            source.close()
    else:
        choose(str(taken.path), taken.name)
    st.session_state["upload_turn"] = turn + 1
    st.rerun()


def your_photos() -> None:
    """List what the learner has brought, until when it stays, and let them remove it."""
    mine = uploads().of(owner())
    if mine:
        st.markdown(f"**Your photos** · {megabytes(uploads().total(owner()))}")
    for one in mine:
        text, use, remove = st.columns([4, 2, 1], vertical_alignment="center")
        left = uploads().left(one)
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
            st.cache_data.clear()  # what was read of them; others' is read again
            st.session_state["deleted"] = True
            st.rerun()
