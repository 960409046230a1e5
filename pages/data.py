"""Data: bring photos, see whether they are sound, and how they will be split."""

import streamlit as st

from tl_core.data import DatasetSpec, HealthReport
from tl_core.errors import TLError
from ui.data.augment_preview import augment_preview
from ui.data.camera import camera
from ui.data.health import health
from ui.data.kept import kept
from ui.data.public_sets import public
from ui.data.reading import as_found
from ui.data.sets import bundled
from ui.data.uploads import delete_my_data, upload, your_photos
from ui.shared.dataset import chosen_dataset, tell_removed
from ui.shared.kept import warn_of_expiry
from ui.shared.navigation import require_router
from ui.shared.page import problem, title
from ui.shared.photos import show_photos
from ui.shared.source import show_source
from ui.shared.state import app_state, save
from ui.shared.text import literal, visible

PER_PAGE = 12


def split_control(report: HealthReport) -> None:
    """Let the learner choose how much validates, and how few photos are learned from."""
    settings = app_state().settings
    before = dict(settings)
    st.markdown("**What is learned from, and what measures**")
    left, right = st.columns(2)
    if "val" in report.splits:
        left.markdown("The folders say which photos train and which validate; they are used as is.")
    else:
        share = left.slider(
            "Share of the photos that validates",
            10,
            60,
            round(100 * settings.get("val_fraction", 0.3)),
            step=5,
            format="%d %%",
            help="The network never learns from these photos; they tell how well it has learned. "
            "Copies of a photo stay on the same side, whatever their format or size.",
        )
        if share / 100 != settings.get("val_fraction", 0.3):
            settings["val_fraction"] = share / 100
    most = right.number_input(
        "Learn from at most so many photos a class",
        1,
        100_000,
        settings.get("per_class"),
        placeholder="all",
        key="per_class",
        help="With few photos transfer learning shows what it can do. As many validate as before.",
    )
    settings |= {"per_class": most}
    if most is None:
        del settings["per_class"]
    if settings != before:
        save()


def gallery(dataset: DatasetSpec) -> list[int]:
    """Show the photos of one class, a page at a time; return those that are shown."""
    st.markdown("**The photos**")
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    label = left.selectbox(
        "Class", range(len(dataset.classes)), format_func=lambda i: visible(dataset.classes[i])
    )
    indices = [i for i, photo in enumerate(dataset.items) if photo.label == label]
    pages = max(1, -(-len(indices) // PER_PAGE))
    number = right.number_input(f"Page of {pages}", 1, pages)
    shown = indices[(number - 1) * PER_PAGE : number * PER_PAGE]
    names = [dataset.items[i].path.rsplit("/", 1)[-1] for i in shown]
    show_photos([dataset.file(i) for i in shown], [name[:28] for name in names])
    return shown


require_router("Data")
title(
    "Data",
    "A set that is ready, or photos of your own, as they are: a report says which classes were "
    "found in them, and what is odd.",
)
warn_of_expiry()
bundled()
with st.container(border=True):
    upload(camera)
    your_photos()
    kept()
public()
if (refused := st.session_state.get("upload_problem")) is not None:
    problem(refused)
try:
    chosen = chosen_dataset()
except TLError as error:
    problem(error)
    as_found()
    chosen = None
tell_removed()
if chosen is None:
    st.markdown(
        "Nothing is chosen yet. Bring your photos as they are: folders, file names or a table "
        "beside them may tell the classes, and folders named train, val and test are kept apart. "
        "Surest is one folder for each class:\n\n"
        "```\nphotos.zip\n├── ants\n│   ├── 0013035.jpg\n│   └── …\n"
        "└── bees\n    ├── 1092977343.jpg\n    └── …\n```"
    )
else:
    st.subheader(literal(app_state().data_name), anchor=False)
    health(chosen[1])
    shown = gallery(chosen[0])
    if not chosen[1].problems:
        with st.container(border=True):
            split_control(chosen[1])
        with st.container(border=True):
            augment_preview(chosen[0], shown)
        st.page_link(
            "pages/backbone.py",
            label="Next: choose a network and its layers",
            icon=":material/arrow_forward:",
        )
    show_source(
        "tl_core.data.splits:make_split",
        "tl_core.modalities.photo.tensors:_operations",
        "tl_core.data.views:TrainingViews._draw",
    )
delete_my_data()
