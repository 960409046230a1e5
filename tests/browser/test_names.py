"""Names that would be code elsewhere, in front of a real browser."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.walk import arrive, go, upload
from tests.jobs import quick
from tests.photos import make_photo
from tl_core.execution.inline import InlineExecutor
from tl_core.server.uploads import uploads_folder
from tl_core.store.database import Store
from tl_core.store.schema import uploads

NAMES = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)<script>",
    "[click](javascript:alert(3))",
    "{a|b} :red[x] $x$",
)


@pytest.fixture
def page(chromium: Any) -> Iterator[Page]:
    """A page on which no script of a name's may ever run."""
    context = chromium.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    dialogs: list[str] = []

    def note(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    yield page
    assert dialogs == []
    context.close()


def hostile_zip(file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for label, name in enumerate(NAMES):
            for number in range(6):
                picture = io.BytesIO()
                make_photo(label, seed=number).save(picture, "JPEG")
                archive.writestr(f"{name}/{name}{number}.jpg", picture.getvalue())
    return file


def assert_inert(page: Page) -> None:
    for markup in ("img[src=x]", "a[href^=javascript]", "[onerror]", "main script"):
        expect(page.locator(markup)).to_have_count(0)


def test_names_are_shown_and_never_run(page: Page, own_app: str, tmp_path: Path) -> None:
    arrive(page, own_app)
    go(page, "Data")
    upload(page, hostile_zip(tmp_path / f"{NAMES[0]}.zip"))
    expect(page.get_by_role("heading", name=NAMES[0], exact=True)).to_be_visible()
    expect(page.get_by_text(NAMES[0], exact=True).first).to_be_visible()
    assert_inert(page)
    store = Store()
    with store.engine.connect() as connection:
        row = connection.execute(select(uploads)).one()
    config = quick(uploads_folder() / row.folder, epochs=1)
    InlineExecutor(store).submit("train", config.to_dict(), owner=row.owner, comparison="c")
    store.close()
    go(page, "Compare")
    matrix = page.get_by_test_id("stEChartsChart").last
    matrix.scroll_into_view_if_needed()
    box = matrix.bounding_box()
    assert box is not None
    for x in (0.3, 0.5, 0.7, 0.9):
        for y in (0.1, 0.3, 0.5, 0.7):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            assert_inert(page)
    expect(page.get_by_text("recognised").or_(page.get_by_text("taken for")).first).to_be_visible()
