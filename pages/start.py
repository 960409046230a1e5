"""Start: what transfer learning is, and the way through the laboratory."""

import streamlit as st

from tl_core.machine import cores, gpus, slots
from ui.shared.dataset import readable_dataset
from ui.shared.navigation import require_router
from ui.shared.page import title
from ui.shared.room import LINK, room_panel
from ui.shared.source import show_source
from ui.shared.state import app_state, my_jobs, my_room, store
from ui.start.demo import demo, demo_jobs, picture
from ui.start.other_device import other_device

require_router("Start")
title(
    "Transfer-learning laboratory",
    "A network that has learned to see one thing already knows much of what it takes to see "
    "another. Here you take such a network, decide which of its layers may go on learning, bring "
    "a few dozen photos of your own, and find out what works best.",
)
in_class = my_room() is not None or LINK in st.query_params
raced = demo_jobs()
if raced:  # these curves are what everybody in the room looks at
    demo(raced)
picture()
if in_class:
    room_panel()
if not raced:
    demo(raced)
state = app_state()
finished = [job for job in my_jobs() if job.status == "finished"]
steps = [
    (
        "pages/data.py",
        "1 · Bring photos",
        "A zip or a folder as it is, best with a folder for each class. Twenty photos a class do.",
        readable_dataset() is not None,
    ),
    (
        "pages/backbone.py",
        "2 · Choose layers",
        "Pick a pretrained network and click the layers that may learn; the rest stay frozen.",
        state.thawed is not None,
    ),
    (
        "pages/train.py",
        "3 · Train",
        "Line up two or more strategies and watch their curves move.",
        state.comparison is not None,
    ),
    (
        "pages/compare.py",
        "4 · Compare",
        "Accuracy with its uncertainty, cost, and the photos that each run gets wrong.",
        len(finished) >= 2,
    ),
    (
        "pages/predict.py",
        "5 · Predict",
        "Show new photos to every network that you trained.",
        bool(finished),
    ),
]
cells = [cell for _ in range(2) for cell in st.columns(3)]
for cell, (page, name, text, done) in zip(cells, steps, strict=False):
    with cell.container(border=True, height="stretch"):
        icon = ":material/check_circle:" if done else ":material/radio_button_unchecked:"
        st.page_link(page, label=f"**{name}**", icon=icon)
        st.markdown(text)
if not in_class:
    with cells[-1].container(border=True, height="stretch"):
        st.page_link("pages/classroom.py", label="**Join a class**", icon=":material/groups:")
        st.markdown("A room code from your instructor gives you the photos and the start.")

st.subheader("Three words that you will meet", anchor=False)
words = {
    "Feature extraction": "The pretrained network stays as it is. Only a new last layer, the "
    "head, learns to read its features. Fast, and hard to beat with few photos.",
    "Fine-tuning": "The head learns, and so do some or all of the layers below it, gently. It can "
    "win when your photos differ from those that the network grew up with.",
    "From scratch": "No transfer at all: the same network starts from random numbers. It shows "
    "what the pretraining is worth.",
}
for column, (word, meaning) in zip(st.columns(3), words.items(), strict=True):
    column.markdown(f"**{word}.** {meaning}")

other_device()

busy = store().jobs(kind="train", status=("waiting", "running"))
st.caption(
    (f"This server has {len(gpus())} GPU{'s' * (len(gpus()) != 1)}; " if gpus() else "")
    + f"{cores()} processor core{'s' * (cores() != 1)} here train {slots()} "
    + f"run{'s' * (slots() != 1)} at a time; "
    + (f"{len(busy)} in line now." if busy else "none in line now.")
)
show_source(
    "tl_core.strategies:feature_extraction",
    "tl_core.strategies:fine_tune",
    "tl_core.strategies:from_scratch",
)
