"""Every screen as a learner in the middle of the work sees it: in both themes, and on a phone.

``TL_SCREENSHOTS=docs/screens`` writes the pictures of README and documentation, from runs that are
long enough to look at; without it the runs are short and the pictures go nowhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import CODE, INSTRUCTOR, Open, Server
from tests.browser.walk import button, rows, shoot, still, upload
from tests.trained import TrainedBefore
from tl_core.data.catalog import find
from tl_core.server.rooms import Rooms
from tl_core.store.database import Store
from tl_core.store.learner_code import owner_of
from tl_core.training.config import make_config

DATA = "produce/market"
FOLDER = os.environ.get("TL_SCREENSHOTS")
RUNS = {"feature_extraction": (2, 20), "fine_tune": (1, 8), "from_scratch": (1, 8)}
"""Epochs: for a test, and for pictures."""
LOOKS = {("light", 1440): "", ("dark", 1440): "_dark", ("light", 390): "_phone"}
"""Themes and widths, and how their pictures are called."""
PUPILS = ("Ada", "Grace", "Katherine")

pytestmark = pytest.mark.skipif(find(DATA) is None, reason=f"{DATA} is not bundled here")


@pytest.fixture(scope="module")
def trained(quiet_home: Server, trained_before: TrainedBefore) -> dict[str, Any]:
    """Train for a learner and for a class; return what the learner has set up."""
    store = Store()
    room = Rooms(store).open("Friday, 10 o'clock", {"data": DATA, "data_name": DATA})

    def submit(owner: str, comparison: str, strategies: list[str], **more: Any) -> None:
        for strategy in strategies:
            config = make_config(
                DATA,
                strategy=strategy,
                trainable="last:2",
                epochs=RUNS[strategy][bool(FOLDER)],
                per_class=15,
                precision="fp32",
                input_size=64 if FOLDER else 32,
            )
            trained_before.run(store, config, owner=owner, comparison=comparison, **more)

    submit(owner_of(CODE), "main", list(RUNS))
    for number, name in enumerate(PUPILS):
        pupil = owner_of(name)
        Rooms(store).join(room.code, pupil, name)
        submit(pupil, name, list(RUNS)[: 1 + number % 2], room=room.code)
    store.close()
    return {
        "data": DATA,
        "data_name": DATA,
        "thawed": ["layer3", "layer4"],
        "strategies": list(RUNS),
        "comparison": "main",
        "guesses": {"main": {"winner": 1, "points": 5}},
    }


def augmented(page: Page) -> None:
    button(page, "Show eight epochs").click()
    expect(page.get_by_alt_text("The photo in epoch 8", exact=False)).to_be_visible()


def asked(page: Page) -> None:
    assert faults(page) == []
    found = find(DATA)
    assert found is not None
    upload(page, sorted((found / "banana").iterdir())[0])
    expect(rows(page, re.compile(r" · \d+\.\d%"))).to_have_count(5 * len(RUNS))


def taught(page: Page) -> None:
    page.get_by_text("For the instructor").click()
    page.get_by_label("Instructor's code").fill(INSTRUCTOR)
    button(page, "Open the classroom").click()
    expect(button(page, "Show on the wall")).to_be_visible()


def as_it_is(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()


HOST = f"HST{0:017}"
"""The instructor's own code as a learner."""

SCREENS: dict[str, Callable[[Page], None]] = {
    "start": as_it_is,
    "data": augmented,
    "backbone": as_it_is,
    "train": as_it_is,
    "compare": as_it_is,
    "predict": asked,
    "classroom": taught,
}
"""What is done on each screen before it is looked at."""


@pytest.mark.parametrize(("look", "width"), LOOKS, ids=lambda value: str(value))
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_fits_and_has_no_grave_fault(
    screen: str, look: str, width: int, trained: dict[str, Any], open_screen: Open, tmp_path: Path
) -> None:
    size = {"width": width, "height": 1000}
    code = HOST if screen == "classroom" else CODE
    page = open_screen(screen, trained, code, color_scheme=look, viewport=size)
    SCREENS[screen](page)
    still(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shoot(page, Path(FOLDER or tmp_path) / f"{screen}{LOOKS[look, width]}.png")
    assert faults(page) == []
    # What is folded away, and the last of what lies side by side.
    for tabs in page.get_by_test_id("stTabs").all():
        tabs.get_by_role("tab").last.click()
    for summary in page.get_by_test_id("stExpander").locator("summary:visible").all():
        if not summary.evaluate("e => e.parentElement.open"):
            summary.click()
    still(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []
