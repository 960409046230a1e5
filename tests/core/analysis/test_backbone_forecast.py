from __future__ import annotations

import pytest

from tl_core.analysis.backbone_forecast import Forecast, outcome_words, read_forecasts

SCORES = {"resnet_mini": 0.3, "resnet18": 0.2, "vgg16": 0.1}


def test_forecasts_are_read_in_their_order() -> None:
    told = [
        {"event": "Ranked", "backbone": "vgg16", "log_me": 0.1, "h_score": 2.0},
        {"event": "PreparationAdvanced", "done": 1, "total": 2, "what": "photos"},
        {"event": "Ranked", "backbone": "resnet18", "log_me": 0.2, "h_score": 1.0},
    ]
    assert read_forecasts(told) == [Forecast("resnet18", 0.2, 1.0), Forecast("vgg16", 0.1, 2.0)]


@pytest.mark.parametrize(
    ("accuracies", "part"),
    [
        ({"resnet_mini": 0.9}, None),
        ({"resnet_mini": 0.9, "swin_t": 0.8}, None),
        ({"resnet_mini": 0.9, "vgg16": 0.8}, "It was right: ResNet-mini 90.0%, VGG-16 80.0%."),
        ({"resnet_mini": 0.7, "vgg16": 0.8}, "It was wrong: VGG-16 80.0%, ResNet-mini 70.0%."),
        ({"resnet_mini": 0.8, "vgg16": 0.8}, "It came out even"),
        ({"resnet_mini": 0.9, "resnet18": 0.7, "vgg16": 0.8}, "2 of 3 pairs"),
        ({"resnet_mini": 0.9, "resnet18": 0.7, "vgg16": 0.8}, "(Kendall's tau 0.33)"),
        ({"resnet_mini": 0.7, "resnet18": 0.8, "vgg16": 0.9}, "(Kendall's tau -1.00)"),
    ],
)
def test_the_outcome_in_words(accuracies: dict[str, float], part: str | None) -> None:
    words = outcome_words(SCORES, accuracies)
    assert words is None if part is None else words is not None and part in words
