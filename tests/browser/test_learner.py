import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

DEMO = Path(__file__).with_name("learner_demo.py")


@pytest.fixture(scope="module")
def url(chromium, serve):
    return serve(DEMO)


def token_shown(page, url):
    page.goto(url)
    line = page.get_by_test_id("stText")
    expect(line).to_have_text(re.compile("^token: [0-9a-f]{32}$"), timeout=60_000)
    assert page.url.rstrip("/") == url
    return line.inner_text()


def test_token_survives_a_reload_and_differs_between_browsers(chromium, url):
    mine, other = chromium.new_context(), chromium.new_context()
    page = mine.new_page()
    first = token_shown(page, url)
    assert token_shown(page, url) == first
    assert token_shown(mine.new_page(), url) == first
    assert token_shown(other.new_page(), url) != first
    mine.close()
    other.close()


def test_token_without_storage(chromium, url):
    context = chromium.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('off') }})"
    )
    token_shown(context.new_page(), url)
    context.close()


def test_damaged_token_is_replaced(chromium, url):
    context = chromium.new_context()
    context.add_init_script("localStorage.setItem('tl_learner', '<b>not a token</b>')")
    assert "not" not in token_shown(context.new_page(), url)
    context.close()
