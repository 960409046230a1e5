"""Hundreds of classes: what screens build grows with the photos, never with pairs of classes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.jobs import quick
from tests.ui.lab import OWNER, Lab, rerun, tables, texts
from tl_core.data import checked, make_split, open_dataset
from tl_core.data.catalog import SAMPLES
from tl_core.data.staging import StagingFolder
from tl_core.execution import run_folder
from tl_core.server.uploads import uploads_folder
from tl_core.training.events import EpochEnded, PhaseStarted, RunEnded, RunStarted, to_dict
from tl_core.training.record import Prediction, RunRecord
from ui.shared.charts import confused_pairs, confusion_matrix, difference_matrix, most_confused
from ui.shared.charts.confusion import MOST_CLASSES, PAIRS


def many(classes: int, each: int = 2) -> Path:
    """Store an upload of many classes with a few photos each."""
    target = uploads_folder() / f"many-{classes}"
    with StagingFolder(uploads_folder(), "many") as staging:
        for number in range(classes * each):
            photo = io.BytesIO()
            Image.new("RGB", (8, 8), (number % 256, number // 256, 99)).save(photo, "BMP")
            photo.seek(0)
            staging.store(f"class {number % classes:03}/{number}.bmp", photo)
        return staging.commit(target)


def trained(lab: Lab, data: Path) -> None:
    """Put two finished runs into the store as if they had learned from these photos."""
    dataset, _ = open_dataset(data)
    count = len(dataset.classes)
    measured = [dataset.items[i] for i in make_split(dataset, seed=0).val]
    for offset, strategy in ((0, "feature_extraction"), (1, "fine_tune")):
        config = quick(lab.own(data), strategy=strategy)
        head = PhaseStarted(1, "Head", [], 1, 1, 1)
        ended = EpochEnded(1, 1, 1.0, 0.5, 1.0, 0.5, 0.01, 1.0, True)
        answers = []
        for number, item in enumerate(measured):
            said = (item.label + (number + offset) % 3) % count
            row = [0.5 * (c == said) + 0.5 / count for c in range(count)]
            answers.append(Prediction(item.path, item.label, tuple(row)))
        record = RunRecord(
            config=config, status="finished", reason=None, environment={},
            classes=dataset.classes, fingerprint=dataset.fingerprint,
            split={"train": [], "val": [p.path for p in answers], "test": []},
            total_parameters=1, trainable_parameters=1, history=(ended,), phases=(head,),
            best_epoch=1, seconds=1.0, val=tuple(answers),
        )  # fmt: skip
        job = lab.store.add_job("train", config.to_dict(), owner=OWNER, comparison="comparison")
        lab.store.start(job)
        run_folder(job).mkdir(parents=True)
        record.save(run_folder(job))
        classes, photos = list(dataset.classes), len(answers)
        told = [
            RunStarted(config.to_dict(), classes, photos, photos, 0, 1, 1, 1),
            head,
            ended,
            RunEnded(record.summary(run_folder(job))),
        ]
        lab.store.append(job, 1, [to_dict(event) for event in told])
        lab.store.end(job, "finished")


def size(app: Any) -> int:
    """Return the bytes of everything that a screen sends to the browser."""
    protos = (getattr(element, "proto", None) for element in app.main)
    return sum(proto.ByteSize() for proto in protos if proto is not None)


def test_compare_shows_the_pairs_that_are_confused_most(lab: Lab) -> None:
    data = many(60)
    trained(lab, data)
    lab.choose(data, comparison="comparison")
    app = lab.open("compare")
    [bars] = [c for c in app.get("echarts_chart") if "most changed pairs" in c.proto.alt]
    assert json.loads(bars.proto.spec)["series"][0]["type"] == "bar"
    assert f"{PAIRS} of " in texts(app) and "any other pair of the 60 classes" in texts(app)
    pair, true, said = app.selectbox[-3:]
    assert len(pair.options) == PAIRS
    pair.set_value(pair.options[3])
    rerun(app)
    name = pair.options[3].partition(" → ")
    assert true.options[true.value] == name[0] and said.options[said.value] == name[2]
    assert "photo came in with" in texts(app) or "photo left with" in texts(app)


@pytest.mark.parametrize("screen", ["data", "backbone", "train", "compare", "predict"])
def test_a_screen_grows_with_the_photos_alone(lab: Lab, screen: str) -> None:
    sizes = []
    for classes in (100, 500):
        data = many(classes)
        trained(lab, data)
        lab.choose(data, comparison="comparison")
        sizes.append(size(lab.open(screen)))
    assert sizes[1] <= 5.5 * sizes[0]


@pytest.mark.parametrize("screen", ["start", "data", "backbone", "train", "compare", "predict"])
def test_a_rerun_looks_at_no_file_but_those_that_it_shows(
    lab: Lab, screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = many(100)
    trained(lab, data)
    lab.choose(data, comparison="comparison")
    app = lab.open(screen)
    module = sys.modules["tl_core.data.scan"]
    monkeypatch.setattr(module, "_scan", lambda *_: pytest.fail("listed and laid out again"))
    monkeypatch.setattr(checked, "from_plain", lambda *_: pytest.fail("read again"))
    photos, stat = [], os.stat

    def noted(path: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(f"{data}/files"):
            photos.append(path)
        return stat(path, **more)

    listed = []
    for name in ("listdir", "scandir"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path=".", f=real: listed.append(str(path)) or f(path))
    monkeypatch.setattr(os, "stat", noted)
    rerun(app)
    assert len(photos) <= 4 * len(app.get("image"))
    assert [path for path in listed if path.startswith((str(data), str(SAMPLES)))] == []


def test_a_list_says_how_many_classes_it_leaves_out(lab: Lab) -> None:
    data = many(300)
    trained(lab, data)
    lab.choose(data, comparison="comparison")
    for screen in ("data", "compare"):
        app = lab.open(screen)
        assert len(tables(app)[-1 if screen == "data" else 1]["Class"]) == 200
        assert "And 100 more." in texts(app)


def test_a_record_is_read_without_the_probabilities_of_all_classes(lab: Lab) -> None:
    trained(lab, many(30))
    folder, _ = run_folder("").iterdir()
    whole, brief = (RunRecord.load(folder, probabilities=flag) for flag in (True, False))
    assert all(len(p.probabilities) == 30 for p in whole.val)
    assert brief.val == tuple(p.answer for p in whole.val)
    assert all(p.probabilities == () and p.probability > 0.5 for p in brief.val)
    (folder / "predictions.json").unlink()  # nobody reads it for that
    assert RunRecord.load(folder, probabilities=False) == brief


# ---------------------------------------------------------------------------------------- charts


def test_the_bars_of_many_classes_are_as_few_as_those_of_some() -> None:
    few, lots = (
        json.dumps(confused_pairs([f"class {i:04}" for i in range(n)], cells(n)).spec)
        for n in (50, 1000)
    )
    assert len(lots) == len(few) < 6000


def cells(classes: int) -> dict[tuple[int, int], int]:
    return {(i, (i + 1) % classes): 9 for i in range(classes)} | {(0, 0): 50}


def test_pairs_come_in_the_order_of_their_numbers_whatever_the_sign() -> None:
    counts = {(0, 1): 3, (1, 0): -5, (2, 2): 99, (2, 0): 3, (1, 2): 0}
    assert most_confused(counts) == [(1, 0), (0, 1), (2, 0)]
    chart = confused_pairs(["a", "b", "c"], counts, change=True)
    assert chart.alt == "The most changed pairs, 3 of 3. b → a: -5. a → b: +3. c → a: +3."
    assert [bar["value"] for bar in chart.spec["series"][0]["data"]] == [-5, 3, 3]
    assert confused_pairs(["a", "b"], {(0, 0): 4}).alt == "No two classes were confused."


@pytest.mark.parametrize("make", [confusion_matrix, difference_matrix])
def test_the_largest_matrix_has_no_dictionary_for_a_cell(make: Any) -> None:
    chart = make([f"c{i}" for i in range(MOST_CLASSES)], cells(MOST_CLASSES))
    data = chart.spec["series"][0]["data"]
    assert len(data) == MOST_CLASSES**2
    assert {type(value) for row in data for value in row} <= {int, float, str}
