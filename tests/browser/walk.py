"""What learners do in the browser, for the tests in this folder: going about, waiting, looking."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tl_core.strategies import STRATEGIES

APP = Path(__file__).parents[2] / "app.py"
TRAINING = 240_000
"""Milliseconds in which a training gets on, also on a busy machine."""
COLOURS = 160
"""Of a screenshot: enough for photos, and a file of a quarter of the size."""

expect.set_options(timeout=60_000)  # a busy machine is no fault of the app


def arrive(page: Page, url: str) -> Page:
    """Open an address and wait until the screen has its title."""
    page.set_default_timeout(60_000)
    page.goto(url)
    page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]").wait_for()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def go(page: Page, screen: str) -> None:
    page.get_by_test_id("stSidebarNavLink").get_by_text(screen, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=screen, exact=True)).to_be_visible()


def still(page: Page) -> None:
    """Wait until the script has run and every widget has been loaded."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def button(page: Page, name: str, *, exact: bool = True) -> Any:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=exact)


def rows(page: Page, text: str | re.Pattern[str]) -> Any:
    """Return bars: of runs, or of classes that a network names."""
    return page.get_by_test_id("stProgress").filter(has_text=text)


def finish(page: Page, count: int) -> None:
    """Wait until so many runs have finished, for as long as any of them gets on.

    A worker steps back behind all else that its machine does, so how long it takes says nothing.
    """
    bars, finished = rows(page, ""), rows(page, "Finished in")
    while finished.count() < count:
        expect(bars).not_to_have_text(bars.all_text_contents(), timeout=TRAINING)
    expect(finished).to_have_count(count)


def upload(page: Page, file: Path) -> None:
    """Bring a file by the way that can be seen: others lie in tabs behind it, and may come first.

    React may draw two widgets of a screen in either order.
    """
    seen = page.get_by_test_id("stFileUploader").filter(visible=True)
    seen.locator("input[type=file]").set_input_files(file)


def line_up_slow_runs(page: Page) -> None:
    """Choose strategies that train the body: on kept features a run is over before it is seen."""
    out, into = STRATEGIES.get("feature_extraction"), STRATEGIES.get("from_scratch")
    button(page, out.title).click()
    expect(page.get_by_text(out.summary)).to_have_count(0)
    button(page, into.title).click()
    expect(page.get_by_text(into.summary)).to_be_visible()


def start_two_runs(page: Page) -> None:
    """Say what is expected of them, which comes first, and start them."""
    page.get_by_text("Too close to call").click()
    page.get_by_role("button", name="Start 2 runs").click()


def settle(page: Page, **settings: int) -> None:
    """Fill number fields of the settings and wait until the app has taken them in."""
    page.get_by_text("Settings", exact=True).click()
    for label, value in settings.items():
        field = page.get_by_label(label.replace("_", " "), exact=True)
        field.fill(str(value))
        field.press("Enter")
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()


def shoot(page: Page, file: Path) -> None:
    """Write a picture of the whole screen, as tall as what stands on it."""
    width = page.viewport_size["width"]
    tall = "document.querySelector('[data-testid=stMain]').scrollHeight"
    for _ in range(2):  # a taller window may show more
        page.set_viewport_size({"width": width, "height": max(page.evaluate(tall), 700)})
        still(page)
    page.mouse.move(2, 2)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
