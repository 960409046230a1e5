import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

DEMO = Path(__file__).with_name("layer_map_demo.py")


@pytest.fixture(scope="module")
def url(chromium, serve):
    return serve(DEMO)


@pytest.fixture
def open_page(chromium, url):
    """Open the demo in a fresh browser profile; any error on the console fails the test."""
    contexts, errors = [], []

    def start(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.locator("[data-test-connection-state=CONNECTED]").wait_for(timeout=60_000)
        stage(page, "stem").wait_for(timeout=60_000)
        return page

    yield start
    for context in contexts:
        context.close()
    assert errors == []


def stage(page, name):
    return page.locator(f".st-key-five button[data-stage={name}]")


def expect_plan(page, plan):
    expect(page.get_by_test_id("stText").filter(has_text="plan:")).to_have_text(f"plan: {plan}")


def expect_pressed(page, *names):
    for name in ("stem", "stage1", "stage2", "stage3", "stage4"):
        state = "true" if name in names else "false"
        expect(stage(page, name)).to_have_attribute("aria-pressed", state)


def test_mounting_sends_nothing(open_page):
    page = open_page()
    expect_plan(page, "stage4")
    expect_pressed(page, "stage4")
    page.wait_for_load_state("networkidle")
    assert page.get_by_text("runs: 1", exact=True).is_visible()


def test_click_thaws_and_python_answers(open_page):
    page = open_page()
    stage(page, "stage3").click()
    expect_pressed(page, "stage3", "stage4")
    expect_plan(page, "stage3 stage4")
    stage(page, "stage4").click()
    expect_plan(page, "stage3")
    expect_pressed(page, "stage3")


def test_quick_clicks_are_all_kept(open_page):
    page = open_page()
    page.locator(".st-key-five .map").evaluate(
        """map => {
            for (const name of ['stem', 'stage1', 'stage2'])
                map.querySelector(`[data-stage=${name}]`).click();
        }"""
    )
    expect_plan(page, "stem stage1 stage2 stage4")
    expect_pressed(page, "stem", "stage1", "stage2", "stage4")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_keyboard_toggles_and_keeps_the_focus(open_page, key):
    page = open_page()
    stage(page, "stage2").focus()
    page.keyboard.press("Tab")
    expect(stage(page, "stage3")).to_be_focused()
    page.keyboard.press(key)
    expect_plan(page, "stage3 stage4")
    expect(stage(page, "stage3")).to_be_focused()
    page.keyboard.press(key)
    expect_plan(page, "stage4")


def test_plan_from_outside_is_shown_and_the_next_click_starts_from_it(open_page):
    page = open_page()
    stage(page, "stage3").click()
    expect_plan(page, "stage3 stage4")
    page.get_by_role("button", name="Freeze everything").click()
    expect_plan(page, "head only")
    expect_pressed(page)
    # The same click as before: it has to count although the browser sent the same list then.
    stage(page, "stage3").click()
    stage(page, "stage4").click()
    expect_plan(page, "stage3 stage4")
    page.get_by_role("button", name="Thaw everything").click()
    expect_pressed(page, "stem", "stage1", "stage2", "stage3", "stage4")


def test_what_a_screen_reader_gets(open_page):
    page = open_page()
    network = page.get_by_role("group", name=re.compile("Stages of ResNet-18"))
    expect(network.get_by_role("button")).to_have_count(5)
    name = "Stage 3, 256 × 14 × 14, 2.10 M parameters, frozen"
    button = network.get_by_role("button", name=name)
    expect(button).to_have_attribute("type", "button")
    expect(button).to_have_accessible_description(re.compile("Tends to react to parts of things"))
    expect(page.get_by_role("status").first).to_have_text(re.compile(r"8\.39 M parameters learn"))
    assert page.locator(".st-key-five svg:not([aria-hidden=true])").count() == 0


def test_pointing_explains_a_stage(open_page):
    page = open_page()
    stage(page, "stem").hover()
    expect(page.locator(".st-key-five .detail")).to_contain_text("edges and blobs of colour")


@pytest.mark.parametrize("width", [390, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_fits_and_reads_well(open_page, width, scheme, tmp_path):
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 1300})
    for text in page.locator("button.stage :is(.title, .shape, .count, .pill)").all():
        room, box = (node.bounding_box() for node in (text.locator("xpath=ancestor::li"), text))
        assert room["x"] <= box["x"]
        assert box["x"] + box["width"] <= room["x"] + room["width"]
    left, right = (stage(page, name).bounding_box() for name in ("stem", "stage1"))
    assert (left["y"] < right["y"]) == (width == 390)
    line, thawed = page.locator(".st-key-five .border"), stage(page, "stage4").bounding_box()
    edge = "x" if width > 390 else "y"
    assert abs(line.bounding_box()[edge] - thawed[edge]) <= (1 if width > 390 else 20)
    folder = Path(os.environ.get("TL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"layer_map_{scheme}_{width}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000
