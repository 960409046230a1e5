"""Backbone & layers without a browser: cards, the plan and its numbers, advice, trouble."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, links, rerun, texts
from tl_core.backbones.spec import backbones
from tl_core.home import home
from ui.backbone.cards import COLUMNS, HERE, groups

STAGES = backbones().get("resnet_mini").stage_names


@pytest.fixture(autouse=True)
def nothing_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def group(app: Any, label: str) -> Any:
    return next(widget for widget in app.get("button_group") if widget.label.startswith(label))


def button(app: Any, key: str) -> Any:
    return next(widget for widget in app.button if widget.key == key)


def kept(lab: Lab) -> dict[str, Any]:
    return lab.store.workspace(OWNER)


def click(app: Any, key: str, **plan: Any) -> Any:
    """Say what the map in the browser says after a click."""
    if "_layer_map_turns" not in app.session_state:
        app.session_state["_layer_map_turns"] = {}
    turns = app.session_state["_layer_map_turns"]
    app.session_state[key] = {"click": {"turn": 1 + (turns.get(key) or 0), **plan}}
    return rerun(app)


# ----------------------------------------------------------------------------------------- cards


def test_every_network_has_a_card_in_its_family() -> None:
    found = groups()
    assert next(iter(found)) == HERE
    families = {spec.name for key, specs in found.items() if key != HERE for spec in specs}
    assert families == set(backbones().names())
    assert all(spec.family == key for key, specs in found.items() if key != HERE for spec in specs)


def test_what_is_here_comes_first(tmp_path: Path) -> None:
    spec = backbones().get("resnet50")
    file = tmp_path / "torch" / "hub" / "checkpoints" / spec.weights.file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    assert [s.name for s in groups()[HERE]][-1] == "resnet50"
    names = [s.name for s in groups()["resnet"]]
    assert names.index("resnet50") < names.index("resnet18")


def test_a_card_names_source_size_accuracy_paper_and_licence(lab: Lab) -> None:
    said = texts(lab.open("backbone"))
    for fact in ("bundled", "2.7 M parameters", "96 px", "52.5% right on Tiny ImageNet"):
        assert fact in said
    assert "https://arxiv.org/abs/1512.03385" in said and "MIT, as this project" in said


def test_another_family_shows_its_cards(lab: Lab) -> None:
    app = lab.open("backbone")
    group(app, "Networks").set_value("resnet")
    rerun(app)
    cards = [b.key for b in app.button if b.key.startswith("choose_")]
    assert cards[0] == "choose_resnet_mini" and "choose_resnet18" in cards
    assert len(cards) > COLUMNS
    assert "46.8 MB download" in texts(app) and "prefetch resnet18" in texts(app)


def test_another_network_starts_with_a_plan_of_its_own(lab: Lab) -> None:
    lab.choose(thawed=["layer4"])
    app = lab.open("backbone")
    group(app, "Networks").set_value("vgg")
    rerun(app)
    assert "ResNet-mini" in texts(app)  # which is still the chosen one
    button(app, "choose_vgg16").click()
    rerun(app)
    assert kept(lab)["backbone"] == "vgg16" and kept(lab)["thawed"] is None
    assert all(switch.value for switch in app.toggle)
    assert button(app, "choose_vgg16").label == "Chosen"


def test_the_cards_open_at_the_chosen_family(lab: Lab) -> None:
    lab.choose(backbone="vit_b_16")
    app = lab.open("backbone")
    assert group(app, "Networks").value == "vit"
    assert button(app, "choose_vit_b_16").label == "Chosen"


def test_a_network_that_is_gone_is_replaced(lab: Lab) -> None:
    lab.choose(backbone="resnet_of_yesterday", thawed=["layer9"])
    assert button(lab.open("backbone"), "choose_resnet_mini").label == "Chosen"


# -------------------------------------------------------------------------------- plan and numbers


def test_a_click_on_the_map_changes_plan_switches_and_numbers(lab: Lab) -> None:
    lab.choose()
    app = lab.open("backbone")
    assert all(switch.value for switch in app.toggle)
    click(app, "map_resnet_mini", trainable=["layer4"], fresh=False)
    assert [switch.value for switch in app.toggle] == [False] * 4 + [True]
    assert kept(lab)["thawed"] == ["layer4"]
    assert [metric.value for metric in app.metric] == ["2.1 M", "67 %"]
    assert app.metric[1].delta == "4 of 5 stages"


@pytest.mark.parametrize(
    "said", [{"trainable": "layer4"}, {"trainable": [1, None, "<b>"]}, {"fresh": "yes"}, {}]
)
def test_nonsense_from_the_browser_thaws_nothing(said: dict[str, Any], lab: Lab) -> None:
    click(lab.open("backbone"), "map_resnet_mini", **said)
    assert kept(lab)["thawed"] == []


def test_from_scratch_lines_that_strategy_up_and_leaves_the_plan(lab: Lab) -> None:
    lab.choose(thawed=["layer4"])
    app = lab.open("backbone")
    click(app, "map_resnet_mini", trainable=[], fresh=True)
    assert "from_scratch" in kept(lab)["strategies"] and kept(lab)["thawed"] == ["layer4"]
    assert all(switch.value for switch in app.toggle)
    assert "From scratch" in texts(app) and "Random weights" in texts(app)
    assert "Random weights" in texts(lab.open("backbone"))  # as after a reload
    click(app, "map_resnet_mini", trainable=["layer3", "layer4"], fresh=False)
    assert kept(lab)["strategies"] == ["feature_extraction", "fine_tune"]
    assert kept(lab)["thawed"] == ["layer3", "layer4"]


def test_a_switch_does_what_a_click_does(lab: Lab) -> None:
    app = lab.open("backbone")
    app.toggle[0].set_value(False)
    rerun(app)
    assert kept(lab)["thawed"] == ["layer1", "layer2", "layer3", "layer4"]
    assert app.metric[1].delta == "1 of 5 stages"


def test_the_plan_that_extracts_can_be_trained(lab: Lab) -> None:
    lab.choose()
    click(lab.open("backbone"), "map_resnet_mini", trainable=[], fresh=False)
    assert kept(lab)["strategies"] == ["feature_extraction"]
    app = lab.open("train")
    assert app.button[0].label == "Start 1 run" and not app.button[0].disabled


# ------------------------------------------------------------------------------- risks and advice


def test_without_photos_it_leads_to_them(lab: Lab) -> None:
    app = lab.open("backbone")
    assert "data" in links(app) and "train" in links(app)
    assert "advice appears here" in texts(app)
    assert not [b for b in app.button if b.key == "follow_advice"]


def test_few_photos_and_many_parameters_are_told(lab: Lab) -> None:
    lab.choose()
    said = texts(lab.open("backbone"))
    assert "2.7 million parameters would learn from 14 photos" in said
    lab.choose(thawed=[])
    assert "Only the head learns" in texts(lab.open("backbone"))


def test_the_split_and_the_cut_count(lab: Lab) -> None:
    lab.choose(settings={"per_class": 3})
    assert "learn from 6 photos" in texts(lab.open("backbone"))


def test_advice_can_be_followed_and_overruled(lab: Lab) -> None:
    lab.choose()
    app = lab.open("backbone")
    assert (
        "**Extract features.** You have few photos (14 for training), and they are similar"
        in texts(app)
    )
    button(app, "follow_advice").click()
    rerun(app)
    assert kept(lab)["thawed"] == [] and button(app, "follow_advice").disabled
    group(app, "Compared with").set_value("different")
    rerun(app)
    assert "**Thaw the last stage.**" in texts(app)
    button(app, "follow_advice").click()
    rerun(app)
    assert kept(lab)["thawed"] == ["layer4"]
    assert kept(lab)["strategies"] == ["feature_extraction", "fine_tune"]
    click(app, "map_resnet_mini", trainable=list(STAGES), fresh=False)
    assert kept(lab)["thawed"] == list(STAGES) and not button(app, "follow_advice").disabled


def test_the_table_names_its_sources_and_marks_the_case(lab: Lab) -> None:
    lab.choose()
    said = texts(lab.open("backbone"))
    assert "https://cs231n.github.io/transfer-learning/" in said
    assert "https://arxiv.org/abs/1411.1792" in said
    assert said.count("➤") == 1


# --------------------------------------------------------------------------------------- trouble


def test_photos_that_cannot_be_read_any_more_are_told_in_a_sentence(lab: Lab) -> None:
    data = home() / "hollow"
    data.mkdir()
    lab.choose(data)
    app = lab.open("backbone")
    assert len(app.warning) == 1 and "Traceback" not in app.warning[0].value
    assert "data" in links(app)


def test_photos_that_were_removed_are_as_none(lab: Lab) -> None:
    data = make_photo_folder(home() / "gone", per_class=6)
    lab.choose(data)
    shutil.rmtree(data)
    assert "advice appears here" in texts(lab.open("backbone"))


def test_one_class_is_no_base_for_advice(lab: Lab, tmp_path: Path) -> None:
    lab.choose(make_photo_folder(tmp_path / "set", classes=["ant"]))
    assert "advice appears here" in texts(lab.open("backbone"))


def test_a_photo_size_that_does_not_fit_is_told_and_the_map_drawn(lab: Lab) -> None:
    lab.choose(backbone="vit_b_16", settings={"input_size": 100})
    app = lab.open("backbone")
    assert "multiple of 16" in app.warning[0].value
    assert len(app.toggle) == len(backbones().get("vit_b_16").stages)


@pytest.mark.parametrize("name", backbones().names())
def test_every_network_can_be_shown(name: str, lab: Lab) -> None:
    lab.choose(backbone=name)
    assert len(lab.open("backbone").toggle) == len(backbones().get(name).stages)


def test_the_code_stands_on_the_screen(lab: Lab) -> None:
    app = lab.open("backbone")
    assert any("def apply(self, classifier" in code.value for code in app.code)
    assert "tl_core/freezing.py" in texts(app)
