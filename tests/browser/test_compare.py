"""Compare in Chromium: a click into a cell, an earlier run."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Server
from tl_core.data.catalog import bundled_sets
from tl_core.execution.inline import InlineExecutor
from tl_core.store.database import Store
from tl_core.store.learner_code import owner_of
from tl_core.training.config import make_config

CODE = "0123456789ABCDEFGHJC"


@pytest.fixture(scope="module")
def choice(quiet_home: Server) -> dict[str, Any]:
    """Train two networks for a learner, and one before; return what the learner has set up."""
    store, data = Store(), bundled_sets()[0].name
    runs = (("early", "hybrid", 1), ("main", "feature_extraction", 4), ("main", "fine_tune", 2))
    for comparison, strategy, epochs in runs:
        config = make_config(
            data, strategy=strategy, epochs=epochs, input_size=48, precision="fp32", threads=1
        )
        InlineExecutor(store).submit(
            "train", config.to_dict(), owner=owner_of(CODE), comparison=comparison
        )
    store.close()
    return {"data": data, "data_name": data, "comparison": "main"}


@pytest.fixture
def page(open_screen: Open, choice: dict[str, Any]) -> Page:
    """Compare, tall enough for all that stands on it."""
    size = {"width": 1440, "height": 2600}
    found: Page = open_screen("compare", choice, CODE, viewport=size)
    return found


def picked(page: Page, label: str) -> Any:
    return page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")


def test_a_click_into_a_cell_shows_its_photos(page: Page) -> None:
    page.get_by_role("radio", name="Fine-tuning").click()
    matrix = page.get_by_label(re.compile("^Confusion matrix"))
    expect(matrix).to_be_visible()
    classes = sorted(f.name for f in bundled_sets()[0].folder.iterdir() if f.is_dir())
    box = matrix.bounding_box()
    assert box is not None
    for column in (0.45, 0.92):  # wherever the axis begins, these lie in different columns
        page.mouse.click(box["x"] + column * box["width"], box["y"] + 30)
        expect(picked(page, "True class")).to_have_value(classes[0])
    expect(picked(page, "Taken for")).to_have_value(classes[-1])
    said = page.get_by_test_id("stMarkdown").get_by_text(re.compile(r"^(No|\d+) photos?$"))
    expect(said).to_be_visible()
    page.get_by_role("radio", name="What changed").click()
    expect(page.get_by_label(re.compile("^Difference matrix"))).to_be_visible()
    expect(picked(page, "Taken for")).to_have_value(classes[-1])


def test_an_earlier_run_is_pulled_in(page: Page) -> None:
    page.get_by_label("Earlier runs on the same photos").click()
    page.get_by_role("option", name=re.compile("Hybrid")).click()
    expect(page.get_by_label(re.compile("^Accuracy with its 95 %.*Hybrid"))).to_be_visible()
    expect(picked(page, "Which runs")).to_have_value("Feature extraction → Fine-tuning")
