"""The one-minute demo and a shared link in Chromium; what is live must keep its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tl_core.data.catalog import find
from tl_core.execution.local import stop_supervisor
from ui.demo import DATA, RACE

APP = Path(__file__).parents[2] / "app.py"
LINK = f"/?data={DATA}&thawed=layer4&strategies=feature_extraction,fine_tune&epochs=10"
TRAINING = 400_000
"""Milliseconds that the demo may take on a busy machine; a free one needs less than a minute."""

WATCH = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const charts = [...document.querySelectorAll('[data-testid=stEChartsChart]')];
  const top = chart => chart.getBoundingClientRect().top + main.scrollTop;
  const before = charts.map(top);
  const bars = () => document.querySelector('[data-testid=stMain]').innerText;
  const seen = window.seen = {charts: charts.length, jump: 0, lost: 0, updates: 0};
  let said = bars();
  new MutationObserver(() => {
    if (bars() !== said) { said = bars(); seen.updates++; }
    // Once all is over the screen offers what comes next, which may take room.
    if (said.split('Finished in').length > 3) return;
    charts.forEach((chart, i) => {
      if (!chart.isConnected) seen.lost++;
      else seen.jump = Math.max(seen.jump, Math.abs(top(chart) - before[i]));
    });
  }).observe(main, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
"""Notes at every change of the page whether its charts are still the same ones, in their place."""

pytestmark = pytest.mark.skipif(find(DATA) is None, reason=f"{DATA} is not bundled here")


@pytest.fixture
def url(chromium: Any, serve: Any, own_home: Path) -> Iterator[str]:
    yield serve(APP, env={"TL_HOME": str(own_home)})
    stop_supervisor()


@pytest.fixture
def page(chromium: Any, url: str) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(60_000)
        yield context.new_page()


def rows(page: Page, text: str) -> Any:
    return page.get_by_test_id("stProgress").filter(has_text=text)


@pytest.mark.slow
def test_the_demo_ends_and_nothing_jumps_meanwhile(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Run the one-minute demo").click()
    expect(page.get_by_test_id("stEChartsChart")).to_have_count(2)
    expect(rows(page, "Waiting for its turn").first).to_be_visible()
    expect(rows(page, "").locator("p").first).to_have_css("white-space", "nowrap")
    page.evaluate(WATCH)
    expect(rows(page, "Finished in")).to_have_count(len(RACE), timeout=TRAINING)
    seen = page.evaluate("window.seen")
    assert seen["updates"] >= 20 and seen["charts"] == 2
    assert seen["lost"] == 0 and seen["jump"] <= 2
    page.get_by_role("button", name="Compare the three").click()
    expect(page.get_by_role("heading", level=1, name="Compare", exact=True)).to_be_visible()
    expect(page.get_by_text("From scratch").first).to_be_visible()


def test_a_link_sets_an_experiment_up(page: Page, url: str) -> None:
    page.goto(f"{url}{LINK}")
    expect(page.get_by_role("heading", level=1, name="Train", exact=True)).to_be_visible()
    start = page.get_by_role("button", name="Start 2 runs")
    expect(start).to_be_disabled()
    page.get_by_text("Too close to call").click()
    expect(start).to_be_enabled()
    assert faults(page) == []
    page.get_by_text("Link to this experiment").click()
    expect(page.get_by_test_id("stCode").filter(has_text="thawed=layer4")).to_be_visible()


def test_a_link_asks_before_it_replaces(page: Page, url: str) -> None:
    page.goto(f"{url}/?data=produce/studio")
    expect(page.get_by_role("heading", level=1, name="Train", exact=True)).to_be_visible()
    page.goto(f"{url}{LINK}")
    page.get_by_role("button", name="Set up what the link says").click()
    expect(page.get_by_text("1 of 5 stages thawed")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_start_has_no_grave_fault(scheme: Any, chromium: Any, url: str) -> None:
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.get_by_role("button", name="Run the one-minute demo")).to_be_visible()
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
        assert faults(page) == []
