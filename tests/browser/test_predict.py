"""Predict in Chromium: several files at once, of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import Open, Server
from tests.browser.walk import still
from tests.photos import make_photo
from tl_core.data.catalog import bundled_sets
from tl_core.execution.inline import InlineExecutor
from tl_core.store.database import Store
from tl_core.store.learner_code import owner_of
from tl_core.training.config import make_config

CODE = "0123456789ABCDEFGHJP"
ANSWERED = 120_000
"""Milliseconds for a worker that steps back behind all else."""


@pytest.fixture(scope="module")
def choice(quiet_home: Server) -> dict[str, Any]:
    """Train two networks for a learner; return what the learner has set up."""
    store, data = Store(), bundled_sets()[0].name
    for strategy in ("feature_extraction", "fine_tune"):
        config = make_config(
            data, strategy=strategy, epochs=1, input_size=48, precision="fp32", threads=1
        )
        InlineExecutor(store).submit(
            "train", config.to_dict(), owner=owner_of(CODE), comparison="main"
        )
    store.close()
    return {"data": data, "data_name": data, "comparison": "main"}


@pytest.mark.parametrize("width", [1280, 390])
def test_several_files_at_once(
    width: int, open_screen: Open, choice: dict[str, Any], tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("first.jpg", "modern.jfif", "no suffix", "notes.txt")]
    for number, file in enumerate(files[:3]):
        make_photo(number % 2, seed=number).save(file, "JPEG")
    files[3].write_text("no photo")
    size = {"width": width, "height": 900}
    page = open_screen("predict", choice, CODE, viewport=size, color_scheme="dark")
    uploader = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    assert not uploader.get_attribute("accept")
    uploader.set_input_files(files)
    left_out = page.get_by_test_id("stAlert")
    expect(left_out).to_contain_text("1 of 4 files were left out")
    expect(left_out).to_contain_text("notes.txt")
    for file in files[:3]:
        expect(page.get_by_alt_text(f"Your photo {file.name}")).to_be_visible()
    answers = page.get_by_test_id("stProgress")
    expect(answers).to_have_count(3 * 3 * 2, timeout=ANSWERED)  # classes, photos, networks
    expect(page.get_by_text("Looking at it")).to_have_count(0)
    still(page)
    assert faults(page) == []
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide)
    uploader.set_input_files(files[0])
    expect(page.get_by_alt_text("Your photo")).to_have_count(1)
    expect(answers).to_have_count(5 * 2, timeout=ANSWERED)
