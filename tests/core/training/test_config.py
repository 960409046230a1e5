from __future__ import annotations

import json
from typing import Any

import pytest

from tl_core.errors import ConfigError, UnknownName
from tl_core.strategies import STRATEGIES
from tl_core.training.config import RunConfig, make_config


@pytest.mark.parametrize("strategy", STRATEGIES.names())
def test_a_configuration_survives_json(strategy: str) -> None:
    config = make_config("photos", strategy=strategy, seed=3)
    assert RunConfig.from_dict(json.loads(config.to_json())) == config


def test_a_choice_beats_the_strategy_which_beats_the_default() -> None:
    assert make_config("photos", strategy="tutorial").batch_size == 4
    assert make_config("photos", strategy="tutorial", batch_size=16).batch_size == 16
    assert make_config("photos").batch_size == 32


def test_what_a_strategy_is_cannot_be_chosen_away() -> None:
    config = make_config("p", strategy="from_scratch", weights="pretrained", trainable="last:1")
    assert (config.weights, config.trainable) == ("none", "all")


def test_none_counts_as_not_chosen() -> None:
    assert make_config("photos", lr=None) == make_config("photos")


def test_batch_norm_follows_the_weights() -> None:
    assert make_config("photos").batch_norm == "frozen"
    assert make_config("photos", strategy="fine_tune", weights="none").batch_norm == "adapt"
    assert make_config("photos", strategy="tutorial").batch_norm == "adapt"


def test_the_input_size_is_the_backbones() -> None:
    assert make_config("photos").input_size == 96
    assert make_config("photos", backbone="resnet18").input_size == 224


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epochs", 0, "from 1"),
        ("epochs", 2.5, "whole number"),
        ("epochs", True, "whole number"),
        ("lr", float("nan"), "lr must be"),
        ("lr", -1.0, "lr must be"),
        ("val_fraction", 1.0, "0.9"),
        ("optimizer", "adm", "adamw, adam, sgd"),
        ("batch_norm", "off", "frozen, adapt, adapt_all"),
        ("per_class", 0, "from 1"),
        ("trainable", "layer9", "layer4"),
    ],
)
def test_a_value_out_of_range_says_what_is_allowed(key: str, value: object, said: str) -> None:
    strategy = "fine_tune" if key == "trainable" else "feature_extraction"
    with pytest.raises(ConfigError, match=said):
        make_config("photos", strategy=strategy, **{key: value})


@pytest.mark.parametrize("key", ["backbone", "strategy", "augment"])
def test_an_unknown_name_is_refused(key: str) -> None:
    with pytest.raises(UnknownName, match="Available"):
        make_config("photos", **{key: "nothing_like_it"})


def test_a_former_name_is_read() -> None:
    config = make_config("photos", image_size=64)
    assert config.input_size == 64
    old = {"image_size" if key == "input_size" else key: v for key, v in config.to_dict().items()}
    assert RunConfig.from_dict(old) == config
    assert make_config("photos", image_size=64, input_size=32).input_size == 32


@pytest.mark.parametrize(
    ("backbone", "size", "near"),
    [
        ("resnet18", 1025, 1024),
        ("resnet18", 100_000, 1024),
        ("resnet18", 10**400, 1024),
        ("resnet18", -(10**5000), 32),
        ("vit_b_16", 1025, 1024),
        ("vit_b_16", 33, 32),
    ],
    ids=range(6),
)
def test_a_size_beyond_every_network_gets_the_nearest_one(
    backbone: str, size: int, near: int
) -> None:
    with pytest.raises(ConfigError, match=f"at most 1024.* The nearest that works is {near}"):
        make_config("photos", backbone=backbone, input_size=size)
    assert make_config("photos", backbone=backbone, input_size=near).input_size == near


@pytest.mark.parametrize("values", [None, [], "x", {}, {"data": 3}, {"data": "x", "data ": 1}])
def test_what_is_no_configuration_is_told(values: Any) -> None:
    with pytest.raises(ConfigError):
        RunConfig.from_dict(values)


def test_an_unknown_setting_gets_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'epochs'"):
        make_config("photos", epoch=3)
