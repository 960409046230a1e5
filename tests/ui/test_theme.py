import re
import tomllib
from pathlib import Path

import pytest

from tl_core.strategies import STRATEGIES
from ui.shared.theme import (
    STRATEGY_STYLE,
    contrast,
    strategy_style,
    styles_for,
)

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"


def config():
    return tomllib.loads(CONFIG.read_text(encoding="utf-8"))


def test_every_strategy_has_its_own_color_and_marker():
    styles = STRATEGY_STYLE.values()
    assert len({s.color for s in styles}) == len({s.symbol for s in styles}) == len(styles)


def test_strategies_of_the_core_are_all_styled():
    assert set(STRATEGIES.names()) <= STRATEGY_STYLE.keys()


def test_contrast_of_known_pairs():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_repeats_keep_the_color_and_change_the_dash():
    first, other, second = styles_for(["hybrid", "fine_tune", "hybrid"])
    assert first == strategy_style("hybrid")
    assert (first.color, first.symbol) == (second.color, second.symbol)
    assert first.dash != second.dash
    assert other.color != first.color


def test_a_plug_in_needs_no_entry():
    assert strategy_style("my_own").color not in {s.color for s in STRATEGY_STYLE.values()}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes_can_be_read(theme):
    colors = config()["theme"][theme]
    for ground in (colors["backgroundColor"], colors["secondaryBackgroundColor"]):
        assert contrast(colors["textColor"], ground) >= 7
        assert contrast(colors["linkColor"], ground) >= 4.5
    assert contrast(colors["primaryColor"], "#ffffff") >= 4.4
    assert contrast(colors["primaryColor"], colors["backgroundColor"]) >= 3
    series = [s.color for s in STRATEGY_STYLE.values()]
    assert [c.lower() for c in colors["chartCategoricalColors"]][:3] == series[:3]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_map_texts_can_be_read(theme):
    css = (
        Path(__file__).parents[2] / "ui" / "backbone" / "layer_map" / "layer_map.css"
    ).read_text()
    pairs = dict(re.findall(r"--([a-z-]+): light-dark\(([^)]*)\)", css))
    color = {k: v.split(", ")[theme == "dark"] for k, v in pairs.items()}
    ground = config()["theme"][theme]["backgroundColor"]
    assert contrast(color["muted"], ground) >= 4.5
    for state in ("ice", "fire", "fresh"):
        assert contrast(color[state], color[f"{state}-front"]) >= 4.5
        assert contrast(color[state], ground) >= 4.5


def test_config_is_safe_for_visitors():
    settings = config()
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True
    assert settings["server"]["maxUploadSize"] == 500
    assert settings["browser"]["gatherUsageStats"] is False
