"""Links that carry an experiment, and links that carry something else."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.ui.lab import APP, OWNER, Lab, rerun, texts
from ui.shared.state import AppState
from ui.train.link import decode, encode

LINK = {
    "data": "produce/market",
    "backbone": "resnet_mini",
    "thawed": "layer4",
    "strategies": "feature_extraction,hybrid",
    "epochs": "10",
    "lr": "0.01",
    "head": "mlp",
    "class_weights": "1",
}


def test_what_is_put_into_a_link_comes_out_of_it() -> None:
    state = AppState.from_dict(decode(LINK).given)
    assert state.data == "produce/market" and state.thawed == ("layer4",)
    assert state.settings == {"epochs": 10, "lr": 0.01, "head": "mlp", "class_weights": True}
    assert AppState.from_dict(decode(dict(parse_qsl(encode(state)))).given) == state


def test_a_link_says_how_its_photos_are_read_and_nothing_of_others() -> None:
    state = AppState(
        data="produce/market", data_name="produce/market", settings={"layout": "inner"}
    )
    assert AppState.from_dict(decode(dict(parse_qsl(encode(state)))).given) == state
    state.data = "/tmp/tl/uploads/secret"
    assert "layout" not in encode(state)
    read = decode({"layout": "inner", "epochs": "3"})
    assert read.given["settings"] == {"epochs": 3} and not read.notes
    wrong = decode({"data": "produce/market", "layout": "sideways"})
    assert wrong.given["settings"] == {} and len(wrong.notes) == 1


def test_a_link_without_photos_leaves_the_reading_of_the_learners_own(lab: Lab) -> None:
    lab.choose(settings={"layout": "classes", "epochs": 9})
    app = opened(lab, {"strategies": "hybrid", "epochs": "3"})
    next(button for button in app.button if button.label.startswith("Set up")).click()
    rerun(app)
    assert lab.store.workspace(OWNER)["settings"] == {"epochs": 3, "layout": "classes"}


def test_a_link_may_use_the_former_name_of_a_setting() -> None:
    read = decode({"image_size": "64"})
    assert read.given["settings"] == {"input_size": 64} and not read.notes


@pytest.mark.parametrize("thawed", [None, (), ("stem", "layer4")])
def test_every_plan_survives(thawed: tuple[str, ...] | None) -> None:
    state = AppState(data="produce/market", data_name="produce/market", thawed=thawed)
    assert AppState.from_dict(decode(dict(parse_qsl(encode(state)))).given) == state


@pytest.mark.parametrize("data", ["/etc", "/tmp/tl/uploads/secret", "../assets"])
def test_a_path_never_gets_into_a_link_nor_out_of_one(data: str) -> None:
    assert "data" not in encode(AppState(data=data, data_name=data))
    read = decode({"data": data})
    assert "data" not in read.given and len(read.notes) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data", "**nothing**"),
        ("data", "pets"),
        ("backbone", "<script>alert(1)</script>"),
        ("thawed", "layer9"),
        ("strategies", "magic"),
        ("epochs", "1e9"),
        ("epochs", "-1"),
        ("epochs", "999999999999999999999999"),
        ("epochs", "ten"),
        ("lr", "nan"),
        ("lr", "inf"),
        ("input_size", "33.5"),
        ("head", "__class__"),
        ("class_weights", "2"),
        ("optimizer", "x" * 10_000),
    ],
)
def test_what_does_not_fit_is_left_out_and_told(key: str, value: str, own_home: Any) -> None:
    read = decode({"strategies": "hybrid"} | {key: value})
    assert read.notes and all(len(note) < 400 for note in read.notes)
    state = AppState.from_dict(read.given)
    assert state.settings == {} and state.data is None and state.backbone == "resnet_mini"


def test_what_is_no_part_of_an_experiment_is_not_read() -> None:
    read = decode({"room": "ABCDEF", "owner": "x", "data_name": "y", "settings": "{}"})
    assert read.given == {} and read.notes == []


def opened(lab: Lab, link: dict[str, str]) -> Any:
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["owner"] = OWNER
    for key, value in link.items():
        app.query_params[key] = value
    return rerun(app)


def test_a_link_lands_on_train_with_everything_set(lab: Lab) -> None:
    app = opened(lab, LINK)
    assert app.title[0].value == "Train"
    kept = AppState.from_dict(lab.store.workspace(OWNER))
    assert kept.strategies == ("feature_extraction", "hybrid") and kept.thawed == ("layer4",)
    assert "Start 2 runs" in [button.label for button in app.button]


def test_a_link_without_photos_lands_where_they_are_chosen(lab: Lab) -> None:
    app = opened(lab, {"strategies": "hybrid", "data": "**none**"})
    assert app.title[0].value == "Data"


def test_a_link_asks_before_it_replaces(lab: Lab) -> None:
    lab.choose()
    app = opened(lab, LINK)
    assert "stays as it is" in texts(app)
    assert lab.store.workspace(OWNER)["data"] == str(lab.photos)
    next(button for button in app.button if button.label.startswith("Set up")).click()
    rerun(app)
    assert lab.store.workspace(OWNER)["data"] == "produce/market"


def test_what_a_link_would_replace_can_be_kept(lab: Lab) -> None:
    lab.choose()
    app = opened(lab, LINK)
    next(button for button in app.button if button.label == "Keep mine").click()
    rerun(app)
    assert app.title[0].value == "Transfer-learning laboratory"
    assert lab.store.workspace(OWNER)["data"] == str(lab.photos)


def test_a_workspace_may_hold_the_former_name_of_a_setting() -> None:
    assert AppState.from_dict({"settings": {"image_size": 64}}).settings == {"input_size": 64}


def test_a_size_that_no_network_takes_is_told_with_what_is_allowed() -> None:
    read = decode({"input_size": "100000"})
    assert read.given.get("settings", {}) == {}
    assert read.notes == [
        "A setting of the link was left out: input_size must be a whole number from 32 to 512, "
        "not '100000'."
    ]


def test_a_damaged_part_of_a_workspace_is_left_out_and_the_rest_is_kept() -> None:
    state = AppState.from_dict(
        {
            "data": 3, "data_name": "ants", "backbone": ["resnet18"], "thawed": "layer4",
            "strategies": ["hybrid", "magic"],
            "settings": {"epochs": "many", "lr": 0.1, "augment": "strong", "x": 1},
            "guesses": {"c": {"winner": "me"}}, "spec": 1, "configs": 2,
        }
    )  # fmt: skip
    settings = {"lr": 0.1, "augment": "strong"}
    assert state == AppState(data_name="ants", strategies=("hybrid",), settings=settings)
