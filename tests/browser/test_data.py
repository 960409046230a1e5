"""Data in Chromium: remedies, camera, augmentation; both themes, and a phone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.photos import make_photo_folder, zip_folder
from tl_core.data.catalog import bundled_sets
from tl_core.execution.local import stop_supervisor
from tl_core.runs.codes import owner_of
from tl_core.runs.store import Store

APP = Path(__file__).parents[2] / "app.py"
CODE = "0123456789ABCDEFGHJM"
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""A camera that shows a test picture, and nobody to ask for it."""
LIVE = "(document.querySelector('[data-testid=stCameraInput] video') || {}).readyState === 4"
"""True once the camera shows something: before that a shot takes nothing."""

expect.set_options(timeout=60_000)  # a busy machine is no fault of the app

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TL_HOME", str(home))
        yield serve(APP, env={"TL_HOME": str(home), "TL_SLOTS": "1"}), home
        stop_supervisor()


@pytest.fixture(scope="module")
def with_camera(chromium: Any) -> Iterator[Any]:
    kind = chromium.browser_type
    browser = kind.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, *CAMERA])
    yield browser
    browser.close()


@pytest.fixture
def open_screen(
    chromium: Any, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Open the screen in a fresh browser, for a learner whose choice is given."""
    url, home = server
    monkeypatch.setenv("TL_HOME", str(home))
    contexts = []

    def start(data: str | None, browser: Any = chromium, **options: Any) -> Page:
        store = Store()
        store.save_workspace(owner_of(CODE), {"data": data, "data_name": data or ""})
        store.close()
        context = browser.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('tl_learner', '{CODE}')")
        page: Page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{url}/data")
        expect(page.get_by_role("heading", level=1, name="Data")).to_be_visible()
        still(page)
        return page

    yield start
    for context in contexts:
        context.close()


def still(page: Page) -> None:
    """Wait until the script has run and every widget has been loaded."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def button(page: Page, name: str) -> Any:
    return page.get_by_test_id("stMain").get_by_role("button", name=name)


def metrics(page: Page) -> Any:
    return page.get_by_test_id("stMetricValue")


def test_an_upload_is_reported_on_and_mended(open_screen: Open, tmp_path: Path) -> None:
    folder = make_photo_folder(tmp_path / "insects", ("ant", "bee", "wasp"), per_class=6)
    first = sorted((folder / "ant").iterdir())[0]
    (folder / "ant" / "copy.jpg").write_bytes(first.read_bytes())
    (folder / "ant" / "broken.jpg").write_bytes(b"no picture")
    page = open_screen(None)
    uploader = page.get_by_test_id("stFileUploader").first.locator("input[type=file]")
    uploader.set_input_files(zip_folder(folder, tmp_path / "insects.zip"))
    expect(metrics(page)).to_have_text(["19", "3", "1", "2"])
    expect(page.get_by_text("left out already")).to_be_visible()

    button(page, "Drop copies").click()
    expect(metrics(page)).to_have_text(["18", "3", "0", "0"])
    expect(page.get_by_role("heading", name="insects · without copies")).to_be_visible()
    button(page, "Merge classes").click()
    box = page.get_by_role("combobox", name="Classes")
    for name in ("bee", "wasp"):
        box.click()
        page.get_by_role("option", name=name, exact=True).click()
    page.keyboard.press("Escape")
    field = page.get_by_label("Name of the class they become")
    field.fill("stings")
    field.press("Enter")
    merge = page.get_by_test_id("stPopoverBody").get_by_role("button", name="Merge", exact=True)
    merge.click()
    expect(metrics(page)).to_have_text(["18", "2", "0", "0"])
    page.get_by_role("button", name="Use insects", exact=True).click()
    expect(metrics(page)).to_have_text(["19", "3", "1", "2"])


def test_shots_by_camera_become_a_set(open_screen: Open, with_camera: Any) -> None:
    page = open_screen(None, with_camera, permissions=["camera"])
    page.get_by_role("tab", name="The camera").click()
    for name in ("mug", "pen"):
        page.get_by_label("Name of a class").fill(name)
        button(page, "Add class").click()
        expect(
            page.get_by_test_id("stCameraInput").get_by_text(f"A shot of {name}")
        ).to_be_visible()
        for number in range(1, 4):
            still(page)
            page.wait_for_function(LIVE)
            page.get_by_role("button", name="Take Photo").click()
            expect(page.get_by_text(f"{name} · {number} shot")).to_be_visible()
    button(page, "Remove the last shot").click()
    button(page, "Use these 5 photos").click()
    expect(page.get_by_role("heading", name="Camera", exact=True)).to_be_visible()
    expect(metrics(page).first).to_have_text("5")


def test_one_photo_in_eight_epochs(open_screen: Open) -> None:
    page = open_screen(bundled_sets()[0].name)
    button(page, "Show eight epochs").click()
    views = page.get_by_alt_text("The photo in epoch", exact=False)
    expect(views).to_have_count(8, timeout=120_000)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Strong").click()
    expect(page.get_by_alt_text("The photo in epoch 8, augmentation Strong")).to_be_visible(
        timeout=120_000
    )
    expect(views.last).not_to_have_js_property("naturalWidth", 0)


@pytest.mark.parametrize(
    ("look", "width", "height"),
    [("light", 1440, 2750), ("dark", 1440, 2750), ("light", 390, 6000)],
)
def test_nothing_grave_for_axe_and_nothing_wider_than_the_screen(
    open_screen: Open, look: str, width: int, height: int, tmp_path: Path
) -> None:
    page = open_screen(
        bundled_sets()[0].name, color_scheme=look, viewport={"width": width, "height": height}
    )
    show = button(page, "Show eight epochs")
    show.click()
    expect(page.get_by_alt_text("The photo in epoch 8", exact=False)).to_be_visible(timeout=120_000)
    still(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    folder = Path(os.environ.get("TL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    name = "data" + "_dark" * (look == "dark") + "_phone" * (width == 390)
    page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    page.mouse.move(2, 2)
    page.screenshot(path=folder / f"{name}.png")
    assert faults(page) == []
    page.get_by_role("tab", name="The camera").click()
    page.get_by_label("Name of a class").fill("mug")
    button(page, "Add class").click()
    button(page, "Rename a class").click()
    page.get_by_text("The code that does this").click()
    expect(page.get_by_test_id("stCode").first).to_be_visible()
    still(page)
    assert faults(page) == []
