"""Folders of runs that nobody trained: whole, small and quick to make."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tl_core.backbones.build import build_backbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.training.config import make_config
from tl_core.training.events import EpochEnded, PhaseStarted
from tl_core.training.novelty import NoveltyDetector
from tl_core.training.record import WEIGHTS, Prediction, RunRecord

BACKBONE = "mobilenet_mini"


def make_run(folder: Path, classes: Sequence[str] = ("ant", "bee")) -> Path:
    """Write what a run of one epoch on four photos leaves behind."""
    config = make_config("photos", backbone=BACKBONE, input_size=32, epochs=1)
    paths = [f"{name}/{number}.jpg" for name in classes for number in range(2)]
    answer = tuple(1 / len(classes) for _ in classes)
    record = RunRecord(
        config=config,
        status="finished",
        reason=None,
        environment={"python": "3.11", "decode": {"formats": ["JPEG"]}},
        classes=tuple(classes),
        fingerprint="0" * 64,
        split={"train": paths, "val": paths, "test": []},
        total_parameters=10,
        trainable_parameters=2,
        history=(EpochEnded(1, 1, 0.7, 0.5, 0.6, 0.5, 1e-3, 2.0, True),),
        phases=(PhaseStarted(1, "Head only", [], 2, first_epoch=1, epochs=1),),
        best_epoch=1,
        seconds=2.0,
        val=tuple(Prediction(p, n // 2, answer) for n, p in enumerate(paths)),
    )
    record.save(folder)
    torch.manual_seed(0)
    backbone = build_backbone(BACKBONE, pretrained=False, input_size=32)
    network = TransferClassifier(backbone, make_head("linear", backbone.num_features, len(classes)))
    save_file(network.state_dict(), folder / WEIGHTS)
    seen = torch.rand(len(paths), backbone.num_features)
    NoveltyDetector.fit(seen, seen + 0.1).save(folder)
    return folder


def change(file: Path, how: Callable[[Any], object]) -> None:
    """Change what a JSON file holds, in place."""
    values = json.loads(file.read_text())
    how(values)
    file.write_text(json.dumps(values))
