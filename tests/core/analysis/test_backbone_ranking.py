from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

import pytest
import torch

from tl_core import cli
from tl_core.analysis import backbone_ranking
from tl_core.backbones.build import build_backbone
from tl_core.backbones.weights import fitting
from tl_core.data import make_split, open_dataset
from tl_core.errors import UnknownName, UserError
from tl_core.execution.inline import InlineExecutor
from tl_core.modalities.photo import PHOTO
from tl_core.store.database import Store


def test_a_network_that_learned_is_forecast_before_one_that_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [learned] = backbone_ranking.forecasts("produce/market", ["resnet_mini"], per_class=6)
    untrained = functools.partial(build_backbone, pretrained=False)
    monkeypatch.setattr(
        backbone_ranking, "build_backbone", lambda name, pretrained: untrained(name)
    )
    torch.manual_seed(0)
    [random] = backbone_ranking.forecasts("produce/market", ["resnet_mini"], per_class=6)
    assert learned.log_me > random.log_me
    assert learned.h_score > random.h_score


def test_the_same_photos_give_the_same_forecast(photos: Path) -> None:
    one, two = (list(backbone_ranking.forecasts(str(photos), ["resnet_mini"])) for _ in range(2))
    other = list(backbone_ranking.forecasts(str(photos), ["resnet_mini"], per_class=4))
    assert one == two != other


def test_a_forecast_sees_no_validation_photo(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    items = backbone_ranking.Items
    monkeypatch.setattr(
        backbone_ranking,
        "Items",
        lambda kind, files, *a, **more: read.extend(files) or items(kind, files, *a, **more),
    )
    list(backbone_ranking.forecasts(str(photos), ["resnet_mini"], val_fraction=0.5))
    dataset, _ = open_dataset(photos)
    train = make_split(dataset, seed=0, val_fraction=0.5).train
    assert len(train) == 10 and set(read) == {dataset.file(i) for i in train}


@pytest.mark.parametrize(
    ("data", "name", "error"),
    [("nowhere", "resnet_mini", UserError), (None, "nobody", UnknownName)],
)
def test_what_cannot_be_ranked_is_named(
    photos: Path, data: str | None, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=data or name):
        list(backbone_ranking.forecasts(data or str(photos), [name]))


def test_the_command_ranks_what_is_at_hand(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["rank", str(photos), "--json", "--per-class", "4"]) == 0
    found = json.loads(capsys.readouterr().out)["forecasts"]
    assert {entry["backbone"] for entry in found} == set(fitting(PHOTO))
    scores = [entry["log_me"] for entry in found]
    assert scores == sorted(scores, reverse=True)
    assert cli.main(["rank", str(photos), "--backbones", "resnet_mini"]) == 0
    table = capsys.readouterr().out
    assert " 1. resnet_mini" in table and "forecast" in table


def test_a_job_tells_each_forecast(photos: Path) -> None:
    executor = InlineExecutor(Store())
    payload = {
        "data": str(photos), "backbones": ["resnet_mini"], "seed": 0, "val_fraction": 0.3,
        "per_class": 4,
    }  # fmt: skip
    job = executor.submit("rank", payload, owner="ada")
    assert executor.store.job(job).status == "finished"
    told = [event for _, event in executor.store.events(job) if event["event"] == "Ranked"]
    [forecast] = backbone_ranking.forecasts(str(photos), ["resnet_mini"], per_class=4)
    assert told == [{"event": "Ranked", **dataclasses.asdict(forecast)}]
