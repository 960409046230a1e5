"""Every kind of network can be measured, and every plan of it predicted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.families import ONE_OF_EACH_FAMILY, small
from tests.photos import make_photo_folder
from tl_core.backbones.spec import backbones
from tl_core.backbones.staged import StagedBackbone
from tl_core.cli import main
from tl_core.cost import benchmarks, measure
from tl_core.cost.estimate import Amount, estimate_cost
from tl_core.cost.profile import CostProfile, Line, ProfileKey
from tl_core.execution.inline import InlineExecutor
from tl_core.machine import Contention
from tl_core.strategies import STRATEGIES
from tl_core.training.config import make_config

PHOTOS = Amount(train=20, val=8)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LARGEST": 4, "SMALLEST": 4, "REPEATS": 1, "PATIENCE": 0.0}.items():
        monkeypatch.setattr(measure, name, value)
    for name, value in {"ITEMS": 2, "WRITTEN": 2**16, "TOUCHED": 2**16}.items():
        monkeypatch.setattr(benchmarks, name, value)


@pytest.mark.parametrize("name", ONE_OF_EACH_FAMILY)
def test_every_family_can_be_measured(name: str) -> None:
    spec = backbones().get(name)
    size = small(name)
    state = torch.random.get_rng_state()
    what = ProfileKey(name, size, "cpu", "fp32", 1)
    costs = measure.measure_costs(what)
    assert torch.equal(torch.random.get_rng_state(), state), "random numbers were drawn"
    assert CostProfile.load(what) == costs
    assert len(costs.stages) == len(spec.stages)
    for facts, stage in zip(spec.stages, costs.stages, strict=True):
        # A smaller photo has fewer patches whose place is learned.
        assert stage.state_bytes >= 0.8 * 4 * facts.parameters and stage.working_bytes > 0
        for line in (stage.frozen, stage.evaluated, stage.trained):
            assert line.of(8, batch=4) > 0
        if facts.parameters:
            assert stage.update > 0 and stage.saved_bytes > 0
    for strategy in STRATEGIES.names():
        config = make_config("photos", backbone=name, strategy=strategy, input_size=size, epochs=3)
        told = estimate_cost(config, costs, PHOTOS)
        assert told.total_seconds > 0 and all(seconds > 0 for seconds in told.epoch_seconds)
        assert len(told.epoch_seconds) == len(config.phases)


def test_bf16_has_its_own_costs_beside_those_of_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage "takes" as many seconds here as its numbers have bits."""
    bits = [0.0]
    prefix = StagedBackbone.prefix

    def note(backbone: StagedBackbone, *where: Any) -> torch.Tensor:
        y = prefix(backbone, *where)
        bits.append(8.0 * y.element_size())
        return y

    def seconds(_: object, run: Callable[[], object]) -> tuple[float, float]:
        run()
        return bits[-1], bits[-1]

    monkeypatch.setattr(StagedBackbone, "prefix", note)
    monkeypatch.setattr(measure._Bench, "_seconds", seconds)
    costs = measure.measure_costs(ProfileKey("resnet_mini", 32, "cpu", "bf16", 1))
    assert costs.precision == "bf16"
    for stage in costs.stages:
        assert (stage.frozen, stage.evaluated, stage.trained) == (Line(16, 0),) * 3
        assert stage.recorded == Line(32, 0)


def test_what_auto_means_is_found_out_and_kept_under_auto() -> None:
    what = ProfileKey("resnet_mini", 32, "auto", "auto", 1)
    costs = measure.measure_costs(what)
    assert costs.device != "auto" and costs.precision in ("fp32", "bf16")
    assert CostProfile.load(what) == costs


def test_it_is_a_job_that_any_executor_does() -> None:
    executor = InlineExecutor()
    what = ProfileKey("resnet_mini", 32, "cpu", "fp32", 1)
    done = executor.store.job(executor.submit("measure_costs", asdict(what), owner=""))
    assert done is not None and done.status == "finished" and CostProfile.load(what) is not None
    wrong = executor.submit("measure_costs", {**asdict(what), "input_size": 3}, owner="")
    failed = executor.store.job(wrong)
    assert failed is not None and failed.status == "failed" and "3 px" in (failed.reason or "")
    executor.store.close()


def test_the_command_line_tells_what_a_run_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = str(make_photo_folder(tmp_path / "photos", per_class=8))
    monkeypatch.setattr(Contention, "found", lambda _: False)
    chosen = [
        "--strategy",
        "hybrid",
        "--trainable",
        "last:1",
        "--epochs",
        "4",
        "--input-size",
        "32",
    ]
    machine = ["--device", "cpu", "--precision", "fp32", "--threads", "1"]
    assert main(["cost", photos, *chosen, *machine]) == 0
    said = capsys.readouterr().out
    assert "hybrid on resnet_mini" in said and "Head only: 2 x" in said and "Thawed: 2 x" in said
    # Measured once: the second question is answered from what is kept.
    monkeypatch.setattr(measure, "measure_costs", None)
    assert main(["cost", photos, *chosen, *machine, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seconds"] == pytest.approx(sum(told["parts"].values()))
    assert [phase["epochs"] for phase in told["phases"]] == [2, 2]
    assert told["memory_bytes"] > told["cache_bytes"] > 0
    assert (told["device"], told["precision"]) == ("cpu", "fp32")
