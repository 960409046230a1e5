"""The forecast of which networks suit the photos, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ui.lab import OWNER, Lab, rerun, tables, texts
from tl_core.analysis.backbone_forecast import read_forecasts
from tl_core.execution.inline import InlineExecutor
from ui.backbone import backbone_ranking
from ui.compare import ranking_outcome

BUTTON = "Rank the networks for my photos"
SCORES = {"resnet_mini": 0.3, "resnet18": 0.2, "vgg16": 0.1}


@pytest.fixture(autouse=True)
def three_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone_ranking, "fitting", lambda kind: list(SCORES))


def rank_button(app: Any) -> Any:
    return next((button for button in app.button if button.label == BUTTON), None)


def ranked(lab: Lab, status: str = "finished", **payload: Any) -> str:
    """Leave what a ranking job left, without running a network."""
    wanted = {
        "data": str(lab.own(lab.photos)), "backbones": list(SCORES), "seed": 0,
        "val_fraction": 0.3, "per_class": None, **payload,
    }  # fmt: skip
    job = lab.store.add_job("rank", wanted, owner=OWNER)
    lab.store.start(job)
    told = [
        {"event": "Ranked", "backbone": name, "log_me": score, "h_score": 2 * score}
        for name, score in sorted(SCORES.items())
    ]
    lab.store.append(job, 1, told)
    lab.store.end(job, status, None if status == "finished" else "No room *here*.")
    return job


def test_a_click_hands_the_ranking_in(lab: Lab) -> None:
    lab.choose(settings={"per_class": 4})
    app = lab.open("backbone")
    rank_button(app).click()
    rerun(app)
    [job] = lab.store.jobs(owner=OWNER, kind="rank")
    assert job.payload == {
        "data": str(lab.own(lab.photos)), "backbones": list(SCORES), "seed": 0,
        "val_fraction": 0.3, "per_class": 4,
    }  # fmt: skip
    assert rank_button(app) is None and "Waiting for its turn" in texts(app)


def test_the_order_is_shown_and_called_a_forecast(lab: Lab) -> None:
    lab.choose()
    ranked(lab)
    app = lab.open("backbone")
    table = next(t for t in tables(app) if "LogME" in t)
    assert table["Network"] == ["ResNet-mini", "ResNet-18", "VGG-16"]
    assert table["LogME"] == ["0.300", "0.200", "0.100"]
    assert "A forecast" in texts(app) and "0.4 on Pets" in texts(app)


def test_other_photos_need_a_ranking_of_their_own(lab: Lab) -> None:
    ranked(lab)
    lab.choose(settings={"per_class": 3})
    assert rank_button(lab.open("backbone")) is not None


def test_a_failure_is_told_as_text_and_can_be_tried_again(lab: Lab) -> None:
    lab.choose()
    ranked(lab, "failed")
    app = lab.open("backbone")
    assert rank_button(app) is not None and r"No room \*here\*\." in texts(app)


def test_without_photos_or_with_one_network_there_is_nothing_to_rank(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rank_button(lab.open("backbone")) is None
    lab.choose()
    monkeypatch.setattr(backbone_ranking, "fitting", lambda kind: ["resnet_mini"])
    assert rank_button(lab.open("backbone")) is None


def test_a_ranking_really_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InlineExecutor, "watch", lambda self: None, raising=False)
    lab.choose()
    job = ranked(lab, backbones=["resnet_mini"])
    payload = lab.store.job(job).payload
    done = InlineExecutor(lab.store).submit("rank", payload, owner=OWNER)
    [forecast] = read_forecasts(event for _, event in lab.store.events(done))
    assert forecast.backbone == "resnet_mini"


def test_compare_says_what_became_of_the_forecast(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lab.choose()
    lab.train(["feature_extraction"], seed=0)
    ranked(lab)
    assert "ranking's forecast" not in texts(lab.open("compare"))
    monkeypatch.setattr(
        ranking_outcome,
        "_by_strategy",
        lambda runs: {"feature_extraction": {"resnet_mini": 0.9, "vgg16": 0.8}},
    )
    said = texts(lab.open("compare"))
    assert "The ranking's forecast, feature extraction.** It was right: ResNet-mini 90.0%" in said
