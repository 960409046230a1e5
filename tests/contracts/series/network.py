"""A network that reads series: two convolutions over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tl_core.backbones.catalog import Architecture
from tl_core.backbones.family import Family
from tl_core.backbones.spec import BackboneSpec, Stage, WeightsSource
from tl_core.backbones.staged import Layout, StageDef


class SeriesNet(nn.Module):
    def __init__(self, num_classes: int = 4) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv1d(1, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2)
        )
        self.body = nn.Sequential(nn.Conv1d(8, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU())
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(self.stem(x)).mean(2)
        scores: torch.Tensor = self.fc(x)
        return scores


def layout(model: nn.Module) -> Layout:
    stages = (
        StageDef("stem", "Stem", "Slopes.", ("stem",)),
        StageDef("body", "Body", "Waves.", ("body",)),
    )
    return Layout(stages, head_prefix="fc")


FAMILY = Family(name="series_net", paper="Invented", layout=layout, modality="series")
ARCHITECTURE = Architecture("series_net", "SeriesNet", FAMILY, SeriesNet, None, "Invented.")


def spec(preprocessing: Any) -> BackboneSpec:
    return BackboneSpec(
        name="series_net",
        title="SeriesNet",
        family="series_net",
        modality="series",
        summary="Invented.",
        paper="Invented",
        num_features=16,
        size_multiple=1,
        preprocessing=preprocessing,
        weights=WeightsSource("bundled", "none.safetensors", None, "", 0, "nothing", 0.0, "MIT"),
        stages=(
            Stage("stem", "Stem", "Slopes.", 64, (8, 32), 64 * 8 * 5),
            Stage("body", "Body", "Waves.", 688, (16, 32), 32 * 16 * 8 * 5),
        ),
    )
