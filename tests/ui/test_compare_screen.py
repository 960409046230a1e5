"""Compare without a browser: what is said, what is shown of photos, and which runs come in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import quick
from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, links, rerun, tables, texts
from tl_core.execution import run_folder
from tl_core.training.config import make_config
from tl_core.training.events import PrefixCached
from tl_core.training.record import Prediction, RunRecord
from ui.compare.parts import computed_once


def picker(app: Any, label: str) -> Any:
    return next(box for box in app.selectbox if box.label == label)


def captions(app: Any) -> list[str]:
    return [c.replace("\\", "") for image in app.get("image") for c in image.captions]


def add_run(lab: Lab, comparison: str, data: Path | None = None, **choices: Any) -> str:
    photos = lab.own(data) if data else lab.photos
    config = quick(photos, **{"strategy": "hybrid", **choices})
    return lab.run(config, comparison=comparison)


@pytest.fixture
def mislabelled(tmp_path: Path) -> Path:
    """Photos of which some lie in the wrong class: sure mistakes."""
    data = make_photo_folder(tmp_path / "set", per_class=8)
    for photo in sorted((data / "ant").iterdir())[:4]:
        shutil.move(photo, data / "bee" / photo.name)
    return data


class TestCompare:
    def test_wants_runs_first(self, lab: Lab) -> None:
        assert links(lab.open("compare")) == ["train"]

    def test_a_run_that_failed_is_none_to_compare(self, lab: Lab, tmp_path: Path) -> None:
        lab.train(data=tmp_path / "nowhere")
        assert links(lab.open("compare")) == ["train"]

    def test_two_runs_have_intervals_and_a_verdict(self, lab: Lab) -> None:
        lab.train()
        app = lab.open("compare")
        table = tables(app)[0]
        assert table["Run"] == ["Feature extraction", "Fine-tuning"]
        assert all(" to " in text for text in table["95 % interval"])
        assert table["Photos"] == ["6", "6"]
        assert "Feature extraction or Fine-tuning: too close to call" in texts(app)
        assert "Feature extraction alone is right on" in texts(app)
        assert "exact McNemar test" in texts(app)
        charts = app.get("echarts_chart")
        assert len(charts) == 4  # intervals, one matrix, accuracy, loss
        [cost] = app.get("plotly_chart")
        assert cost.proto.alt.startswith("Training time against accuracy. Feature extraction: ")

    def test_settings_name_what_the_learner_changed(self, lab: Lab) -> None:
        lab.train()
        settings = tables(lab.open("compare"))[-1]
        assert "strategy" in settings["Setting"]
        assert "threads" not in settings["Setting"]

    def test_says_what_was_computed_once(self, lab: Lab) -> None:
        lab.train()
        assert "ran once for each of" in texts(lab.open("compare"))

    def test_the_cells_of_a_run_show_its_mistakes(self, lab: Lab, mislabelled: Path) -> None:
        first, _ = lab.train(data=mislabelled)
        record = RunRecord.load(run_folder(first))
        app = lab.open("compare")
        app.get("button_group")[0].set_value("Feature extraction")
        rerun(app)
        for one in record.val:
            picker(app, "True class").set_value(one.label)
            picker(app, "Taken for").set_value(one.predicted)
            rerun(app)
            true, said = record.classes[one.label], record.classes[one.predicted]
            cell = (one.label, one.predicted)
            in_the_cell = [p for p in record.val if (p.label, p.predicted) == cell]
            shown = [c for c in captions(app) if c.startswith(f"{true}: {said} ")]
            assert len(shown) >= len(in_the_cell)
            assert all(" → " in caption for caption in shown)

    def test_a_cell_in_which_nothing_changed_says_so(self, lab: Lab) -> None:
        lab.train(strategies=("feature_extraction", "feature_extraction"))
        app = lab.open("compare")
        assert "No photo came into this cell or left it" in texts(app)
        assert [tab.label for tab in app.tabs] == ["Fixed (0)", "Broken (0)"]
        assert "Feature extraction (2) has fixed no photo" in texts(app)

    def test_classes_have_recall_fixed_and_broken(self, lab: Lab) -> None:
        lab.train()
        table = tables(lab.open("compare"))[1]
        assert table["Class"] == ["ant", "bee"]
        assert {"Recall, Feature extraction", "Recall, Fine-tuning", "Fixed", "Broken"} < set(table)

    def test_one_run_has_its_matrix_and_no_pair(self, lab: Lab) -> None:
        lab.train(strategies=("hybrid",))
        app = lab.open("compare")
        assert not app.tabs and "Fixed" not in tables(app)[1]
        assert "Where it went wrong" in texts(app)
        assert "A second one on these photos makes a comparison." in texts(app)

    def test_three_runs_have_three_pairs(self, lab: Lab) -> None:
        lab.train(("feature_extraction", "fine_tune", "hybrid"))
        app = lab.open("compare")
        assert texts(app).count("too close to call") == 3
        pairs = picker(app, "Which runs")
        assert pairs.options[-1] == "Fine-tuning → Hybrid"
        pairs.set_value((1, 2))
        assert "Recall, Hybrid" in tables(rerun(app))[1]

    def test_photos_that_are_gone_are_told(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=8)
        lab.train(data=data, strategies=("from_scratch",), epochs=1)
        shutil.rmtree(data)
        assert "no longer on this server" in texts(lab.open("compare"))

    def test_an_older_comparison_can_be_chosen(self, lab: Lab) -> None:
        lab.train()
        add_run(lab, "new")
        app = lab.open("compare")
        assert tables(app)[0]["Run"] == ["Hybrid"]
        app.selectbox[0].set_value("comparison")
        assert tables(rerun(app))[0]["Run"] == ["Feature extraction", "Fine-tuning"]

    def test_earlier_runs_on_the_same_photos_can_be_pulled_in(
        self, lab: Lab, mislabelled: Path
    ) -> None:
        first, _ = lab.train()
        elsewhere = add_run(lab, "elsewhere", mislabelled)
        add_run(lab, "new")
        app = lab.open("compare")
        [pulling] = app.multiselect
        assert len(pulling.options) == 2 and "Feature extraction, seed 0" in pulling.options[0]
        pulling.set_value([first])
        rerun(app)
        assert tables(app)[0]["Run"] == ["Hybrid", "Feature extraction"]
        assert "Hybrid or Feature extraction: too close to call" in texts(app)
        assert elsewhere not in str(pulling.options)

    def test_runs_of_different_networks_are_called_by_them(self, lab: Lab) -> None:
        lab.train()
        lab.train(("feature_extraction",), backbone="resnet_mini_animals")
        app = lab.open("compare")
        names = ["Feature extraction · ResNet-mini", "Fine-tuning · ResNet-mini"]
        assert tables(app)[0]["Run"] == [*names, "Feature extraction · ResNet-mini, animals"]
        assert f"{names[0]} or {names[1]}: too close to call" in texts(app).replace("\\", "")

    def test_comparisons_of_one_minute_are_told_apart(self, lab: Lab) -> None:
        add_run(lab, "older")
        add_run(lab, "newer", seed=1)
        app = lab.open("compare")
        older, newer = picker(app, "Comparison").options[::-1]
        assert newer != older
        picker(app, "Comparison").set_value("older")
        rerun(app)
        assert rerun(app).selectbox[0].value == "older"

    def test_three_seeds_let_methods_be_judged(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", splits={"train": 6, "val": 3})
        for seed in range(3):
            for strategy in ("feature_extraction", "hybrid"):
                add_run(lab, "new", data, strategy=strategy, seed=seed, epochs=1)
        assert "As methods: " in texts(lab.open("compare"))

    def test_test_photos_give_the_headline(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", splits={"train": 6, "val": 3, "test": 4})
        lab.train(data=data)
        table = tables(lab.open("compare"))[0]
        assert "Right on test photos" in table and table["Photos"] == ["8", "8"]

    @pytest.mark.parametrize("key", ["guesses", "forecasts"])  # now, and in older workspaces
    def test_a_guess_stands_beside_the_verdict(self, key: str, lab: Lab) -> None:
        lab.train()
        assert "Your prediction" not in texts(lab.open("compare"))
        lab.store.save_workspace(OWNER, {key: {"comparison": {"winner": 1, "points": 5}}})
        said = texts(lab.open("compare"))
        assert "Your prediction" in said and "Fine-tuning wins by 5 points." in said
        assert "Nobody can tell yet" in said

    def test_the_code_is_one_click_away(self, lab: Lab) -> None:
        lab.train()
        assert any("def paired_test" in code.value for code in lab.open("compare").code)


def run(right: str, **more: Any) -> RunRecord:
    val = tuple(
        Prediction(f"p{i}", 0, (0.9, 0.1) if letter == "1" else (0.1, 0.9))
        for i, letter in enumerate(right)
    )
    return RunRecord(
        config=make_config("photos"), status="finished", reason=None, environment={},
        classes=("ant", "bee"), fingerprint="f", split={"train": [], "val": [], "test": []},
        total_parameters=2, trainable_parameters=1, history=(), phases=(), best_epoch=1,
        seconds=1.0, val=val, **more,
    )  # fmt: skip


def test_what_was_computed_once_is_named_with_its_gain() -> None:
    caches = tuple(
        PrefixCached(n, ["stem", "layer1"], 3, 2_500_000, "file", 1.0, 30.0) for n in (1, 2)
    )
    text = computed_once(run("1", caches=caches))
    assert text == (
        "Stem to Stage 1 ran once for each of 3 views of a photo (2.5 MB kept), which saved "
        "about 1 min."
    )
