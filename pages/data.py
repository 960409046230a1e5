"""Data: bring photos, see whether they are sound, and how they will be split."""

import streamlit as st

from tl_core.data import DatasetSpec, HealthReport
from tl_core.data.shrink import SHORTER_SIDE
from tl_core.errors import TLError
from ui.chrome import chosen_dataset, literal, problem, show_photos, tell_removed, title, visible
from ui.data_picker import bundled
from ui.own_photos import delete_my_data, upload, your_photos
from ui.public_sets import public
from ui.state import app_state, save

PER_PAGE = 12


def health(report: HealthReport) -> None:
    """Show the health report."""
    counts = report.splits
    copies = report.duplicates
    kinds = (copies.within_split, copies.across_splits, copies.across_classes)
    copied = {path for groups in kinds for group in groups for path in group}
    photos, classes, unreadable, twice = st.columns(4)
    photos.metric("Photos", sum(sum(split.values()) for split in counts.values()))
    classes.metric("Classes", len(report.classes))
    unreadable.metric("Left out", len(report.unreadable))
    twice.metric("Copies of one another", len(copied))
    st.dataframe(
        {
            "Class": list(report.classes),
            **{
                "Photos" if name == "all" else name: [split[c] for c in report.classes]
                for name, split in counts.items()
            },
        },
        hide_index=True,
    )
    for text in report.problems:
        st.warning(literal(text), icon=":material/block:")
    for text in report.warnings:
        st.info(literal(text), icon=":material/lightbulb:")
    if report.shrunk:
        st.caption(
            f"{report.shrunk:,} photos were larger than any network here looks at and are kept "
            f"with {SHORTER_SIDE} pixels on their shorter side."
        )
    if report.unreadable:
        with st.expander(f"Files that were left out ({len(report.unreadable)})"):
            st.dataframe(
                {"File": list(report.unreadable), "Why": list(report.unreadable.values())},
                hide_index=True,
            )


def split_control(report: HealthReport) -> None:
    """Let the learner choose how much validates, where the folders do not say."""
    if "val" in report.splits:
        st.markdown("The folders say which photos train and which validate; they are used as is.")
        return
    settings = app_state().settings
    share = st.slider(
        "Share of the photos that validates",
        10,
        60,
        round(100 * settings.get("val_fraction", 0.3)),
        step=5,
        format="%d %%",
        help="The network never learns from these photos; they tell how well it has learned. "
        "Copies of a photo always stay on the same side.",
    )
    if share / 100 != settings.get("val_fraction", 0.3):
        settings["val_fraction"] = share / 100
        save()


def gallery(dataset: DatasetSpec) -> None:
    """Show the photos of one class, a page at a time."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    label = left.selectbox(
        "Class", range(len(dataset.classes)), format_func=lambda i: visible(dataset.classes[i])
    )
    indices = [i for i, photo in enumerate(dataset.photos) if photo.label == label]
    pages = max(1, -(-len(indices) // PER_PAGE))
    number = right.number_input(f"Page of {pages}", 1, pages)
    shown = indices[(number - 1) * PER_PAGE : number * PER_PAGE]
    names = [dataset.photos[i].path.rsplit("/", 1)[-1] for i in shown]
    show_photos([dataset.file(i) for i in shown], [name[:28] for name in names])


title(
    "Data",
    "Photos in folders, one folder for each class: a set that is ready, or your own. Folders named "
    "train, val and test on top are respected.",
)
bundled()
with st.container(border=True):
    upload()
    your_photos()
public()
if (refused := st.session_state.get("upload_problem")) is not None:
    problem(refused)
try:
    chosen = chosen_dataset()
except TLError as error:
    problem(error)
    chosen = None
tell_removed()
if chosen is None:
    st.markdown(
        "Nothing is chosen yet. The zip may look like this:\n\n"
        "```\nphotos.zip\n├── ants\n│   ├── 0013035.jpg\n│   └── …\n"
        "└── bees\n    ├── 1092977343.jpg\n    └── …\n```"
    )
else:
    st.subheader(literal(app_state().data_name), anchor=False)
    health(chosen[1])
    if not chosen[1].problems:
        split_control(chosen[1])
        st.page_link(
            "pages/backbone.py",
            label="Next: choose a network and its layers",
            icon=":material/arrow_forward:",
        )
    gallery(chosen[0])
delete_my_data()
