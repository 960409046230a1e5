"""The cost preview beside the layer map and beside the line-up, without a browser."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import ui.shared.cost
from tests.core.cost.test_estimate import COSTS
from tests.ui.lab import OWNER, Lab, rerun, texts
from tl_core.cost.profile import ProfileKey
from tl_core.store.database import WAITING
from tl_core.training.config import make_config
from tl_core.words import prediction_text

QUICK = {"input_size": 32, "device": "cpu", "precision": "fp32", "threads": 1, "augment": "none"}
CHOSEN = {"backbone": "resnet_mini", "settings": QUICK}


def measured(lab: Lab) -> ProfileKey:
    return ProfileKey.of(make_config(str(lab.photos), backbone="resnet_mini", **QUICK))


def metric(app: Any, label: str) -> Any:
    return next(m for m in app.metric if m.label == label)


def test_until_it_is_measured_the_screen_says_so_and_works(lab: Lab) -> None:
    lab.choose(**CHOSEN)
    app = lab.open("backbone")
    assert "Measuring what this network costs" in texts(app)
    assert "Parameters that learn" in {m.label for m in app.metric}
    [job] = lab.store.jobs(kind="measure_costs")
    assert job.payload == dataclasses.asdict(measured(lab))
    assert (job.owner, job.status) == (OWNER, WAITING)
    lab.open("backbone")  # another visitor
    assert len(lab.store.jobs(kind="measure_costs")) == 1, "it was asked for twice"
    COSTS.save(measured(lab))
    assert "Measuring" not in texts(rerun(app))
    assert metric(app, "Training time, predicted")


def test_a_measurement_that_failed_is_not_asked_for_again(lab: Lab) -> None:
    lab.choose(**CHOSEN)
    app = lab.open("backbone")
    [job] = lab.store.jobs(kind="measure_costs")
    lab.store.start(job.id)
    lab.store.end(job.id, "failed", "no reason")
    assert "could not be measured" in texts(rerun(app))
    assert len(lab.store.jobs(kind="measure_costs")) == 1


def test_the_plan_has_its_price(lab: Lab) -> None:
    COSTS.save(measured(lab))
    lab.choose(**CHOSEN, thawed=[], strategies=["feature_extraction"])
    app = lab.open("backbone")
    time = metric(app, "Training time, predicted")
    # 14 photos train and 6 validate: five frozen stages once, photos of 80 x 60 pixels, building.
    seconds = 5 * (14 * 1 + 6 * 3) + 20 * (0.5 + 0.0048) + 7
    assert time.value == prediction_text(seconds) and time.delta == "under 0.1 s an epoch"
    memory = metric(app, "Memory, predicted")
    assert memory.value == "302 MB" and memory.delta.endswith("of features kept")
    assert lab.store.jobs(kind="measure_costs") == []


def test_thawing_costs_more(lab: Lab) -> None:
    COSTS.save(measured(lab))
    lab.choose(**CHOSEN, thawed=["layer4"], strategies=["fine_tune"])
    time = metric(lab.open("backbone"), "Training time, predicted")
    assert time.delta == f"{prediction_text(14 * 10 + 100 + 6 * 2)} an epoch"


def test_what_was_measured_on_a_busy_server_is_measured_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataclasses.replace(COSTS, busy=True).save(measured(lab))
    lab.choose(**CHOSEN)
    monkeypatch.setattr(ui.shared.cost, "busy", lambda: True)
    app = lab.open("backbone")
    assert metric(app, "Training time, predicted") and "probably too much" in texts(app)
    assert lab.store.jobs(kind="measure_costs") == []
    monkeypatch.setattr(ui.shared.cost, "busy", lambda: False)
    rerun(rerun(app))
    assert len(lab.store.jobs(kind="measure_costs")) == 1
    COSTS.save(measured(lab))
    assert "probably too much" not in texts(rerun(app))


def test_without_photos_nothing_is_measured(lab: Lab) -> None:
    app = lab.open("backbone")
    assert lab.store.jobs(kind="measure_costs") == []
    assert "Training time, predicted" not in {m.label for m in app.metric}


def test_the_line_up_says_what_each_run_costs(lab: Lab) -> None:
    COSTS.save(measured(lab))
    lab.choose(**CHOSEN, thawed=["layer4"], strategies=["feature_extraction", "fine_tune"])
    said = texts(lab.open("train"))
    assert "Predicted: Feature extraction 2 min" in said and "one after the other" in said


def test_the_line_up_does_not_wait_for_the_measurement(lab: Lab) -> None:
    lab.choose(**CHOSEN, strategies=["feature_extraction"])
    app = lab.open("train")
    assert "Measuring what this network costs" in texts(app)
    assert any(b.label.startswith("Start") and not b.disabled for b in app.button)


def test_while_others_are_measured_it_waits_and_asks_again(lab: Lab) -> None:
    first = [lab.store.add_job("measure_costs", {"n": n}, owner=f"{n:032}") for n in range(20)]
    lab.choose(**CHOSEN)
    app = lab.open("backbone")
    assert "Other networks are being measured first" in texts(app)
    assert len(lab.store.jobs(kind="measure_costs")) == 20
    lab.store.end(first[0], "finished")
    assert "Measuring what this network costs" in texts(rerun(app))
    assert [job.status for job in lab.store.jobs(kind="measure_costs", owner=OWNER)] == [WAITING]


def test_what_is_between_the_steps_is_not_measured(lab: Lab) -> None:
    lab.choose(backbone="resnet_mini", settings={**QUICK, "input_size": 100})
    app = lab.open("train")
    assert "in steps of 32, not at 100" in texts(app)
    assert lab.store.jobs(kind="measure_costs") == []
