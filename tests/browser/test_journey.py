"""The whole way through the app in Chromium, as a learner goes it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.walk import (
    TRAINING,
    arrive,
    button,
    finish,
    go,
    line_up_slow_runs,
    rows,
    settle,
    start_two_runs,
    upload,
)
from tests.conftest import SHARED_DATA
from tests.photos import make_photo_folder, zip_folder

TRAIN, VAL = 24, 12


@pytest.fixture(scope="module")
def insects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few real photos, or drawn ones where the development photos are absent."""
    folder = tmp_path_factory.mktemp("journey") / "insects"
    source = SHARED_DATA / "hymenoptera"
    if not source.is_dir():
        return make_photo_folder(folder, ("ants", "bees"), splits={"train": TRAIN, "val": VAL})
    for split, count in (("train", TRAIN), ("val", VAL)):
        for name in ("ants", "bees"):
            (folder / split / name).mkdir(parents=True)
            for photo in sorted((source / split / name).iterdir())[:count]:
                shutil.copy(photo, folder / split / name)
    return folder


@pytest.fixture
def url(shared: Server) -> str:
    return shared.url


@pytest.fixture
def learner(new_browser: Callable[..., Any]) -> Any:
    return new_browser()


def bring_photos(page: Page, url: str, insects: Path, tmp_path: Path) -> None:
    arrive(page, url)
    go(page, "Data")
    upload_photos(page, insects, tmp_path)


def upload_photos(page: Page, insects: Path, tmp_path: Path) -> None:
    upload(page, zip_folder(insects, tmp_path / "insects.zip"))
    expect(page.get_by_role("heading", name="insects", exact=True)).to_be_visible()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_from_photos_to_a_comparison(
    learner: Any, chromium: Any, url: str, insects: Path, tmp_path: Path
) -> None:
    page = learner.new_page()
    bring_photos(page, url, insects, tmp_path)
    metrics = page.get_by_test_id("stMetricValue")
    expect(metrics).to_have_text([str(2 * (TRAIN + VAL)), "2", "0", "0"])
    thumbnails = page.get_by_test_id("stImage").filter(has_text=".jpg").locator("img")
    expect(thumbnails).to_have_count(12)
    expect(thumbnails.last).not_to_have_js_property("naturalWidth", 0)

    go(page, "Backbone & layers")
    stem = page.locator(".st-key-map_resnet_mini button[data-stage=stem]")
    expect(stem).to_have_attribute("aria-pressed", "true")
    stem.click()
    expect(stem).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("1 of 5 stages", exact=True)).to_be_visible()

    go(page, "Train")
    line_up_slow_runs(page)
    settle(page, Epochs=40, Photo_size_in_pixels=64)
    start_two_runs(page)
    # The run that waits and the one that trains are held in turn, so that this stays mid-training.
    expect(button(page, "Pause")).to_have_count(2)
    button(page, "Pause").last.click()
    expect(rows(page, "Paused before it began")).to_have_count(1)
    expect(rows(page, re.compile(r"Epoch \d+ of 40"))).to_have_count(1, timeout=TRAINING)
    expect(page.get_by_text(re.compile(r"^best \d"))).to_be_visible()
    button(page, "Pause").click()  # the other one says "Go on" by now
    expect(rows(page, re.compile(r"^Paused after epoch \d+ of 40$"))).to_have_count(1)
    charts = page.get_by_test_id("stEChartsChart")
    expect(charts).to_have_count(2)
    expect(charts.first.locator("canvas, svg").first).to_be_visible()

    second = arrive(learner.new_page(), f"{url}/train")
    expect(rows(second, "Paused before it began")).to_have_count(1)
    go(second, "Backbone & layers")
    expect(second.locator("button[data-stage=stem]")).to_have_attribute("aria-pressed", "false")
    with chromium.new_context() as other:
        stranger = arrive(other.new_page(), f"{url}/train")
        expect(stranger.get_by_text("Training needs photos first")).to_be_visible()
        expect(rows(stranger, "")).to_have_count(0)

    expect(rows(page, re.compile("^Paused"))).to_have_count(2)
    page.reload()
    expect(rows(page, re.compile("^Paused"))).to_have_count(2)
    expect(button(page, "Go on")).to_have_count(2)
    button(page, "Go on").last.click()
    expect(button(page, "Go on")).to_have_count(1)
    button(page, "Go on").click()
    finish(page, 2)

    page.get_by_text("Compare these runs").click()
    expect(page.get_by_text(re.compile("too close to call|beats"))).to_be_visible()
    expect(page.get_by_label(re.compile("^Accuracy with its 95 % interval"))).to_be_visible()
    expect(page.get_by_test_id("stEChartsChart")).to_have_count(4)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(1)

    go(page, "Predict")
    upload(page, sorted((insects / "val" / "bees").iterdir())[0])
    expect(page.get_by_test_id("stProgress").filter(has_text="bees ·")).to_have_count(2)
    assert page.get_by_test_id("stException").count() == 0


def epoch(row: Any) -> int:
    found = re.search(r"Epoch (\d+)", row.inner_text())
    assert found is not None
    return int(found[1])


def test_runs_live_through_a_reload_and_stop_when_told(
    learner: Any, url: str, insects: Path, tmp_path: Path
) -> None:
    page = learner.new_page()
    bring_photos(page, url, insects, tmp_path)
    go(page, "Train")
    line_up_slow_runs(page)
    settle(page, Epochs=200, Photo_size_in_pixels=48)
    start_two_runs(page)
    expect(rows(page, re.compile(r"Epoch \d+ of 200"))).to_have_count(1, timeout=TRAINING)
    expect(button(page, "Stop")).to_have_count(2)
    button(page, "Stop").first.click()
    expect(rows(page, "Stopped on request")).to_have_count(1)
    live = rows(page, re.compile(r"Epoch \d+ of 200"))
    expect(live).to_have_count(1, timeout=TRAINING)
    shown = page.get_by_role("slider").first
    shown.press("ArrowRight")
    expect(shown).to_have_value("1")
    for _ in range(3):
        expect(live).not_to_contain_text(f"Epoch {epoch(live)} of")
    expect(shown).to_have_value("1")  # what is looked at outlasts new epochs
    before = epoch(live)
    page.reload()
    expect(live).to_have_count(1)
    assert epoch(live) >= before
    button(page, "Stop").click()
    expect(rows(page, re.compile("^Stopped"))).to_have_count(2)
    expect(page.get_by_role("button", name="Start 2 runs")).to_be_visible()  # the next line-up


def test_garbage_is_refused_and_the_app_lives_on(
    learner: Any, url: str, insects: Path, tmp_path: Path
) -> None:
    garbage = tmp_path / "garbage.zip"
    garbage.write_bytes(b"PK\x03\x04" + b"nothing of a zip" * 100)
    page = arrive(learner.new_page(), url)
    go(page, "Data")
    upload(page, garbage)
    expect(page.get_by_text("'garbage' was refused: it is damaged")).to_be_visible()
    expect(page.get_by_text("Nothing is chosen yet")).to_be_visible()
    upload_photos(page, insects, tmp_path)  # at once: nothing has to be loaded anew
    expect(page.get_by_text("was refused")).to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0


def test_a_fresh_server_opens_at_any_screen(learner: Any, url: str) -> None:
    """As after a restart, when the first to come back reloads a screen in the middle."""
    page = arrive(learner.new_page(), f"{url}/train")
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    expect(page.get_by_text("Training needs photos first")).to_be_visible()
    go(page, "Backbone & layers")
