"""The one-minute demo and a shared link in Chromium; what is live must keep its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import Server
from tests.browser.walk import arrive, finish, rows
from tl_core.data.catalog import find
from ui.start.demo import DATA, RACE

LINK = f"/?data={DATA}&thawed=layer4&strategies=feature_extraction,fine_tune&epochs=10"

WATCH = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const charts = [...document.querySelectorAll('[data-testid=stEChartsChart]')];
  const top = chart => chart.getBoundingClientRect().top + main.scrollTop;
  const before = charts.map(top);
  const parts = () => [...main.querySelectorAll('[data-testid=stElementContainer]')].map(part =>
    `${Math.round(part.getBoundingClientRect().height)} px: ${part.innerText.slice(0, 40)}`);
  const first = parts();
  const bars = () => document.querySelector('[data-testid=stMain]').innerText;
  const seen = window.seen = {charts: charts.length, jump: 0, lost: 0, updates: 0};
  let said = bars();
  new MutationObserver(() => {
    if (bars() !== said) { said = bars(); seen.updates++; }
    charts.forEach((chart, i) => {
      if (!chart.isConnected) seen.lost++;
      else seen.jump = Math.max(seen.jump, Math.abs(top(chart) - before[i]));
      if (seen.jump > 2) seen.moved ??= parts().filter((part, i) => part !== first[i]);
    });
  }).observe(main, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
"""Notes at every change of the page whether its charts are still the same ones, in their place.

Where they are not, ``moved`` has what then differs from the beginning.
"""

pytestmark = pytest.mark.skipif(find(DATA) is None, reason=f"{DATA} is not bundled here")


@pytest.fixture
def page(new_browser: Callable[..., Any]) -> Page:
    found: Page = new_browser().new_page()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demo_ends_and_nothing_jumps_meanwhile(page: Page, shared: Server) -> None:
    arrive(page, shared.url)
    page.get_by_role("button", name="Run the one-minute demo").click()
    expect(page.get_by_test_id("stEChartsChart")).to_have_count(2)
    expect(rows(page, "Waiting for its turn").first).to_be_visible()
    expect(rows(page, "").locator("p").first).to_have_css("white-space", "nowrap")
    page.evaluate(WATCH)
    finish(page, len(RACE))
    compare = page.get_by_role("button", name="Compare the three")
    expect(compare).to_be_enabled()
    seen = page.evaluate("window.seen")
    assert seen["updates"] >= 20 and seen["charts"] == 2
    assert seen["lost"] == 0 and seen["jump"] <= 2, seen
    compare.click()
    expect(page.get_by_role("heading", level=1, name="Compare", exact=True)).to_be_visible()
    expect(page.get_by_text("From scratch").first).to_be_visible()


def test_a_link_sets_an_experiment_up(page: Page, shared: Server) -> None:
    page.goto(f"{shared.url}{LINK}")
    expect(page.get_by_role("heading", level=1, name="Train", exact=True)).to_be_visible()
    start = page.get_by_role("button", name="Start 2 runs")
    expect(start).to_be_disabled()
    page.get_by_text("Too close to call").click()
    expect(start).to_be_enabled()
    assert faults(page) == []
    page.get_by_text("Link to this experiment").click()
    expect(page.get_by_test_id("stCode").filter(has_text="thawed=layer4")).to_be_visible()


def test_a_link_asks_before_it_replaces(page: Page, shared: Server) -> None:
    page.goto(f"{shared.url}/?data=produce/studio")
    expect(page.get_by_role("heading", level=1, name="Train", exact=True)).to_be_visible()
    page.goto(f"{shared.url}{LINK}")
    page.get_by_role("button", name="Set up what the link says").click()
    expect(page.get_by_text("1 of 5 stages thawed")).to_be_visible()
