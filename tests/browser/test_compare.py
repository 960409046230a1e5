"""Compare and Predict in Chromium: a click into a cell, both themes, a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tl_core.data.catalog import bundled_sets
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.local import stop_supervisor
from tl_core.runs.codes import owner_of
from tl_core.runs.store import Store
from tl_core.training.config import make_config

APP = Path(__file__).parents[2] / "app.py"
CODE = "0123456789ABCDEFGHJK"
LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]

expect.set_options(timeout=60_000)  # a busy machine is no fault of the app

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def url(chromium: Any, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose learner has trained two networks, and one before."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TL_HOME", str(home))
        store, data = Store(), bundled_sets()[0].name
        runs = (("early", "hybrid", 1), ("main", "feature_extraction", 4), ("main", "fine_tune", 2))
        for comparison, strategy, epochs in runs:
            config = make_config(
                data, strategy=strategy, epochs=epochs, image_size=48, precision="fp32", threads=1
            )
            InlineExecutor(store).submit(
                "train", config.to_dict(), owner=owner_of(CODE), comparison=comparison
            )
        forecast = {"main": {"winner": 1, "points": 5}}
        choice = {"data": data, "data_name": data, "comparison": "main", "forecasts": forecast}
        store.save_workspace(owner_of(CODE), choice)
        store.close()
        yield serve(APP, env={"TL_HOME": str(home), "TL_SLOTS": "1"})
        stop_supervisor()


@pytest.fixture
def open_screen(chromium: Any, url: str) -> Iterator[Open]:
    """Open a screen in a fresh browser of the learner's."""
    contexts = []

    def start(screen: str, **options: Any) -> Page:
        context = chromium.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('tl_learner', '{CODE}')")
        page: Page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{url}/{screen}")
        expect(page.get_by_role("heading", level=1, name=screen.capitalize())).to_be_visible()
        expect(page.get_by_text("The code that does this")).to_be_visible()
        still(page)
        return page

    yield start
    for context in contexts:
        context.close()


def still(page: Page) -> None:
    """Wait until the script has run and every widget has been loaded."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def picked(page: Page, label: str) -> Any:
    return page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")


def shoot(page: Page, name: str, folder: Path) -> None:
    folder = Path(os.environ.get("TL_SCREENSHOTS", folder))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def test_a_click_into_a_cell_shows_its_photos(open_screen: Open) -> None:
    page = open_screen("compare", viewport={"width": 1440, "height": 2600})
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


def test_an_earlier_run_is_pulled_in(open_screen: Open) -> None:
    page = open_screen("compare", viewport={"width": 1440, "height": 2600})
    page.get_by_label("Earlier runs on the same photos").click()
    page.get_by_role("option", name=re.compile("Hybrid")).click()
    expect(page.get_by_label(re.compile("^Accuracy with its 95 %.*Hybrid"))).to_be_visible()
    expect(picked(page, "Which runs")).to_have_value("Feature extraction → Fine-tuning")


@pytest.mark.parametrize(("look", "width"), LOOKS)
def test_compare_has_no_grave_fault(
    open_screen: Open, look: str, width: int, tmp_path: Path
) -> None:
    height = 3000 if width > 1000 else 6000
    page = open_screen("compare", color_scheme=look, viewport={"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shoot(page, "compare" + "_dark" * (look == "dark") + "_phone" * (width < 1000), tmp_path)
    assert faults(page) == []
    page.get_by_test_id("stTab").last.click()
    for summary in page.get_by_test_id("stExpander").locator("summary").all():
        summary.click()
    expect(page.get_by_test_id("stCode").first).to_be_visible()
    still(page)
    assert faults(page) == []


@pytest.mark.parametrize(("look", "width"), LOOKS)
def test_predict_answers_side_by_side_without_a_grave_fault(
    open_screen: Open, look: str, width: int, tmp_path: Path
) -> None:
    page = open_screen("predict", color_scheme=look, viewport={"width": width, "height": 1600})
    assert faults(page) == []
    [photo] = bundled_sets()[0].pictures(1)
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(photo)
    answers = page.get_by_test_id("stProgress").filter(has_text=re.compile(r" · \d+\.\d%"))
    expect(answers).to_have_count(10, timeout=120_000)  # five classes each
    still(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shoot(page, "predict" + "_dark" * (look == "dark") + "_phone" * (width < 1000), tmp_path)
    assert faults(page) == []
