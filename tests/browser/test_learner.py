"""The learner's code in a real browser: where it is kept, and how it moves to another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walk import arrive, still
from tl_core.store.database import Store
from tl_core.store.learner_code import is_learner_code, owner_of

DEMO = Path(__file__).with_name("learner_demo.py")
SAMPLE = "produce/market"
FIRST_FORM = "0123456789abcdef" * 2
PATIENCE = 60_000
"""Milliseconds; a busy machine is no fault of the app."""


@pytest.fixture(scope="module")
def url(chromium: Any, serve: Any) -> str:
    address: str = serve(DEMO)
    return address


def code_shown(page: Page, url: str, kept: bool = True) -> str:
    page.goto(url)
    line = page.get_by_test_id("stText")
    expect(line).to_have_text(re.compile(f"^code: .*, kept: {kept}$"), timeout=PATIENCE)
    assert page.url.rstrip("/") == url
    code = line.inner_text().split()[1].rstrip(",")
    assert is_learner_code(code)
    return code


def stored(page: Page) -> str:
    value: str = page.evaluate("localStorage.getItem('tl_learner')")
    return value


def test_a_code_survives_a_reload_and_differs_between_browsers(chromium: Any, url: str) -> None:
    mine, other = chromium.new_context(), chromium.new_context()
    page = mine.new_page()
    first = code_shown(page, url)
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{20}", first) and stored(page) == first
    assert code_shown(page, url) == first
    assert code_shown(mine.new_page(), url) == first
    assert code_shown(other.new_page(), url) != first
    mine.close()
    other.close()


def test_a_code_of_the_first_form_is_kept(chromium: Any, url: str) -> None:
    context = chromium.new_context()
    context.add_init_script(f"localStorage.setItem('tl_learner', '{FIRST_FORM}')")
    assert code_shown(context.new_page(), url) == FIRST_FORM
    context.close()


def test_without_storage_the_code_lasts_as_long_as_the_page(chromium: Any, url: str) -> None:
    context = chromium.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('off') }})"
    )
    code_shown(context.new_page(), url, kept=False)
    context.close()


def test_a_damaged_code_is_replaced(chromium: Any, url: str) -> None:
    context = chromium.new_context()
    context.add_init_script("localStorage.setItem('tl_learner', '<b>not a code</b>')")
    assert "not" not in code_shown(context.new_page(), url)
    context.close()


def enter_code(page: Page, code: str) -> None:
    page.get_by_text("Continue on another device").click()
    page.get_by_label("Code of the other device").fill(code)
    page.get_by_role("button", name="Continue with that code").click()


def test_work_moves_to_another_device(chromium: Any, own_app: str, own_home: Path) -> None:
    first, second = chromium.new_context(), chromium.new_context()
    page, there = first.new_page(), second.new_page()
    arrive(page, own_app)
    code = stored(page)
    store = Store()
    store.save_workspace(owner_of(code), {"data": SAMPLE, "data_name": "my photos"})

    page.get_by_text("Continue on another device").click()
    # Until the server knows whose browser this is there is nothing to show.
    expect(page.get_by_role("switch", name="Show my code")).to_be_enabled()
    still(page)
    assert code[:5] not in page.content(), "the code was shown unasked"
    page.get_by_text("Show my code").click()
    shown = page.get_by_test_id("stCode").filter(has_text=code[:5])
    expect(shown).to_have_text("-".join(code[i : i + 5] for i in range(0, 20, 5)))
    typed = shown.inner_text().strip().lower()

    arrive(there, own_app)
    before = stored(there)
    enter_code(there, typed[:-1])
    expect(there.get_by_text("This is not a whole code")).to_be_visible(timeout=PATIENCE)
    there.get_by_label("Code of the other device").fill(typed)
    there.get_by_role("button", name="Continue with that code").click()
    there.wait_for_function("c => localStorage.getItem('tl_learner') === c", arg=code)
    there.get_by_test_id("stSidebarNavLink").get_by_text("Train", exact=True).click()
    expect(there.get_by_text(re.compile(r"^my photos: \d+ photos"))).to_be_visible(timeout=PATIENCE)
    there.reload()
    expect(there.get_by_text(re.compile(r"^my photos: \d+ photos"))).to_be_visible(timeout=PATIENCE)
    assert before != code and code not in there.url and "?" not in there.url
    # The database has the digest alone.
    for file in own_home.glob("lab.sqlite3*"):
        assert code.encode() not in file.read_bytes()
    store.close()
    first.close()
    second.close()
