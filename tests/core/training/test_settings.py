from __future__ import annotations

import pytest

from tl_core.errors import ConfigError, UnknownName
from tl_core.modalities import MODALITIES, Modality
from tl_core.modalities.photo import PHOTO
from tl_core.training.config import DEFAULTS, settings_for
from tl_core.training.settings import Interval

SETTINGS = settings_for(PHOTO)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_told_in_words_and_allows_its_default(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.about.title and setting.about.help.endswith(".")
    if name in DEFAULTS:
        setting.check(DEFAULTS[name])


@pytest.mark.parametrize("name", [n for n in SETTINGS if isinstance(SETTINGS[n].allowed, Interval)])
def test_a_control_allows_nothing_that_the_check_refuses(name: str) -> None:
    for value in SETTINGS[name].control:
        SETTINGS[name].check(SETTINGS[name].kind(value))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("seed", -1, "seed must be a whole number from 0 to 2147483647, not -1"),
        ("lr", "0.1", "lr must be a number from 1e-08 to 10, not '0.1'"),
        ("optimizer", ["sgd"], "Allowed: adamw, adam, sgd"),
        ("class_weights", 1, "class_weights must be True or False, not 1"),
        ("test", 3, "test must be text, not 3"),
        ("epochs", None, "epochs must be a whole number"),
    ],
)
def test_what_is_refused_is_told_with_what_is_allowed(name: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SETTINGS[name].check(value)


def test_names_of_a_registry_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'strong'"):
        SETTINGS["augment"].check("stron")


def test_only_what_may_be_left_open_may_be_none() -> None:
    assert [name for name, setting in SETTINGS.items() if setting.optional] == ["test", "per_class"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "7", 7),
        ("lr", "1e-3", 1e-3),
        ("head", "mlp", "mlp"),
        ("class_weights", "1", True),
    ],
)
def test_the_text_of_a_link_is_read(name: str, text: str, value: object) -> None:
    assert SETTINGS[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text"), [("epochs", "201"), ("epochs", "2.5"), ("lr", "nan"), ("class_weights", "on")]
)
def test_text_that_no_control_would_give_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*, not '{text}'"):
        SETTINGS[name].read(text)


@pytest.mark.parametrize("kind", [None, *MODALITIES], ids=lambda kind: kind and kind.name)
def test_a_setting_speaks_of_the_kind_of_data(kind: Modality | None) -> None:
    settings = settings_for(kind)
    plural = kind.plural if kind else "items"
    assert settings["per_class"].about.title == f"{plural.capitalize()} a class"
    assert plural in settings["batch_size"].about.help
    for setting in settings.values():
        assert not set("{}") & set(setting.about.title + setting.about.help)
        assert setting.about.title[0].isupper()
