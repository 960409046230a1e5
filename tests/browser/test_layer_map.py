import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults

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


def preset(page, name):
    presets = page.locator(".st-key-five").get_by_role("group", name="Presets")
    return presets.get_by_role("button", name=name, exact=True)


def status(page):
    return page.locator(".st-key-five").get_by_role("status")


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
    name = "Stage 3, frozen, 256 × 14 × 14, 2.10 M parameters, 400 M multiply-adds"
    button = network.get_by_role("button", name=name)
    expect(button).to_have_attribute("type", "button")
    expect(button).to_have_accessible_description(
        re.compile("keeps exactly what it learned.*Tends to react to parts of things")
    )
    last = "Stage 4, trains, 512 × 7 × 7, 8.39 M parameters, 400 M multiply-adds"
    expect(network.get_by_role("button", name=f"{last}, learning rate times 0.3")).to_be_visible()
    expect(status(page)).to_have_text(
        re.compile(r"8\.39 M parameters learn, 75 %.*77 % of the multiply-adds are computed once")
    )
    assert page.locator(".st-key-five svg:not([aria-hidden=true])").count() == 0


def test_pointing_explains_a_stage(open_page):
    page = open_page()
    stage(page, "stem").hover()
    expect(page.locator(".st-key-five .detail")).to_contain_text("edges and blobs of colour")


@pytest.mark.parametrize(
    ("name", "plan", "learns"),
    [
        ("Extract features", "head only", "1.03 k parameters learn, < 0.1 %"),
        ("Last two", "stage3 stage4", "10.5 M parameters learn, 94 %"),
        ("Everything", "stem stage1 stage2 stage3 stage4", "11.2 M parameters learn, 100 %"),
        ("From scratch", "from scratch", "11.2 M parameters learn, 100 %"),
    ],
)
def test_presets_set_the_plan_and_say_so(open_page, name, plan, learns):
    page = open_page()
    expect(preset(page, "Last stage")).to_have_attribute("aria-pressed", "true")
    preset(page, name).click()
    expect_plan(page, plan)
    expect(preset(page, name)).to_have_attribute("aria-pressed", "true")
    expect(preset(page, "Last stage")).to_have_attribute("aria-pressed", "false")
    expect(status(page)).to_contain_text(learns)


def test_from_scratch_every_stage_is_new_until_one_is_frozen(open_page):
    page = open_page()
    preset(page, "From scratch").click()
    expect(page.locator(".st-key-five li.fresh")).to_have_count(6)
    expect(stage(page, "stem")).to_have_accessible_name(re.compile("new.*learning rate times 1"))
    expect_plan(page, "from scratch")
    stage(page, "stem").click()
    expect_plan(page, "stage1 stage2 stage3 stage4")
    expect(page.locator(".st-key-five li.fresh")).to_have_count(1)  # the head


def test_rates_of_the_plan_stand_on_the_stages(open_page):
    page = open_page()
    preset(page, "Last two").click()
    rates = page.locator(".st-key-five li .rate")
    expect(rates).to_have_text(["", "", "", "rate × 0.15", "rate × 0.3", "rate × 1"])


def test_arrow_keys_walk_along_stages_and_presets(open_page):
    page = open_page()
    stage(page, "stem").focus()
    for key, name in (
        ("ArrowRight", "stage1"), ("ArrowDown", "stage2"), ("ArrowLeft", "stage1"),
        ("End", "stage4"), ("ArrowRight", "stage4"), ("Home", "stem"), ("ArrowUp", "stem"),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(stage(page, name)).to_be_focused()
    preset(page, "Last stage").focus()
    page.keyboard.press("ArrowRight")
    expect(preset(page, "Last two")).to_be_focused()
    page.keyboard.press("Enter")
    expect_plan(page, "stage3 stage4")
    expect(preset(page, "Last two")).to_be_focused()


def test_the_focus_can_be_seen(open_page):
    page = open_page()
    for button in (preset(page, "Last stage"), stage(page, "stem")):
        button.focus()
        page.keyboard.press("ArrowRight")  # by the keyboard, so that :focus-visible holds
        ring = "e => getComputedStyle(e.getRootNode().activeElement).outline"
        assert "3px" in button.evaluate(ring) and "solid" in button.evaluate(ring)


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_jumps_when_the_plan_changes(open_page, width):
    page = open_page(viewport={"width": width, "height": 1300}, reduced_motion="reduce")
    places = """map => [map.offsetHeight, ...[...map.querySelectorAll('li, .bar, .detail')]
        .flatMap(e => [e.getBoundingClientRect().top, e.getBoundingClientRect().left])]"""
    layer_map = page.locator(".st-key-five .map")
    before = layer_map.evaluate(places)
    for name in ("Extract features", "Everything", "From scratch", "Last two"):
        preset(page, name).click()
        expect(preset(page, name)).to_have_attribute("aria-pressed", "true")
        after = layer_map.evaluate(places)
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 1
    stage(page, "stage1").hover()  # explains it below
    assert abs(layer_map.evaluate(places)[0] - before[0]) <= 1


def test_nothing_moves_where_the_system_asks_for_less_of_it(open_page):
    page = open_page(reduced_motion="reduce")
    preset(page, "Everything").click()
    moving = "map => map.getAnimations({subtree: true}).length"
    assert page.locator(".st-key-five .map").evaluate(moving) == 0
    lively = open_page(reduced_motion="no-preference")
    preset(lively, "Everything").click()
    assert lively.locator(".st-key-five .map").evaluate(moving) > 0


def test_without_a_cache_nothing_is_called_computed_once(open_page):
    page = open_page()
    line = page.locator(".st-key-nine .border")
    expect(line.locator(".once")).to_be_hidden()
    expect(page.locator(".st-key-nine").get_by_role("status")).to_contain_text(
        "0 % of the multiply-adds are computed once"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_grave_fault(open_page, scheme):
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    preset(page, "Last two").click()
    expect_plan(page, "stage3 stage4")
    assert faults(page) == []


@pytest.mark.parametrize("width", [390, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_fits_and_reads_well(open_page, width, scheme, tmp_path):
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 1300})
    for text in page.locator("button.stage :is(.title, .shape, .count, .work, .rate, .pill)").all():
        if not text.text_content():
            continue
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
