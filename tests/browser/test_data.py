"""Data in Chromium: remedies, camera, augmentation; both themes, and a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Open
from tests.browser.walk import button, still, upload
from tests.core.data.brought import CASES, packed, photo
from tests.photos import make_photo, make_photo_folder, zip_folder
from tl_core.data.catalog import bundled_sets

CODE = "0123456789ABCDEFGHJM"
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""A camera that shows a test picture, and nobody to ask for it."""
LIVE = "(document.querySelector('[data-testid=stCameraInput] video') || {}).readyState === 4"
"""True once the camera shows something: before that a shot takes nothing."""

NOTE_SENT = """() => {
    window.sent = [];
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
        if (body instanceof FormData)
            for (const [, value] of body.entries())
                if (value instanceof File) window.sent.push(value.webkitRelativePath);
        return send.apply(this, arguments);
    };
}"""
"""Notes the path of every file that the page sends."""


@pytest.fixture(scope="module")
def with_camera(chromium: Any) -> Iterator[Any]:
    kind = chromium.browser_type
    browser = kind.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, *CAMERA])
    yield browser
    browser.close()


@pytest.fixture
def open_data(open_screen: Open) -> Open:
    """Open the screen in a fresh browser, for a learner whose choice is given."""

    def start(data: str | None, **options: Any) -> Page:
        page: Page = open_screen("data", {"data": data, "data_name": data or ""}, CODE, **options)
        return page

    return start


def metrics(page: Page) -> Any:
    return page.get_by_test_id("stMetricValue")


def test_an_upload_is_reported_on_and_mended(open_data: Open, tmp_path: Path) -> None:
    folder = make_photo_folder(tmp_path / "insects", ("ant", "bee", "wasp"), per_class=6)
    first = sorted((folder / "ant").iterdir())[0]
    (folder / "ant" / "copy.jpg").write_bytes(first.read_bytes())
    (folder / "ant" / "broken.jpg").write_bytes(b"no picture")
    page = open_data(None)
    upload(page, zip_folder(folder, tmp_path / "insects.zip"))
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


def test_the_folder_tab_sends_all_that_a_folder_holds(open_data: Open, tmp_path: Path) -> None:
    folder = make_photo_folder(tmp_path / "insects", ("ant", "bee"), per_class=4)
    for name in ("ant/modern.jfif", "bee/no suffix"):
        make_photo(0, seed=len(name)).save(folder / name, "JPEG")
    (folder / "ant" / "new.avif").write_bytes(photo(0, 90, "AVIF"))
    (folder / "ant" / "broken.avif").write_bytes(b"no picture")
    (folder / "bee" / "empty.jpg").touch()
    (folder / "bee" / "notes.txt").write_text("collected in June")
    (folder / "bee" / ".DS_Store").write_bytes(b"hidden")
    page = open_data(None)
    page.evaluate(NOTE_SENT)
    page.get_by_role("tab", name="A folder").click()
    upload(page, folder)
    expect(metrics(page)).to_have_text(["11", "2", "3", "0"])
    expect(page.get_by_text("Read as: classes ant, bee")).to_be_visible()
    sent = page.evaluate("window.sent")
    assert sorted(sent) == sorted(
        str(file.relative_to(tmp_path)) for file in folder.rglob("*") if file.is_file()
    )
    left_out = page.get_by_text("Files left out because they cannot be used")
    for name in ("ant/broken.avif", "bee/empty.jpg", "bee/notes.txt"):
        expect(left_out).to_contain_text(name)
    account = "15 files were brought: 11 photos; 3 left out already; 1 passed over"
    expect(page.get_by_text(account)).to_be_visible()
    page.get_by_text("Files that were left out, and why (3)").click()
    expect(page.get_by_role("row", name="bee/empty.jpg")).to_contain_text("is empty (0 bytes)")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_other_reading_is_a_click_away(open_data: Open, tmp_path: Path, theme: str) -> None:
    page = open_data(None, color_scheme=theme)
    files = CASES["classes_one_level_deeper"].files()
    upload(page, packed(files, tmp_path / f"{theme}.zip"))
    expect(page.get_by_text("Read as: classes apple, banana, carrot, leek")).to_be_visible()
    expect(page.get_by_text("only you know which is right")).to_be_visible()
    still(page)
    assert faults(page) == []
    button(page, "Classes fruit, vegetable").click()
    expect(metrics(page)).to_have_text(["40", "2", "0", "0"])
    still(page)
    assert faults(page) == []
    button(page, "Classes apple, banana, carrot, leek").click()
    expect(metrics(page)).to_have_text(["40", "4", "0", "0"])
    expect(page.get_by_text("only you know which is right")).to_have_count(0)


def test_masks_and_names_of_another_country(open_data: Open, tmp_path: Path) -> None:
    page = open_data(None)
    upload(page, packed(CASES["masks_beside"].files(), tmp_path / "masks.zip"))
    expect(metrics(page)).to_have_text(["24", "2", "24", "0"])
    expect(page.get_by_text("24 files are masks or label images")).to_be_visible()
    page.get_by_text("Files that were left out, and why (24)").click()
    why = "it is the mask or label image of Radio/COVID/images/COVID-0.png"
    expect(page.get_by_text(why)).to_be_visible()
    case = CASES["zip_names_shift_jis"]
    upload(page, packed(case.files(), tmp_path / "names.zip", names=case.names))
    expect(page.get_by_text("Read as: classes 表札, 表紙")).to_be_visible()
    expect(page.get_by_text("they were read as Japanese")).to_be_visible()


def test_shots_by_camera_become_a_set(open_data: Open, with_camera: Any) -> None:
    page = open_data(None, browser=with_camera, permissions=["camera"])
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


def test_one_photo_in_eight_epochs(open_data: Open) -> None:
    page = open_data(bundled_sets()[0].name)
    button(page, "Show eight epochs").click()
    views = page.get_by_alt_text("The photo in epoch", exact=False)
    expect(views).to_have_count(8, timeout=120_000)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Strong").click()
    expect(page.get_by_alt_text("The photo in epoch 8, augmentation Strong")).to_be_visible(
        timeout=120_000
    )
    expect(views.last).not_to_have_js_property("naturalWidth", 0)


def test_what_unfolds_has_no_grave_fault(open_data: Open) -> None:
    page = open_data(bundled_sets()[0].name)
    page.get_by_role("tab", name="The camera").click()
    page.get_by_label("Name of a class").fill("mug")
    button(page, "Add class").click()
    button(page, "Rename a class", exact=False).click()
    still(page)
    assert faults(page) == []
