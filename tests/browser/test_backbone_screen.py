"""Backbone & layers in Chromium: by mouse, by keyboard, in both themes, on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import Open
from tests.browser.walk import TRAINING, still
from tl_core.backbones.spec import backbones
from tl_core.data.catalog import bundled_sets

CODE = "0123456789ABCDEFGHJB"


@pytest.fixture
def open_backbone(open_screen: Open) -> Open:
    """Open the screen for a learner who has chosen bundled photos, in a fresh browser."""

    def start(workspace: dict[str, Any] | None = None, **options: Any) -> Page:
        data = bundled_sets()[0].name
        choice = {"data": data, "data_name": data, "thawed": ["layer4"], **(workspace or {})}
        page: Page = open_screen("backbone", choice, code=CODE, **options)
        expect(preset(page, "Last stage")).to_be_visible()
        return page

    return start


def preset(page: Page, name: str) -> Any:
    group = page.get_by_role("group", name="Presets")
    return group.get_by_role("button", name=name, exact=True)


def stage(page: Page, name: str) -> Any:
    return page.locator(f"button[data-stage={name}]")


def metric(page: Page, label: str) -> Any:
    return page.get_by_test_id("stMetric").filter(has_text=label)


def card(page: Page, name: str) -> Any:
    return page.locator(f".st-key-card_{name}")


def test_a_click_changes_numbers_risk_and_advice_beside_the_map(open_backbone: Open) -> None:
    page = open_backbone()
    expect(metric(page, "Parameters that learn")).to_contain_text("2.1 M")
    expect(metric(page, "Computed once")).to_contain_text("4 of 5 stages")
    expect(page.get_by_text("Expect overfitting")).to_be_visible()
    stage(page, "layer4").click()
    expect(metric(page, "Computed once")).to_contain_text("5 of 5 stages")
    expect(page.get_by_text("Only the head learns")).to_be_visible()
    expect(page.get_by_role("button", name="You follow this advice")).to_be_disabled()
    expect(page.get_by_text("lined up: Feature extraction", exact=False)).not_to_contain_text(
        "Fine-tuning"
    )


def test_the_networks_are_ranked_for_the_photos(open_backbone: Open) -> None:
    page = open_backbone({"settings": {"per_class": 5}})
    page.get_by_role("button", name="Rank the networks for my photos").click()
    expect(page.get_by_text("Ranked for your photos")).to_be_visible(timeout=TRAINING)
    table = page.get_by_role("table").filter(has_text="LogME")
    bundled = [spec for spec in backbones() if spec.weights.origin == "bundled"]
    expect(table.get_by_role("row")).to_have_count(1 + len(bundled))
    for spec in bundled:
        title = page.get_by_role("cell", name=spec.title, exact=True)
        row = table.get_by_role("row").filter(has=title)
        expect(row.filter(has_text=spec.weights.source_task)).to_have_count(1)


def test_advice_is_asked_and_followed_by_keyboard_alone(open_backbone: Open) -> None:
    page = open_backbone({"thawed": []})
    page.get_by_role("radio", name="similar", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("Thaw the last stage.")).to_be_visible()
    follow = page.get_by_role("button", name="Follow this advice")
    follow.focus()
    page.keyboard.press("Enter")
    expect(stage(page, "layer4")).to_have_attribute("aria-pressed", "true")
    expect(preset(page, "Last stage")).to_have_attribute("aria-pressed", "true")


def test_the_map_by_keyboard_keeps_its_focus_through_the_answer(open_backbone: Open) -> None:
    page = open_backbone()
    preset(page, "Last stage").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(metric(page, "Computed once")).to_contain_text("3 of 5 stages")
    expect(preset(page, "Last two")).to_be_focused()
    stage(page, "layer2").focus()
    page.keyboard.press("Space")
    expect(metric(page, "Computed once")).to_contain_text("2 of 5 stages")
    expect(stage(page, "layer2")).to_be_focused()
    expect(stage(page, "layer2")).to_have_accessible_name(re.compile(r"learning rate times 0\.07"))


def test_from_scratch_is_lined_up_for_training(open_backbone: Open) -> None:
    page = open_backbone()
    preset(page, "From scratch").click()
    expect(
        page.get_by_text("lined up: Feature extraction, Fine-tuning, From scratch")
    ).to_be_visible()
    expect(page.locator("li.fresh")).to_have_count(6)
    preset(page, "Last two").click()
    expect(
        page.get_by_text(re.compile("lined up: Feature extraction, Fine-tuning$"))
    ).to_be_visible()


def test_another_network_by_keyboard(open_backbone: Open) -> None:
    page = open_backbone()
    page.get_by_role("radio", name="On this server").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    choose = card(page, "resnet18").get_by_role("button", name="Choose")
    expect(card(page, "resnet18")).to_contain_text("46.8 MB download")
    choose.focus()
    page.keyboard.press("Enter")
    expect(card(page, "resnet18").get_by_role("button", name="Chosen")).to_be_focused()
    expect(page.get_by_role("heading", name="ResNet-18, stage by stage")).to_be_visible()
    expect(page.get_by_role("group", name=re.compile("Stages of ResNet-18"))).to_be_visible()


def test_the_map_stays_where_it_is_when_the_plan_changes(open_backbone: Open) -> None:
    page = open_backbone(viewport={"width": 1440, "height": 1300})
    place = (
        "e => { const box = e.getBoundingClientRect(); return [box.top, box.left, box.height]; }"
    )
    before = page.locator(".map").evaluate(place)
    for name in ("Extract features", "Everything", "From scratch", "Last stage"):
        preset(page, name).click()
        expect(preset(page, name)).to_have_attribute("aria-pressed", "true")
        still(page)
        after = page.locator(".map").evaluate(place)
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 2


def test_cards_unfold_without_a_grave_fault(open_backbone: Open) -> None:
    page = open_backbone()
    page.get_by_role("radio", name="ResNet", exact=False).first.click()
    expect(card(page, "resnet18")).to_be_visible()
    card(page, "resnet18").get_by_text("About").click()
    expect(page.get_by_text("A host can do that before class")).to_be_visible()
    still(page)
    assert faults(page) == []


def test_the_code_of_the_screen_is_shown(open_backbone: Open) -> None:
    page = open_backbone()
    page.get_by_text("The code that does this").click()
    expect(page.get_by_test_id("stCode").first).to_contain_text("def apply(self, classifier")
    expect(page.get_by_text("tl_core/freezing.py")).to_be_visible()
