"""Jobs that were stored under the former names of settings are done all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tl_core.cost.profile import ProfileKey
from tl_core.execution.inline import InlineExecutor


def test_a_preview(own_home: Path, photos: Path) -> None:
    executor = InlineExecutor()
    file = str(next(photos.rglob("*.jpg")))
    wanted = {"file": file, "augment": "none", "backbone": "resnet_mini", "image_size": 32}
    job = executor.store.job(executor.submit("preview", wanted, owner="ada"))
    assert job is not None and job.status == "finished"


def test_a_measurement(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Any] = []
    monkeypatch.setattr("tl_core.execution.worker.measure_costs", measured.append)
    what = {"backbone": "resnet_mini", "device": "cpu", "precision": "fp32", "threads": 1}
    executor = InlineExecutor()
    executor.submit("measure_costs", {**what, "image_size": 32}, owner="")
    assert measured == [ProfileKey("resnet_mini", 32, "cpu", "fp32", 1)]
