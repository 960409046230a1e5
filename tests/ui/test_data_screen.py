"""The Data screen: balance, photos a class, and what augmentation does."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, rerun, tables, texts
from tl_core.backbones.spec import backbones
from tl_core.execution.worker import run_job
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.augment import AUGMENTATIONS
from ui.shared.charts.balance import MOST, class_balance


def of(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def pictures(app: Any) -> list[Any]:
    return [i for i in app.get("image") if any(c.startswith("Epoch") for c in i.captions)]


class TestBalance:
    def test_is_drawn_with_words(self, lab: Lab) -> None:
        lab.choose()
        [chart] = lab.open("data").get("echarts_chart")
        assert "ant has the most, 10" in str(chart.proto)

    def test_orders_classes_and_stacks_splits(self) -> None:
        splits = {"train": {"a": 2, "b": 9}, "val": {"a": 1, "b": 3}}
        chart = class_balance(["a", "b"], splits)
        assert chart.spec["yAxis"]["data"] == ["b", "a"]
        assert [s["data"] for s in chart.spec["series"]] == [[9, 2], [3, 1]]
        assert "b has the most, 12; a the fewest, 3" in chart.alt

    def test_many_classes_keep_both_ends(self) -> None:
        counts = {f"c{i:03}": i for i in range(1, 103)}
        chart = class_balance(list(counts), {"all": counts})
        names = chart.spec["yAxis"]["data"]
        assert len(names) == MOST and names[0] == "c102" and names[-1] == "c001"
        assert "78 classes in between" in chart.alt

    def test_no_class_is_said(self) -> None:
        assert class_balance([], {"all": {}}).alt == "There are no photos."


class TestPhotosAClass:
    def test_reaches_training_and_stays(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        app.number_input(key="per_class").set_value(4)
        rerun(app)
        assert lab.store.workspace(OWNER)["settings"] == {"per_class": 4}
        assert lab.open("data").number_input(key="per_class").value == 4


class TestAugmentation:
    def test_nothing_is_computed_before_somebody_asks(self, lab: Lab) -> None:
        lab.choose()
        assert "What augmentation does" in texts(lab.open("data"))
        assert lab.store.jobs(kind="preview") == []

    def test_one_photo_is_shown_eight_times(self, lab: Lab) -> None:
        lab.choose(settings={"input_size": 64})
        app = lab.open("data")
        of(app, "Show eight epochs").click()
        rerun(app)
        [job] = lab.store.jobs(kind="preview")
        assert job.owner == OWNER and job.payload["augment"] == "standard"
        assert "Drawing eight views" in texts(app)
        lab.store.start(job.id)
        run_job(lab.store.url, job.id)
        [_, data] = lab.store.last_event(job.id)
        views = [Image.open(io.BytesIO(base64.b64decode(view))) for view in data["views"]]
        assert {view.size for view in views} == {(64, 64)}
        assert len({view.tobytes() for view in views}) == 8
        rerun(app)
        rerun(app)
        assert len(pictures(app)) == 8
        assert lab.store.jobs(kind="preview") == [], "the job stays behind"

    def test_another_augmentation_asks_anew(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        of(app, "Show eight epochs").click()
        rerun(app)
        app.get("button_group")[0].set_value("none")
        rerun(app)
        waiting = [job for job in lab.store.jobs(kind="preview") if job.owner == OWNER]
        assert [job.payload["augment"] for job in waiting] == ["none"]

    def test_a_failure_is_a_sentence(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        of(app, "Show eight epochs").click()
        rerun(app)
        [job] = lab.store.jobs(kind="preview")
        lab.store.end(job.id, "failed", "The photo is gone.")
        rerun(app)
        assert "The photo is gone" in rerun(app).warning[0].value

    def test_the_choice_reaches_training(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        assert app.button(key="augment_use").disabled
        app.get("button_group")[0].set_value("strong")
        rerun(app)
        app.button(key="augment_use").click()
        rerun(app)
        assert lab.store.workspace(OWNER)["settings"] == {"augment": "strong"}
        assert app.button(key="augment_use").disabled

    @pytest.mark.parametrize("name", AUGMENTATIONS.names())
    def test_views_are_what_the_recipe_says(self, name: str, photos: Path) -> None:
        from tl_core.data.preview import VIEWS, augmented_views

        file = sorted((photos / "ant").iterdir())[0]
        preprocessing = backbones().get("resnet_mini").preprocessing.at(48)
        views = augmented_views(PHOTO, file, preprocessing, AUGMENTATIONS.get(name))
        assert len(views) == VIEWS
        assert len(set(views)) == {"none": 1, "light": 2}.get(name, VIEWS)


class TestRemedies:
    def test_a_click_drops_copies(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=6)
        first = sorted((data / "ant").iterdir())[0]
        (data / "ant" / "copy.jpg").write_bytes(first.read_bytes())
        lab.choose(data, name="set")
        app = lab.open("data")
        assert app.metric[3].value == "2"
        of(app, "Drop copies").click()
        rerun(app)
        assert app.subheader[0].value == r"set · without copies"
        assert [metric.value for metric in app.metric] == ["12", "2", "0", "0"]
        assert "Drop copies" not in [button.label for button in app.button]
        of(app, "Use set").click()  # undoes it
        assert rerun(app).metric[3].value == "2"

    def test_a_class_is_renamed_as_typed(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        app.selectbox(key="rename_class").set_value("bee")
        app.text_input(key="rename_to").set_value("<b>*wasp*</b>")
        rerun(app)
        app.button(key="do_Rename").click()
        rerun(app)
        assert "<b>*wasp*< b>" in tables(app)[0]["Class"]
        assert list(app.warning) == []

    def test_classes_are_merged_and_dropped(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", ("a", "b", "c"), 4), name="set")
        app = lab.open("data")
        assert app.button(key="do_Merge").disabled
        app.multiselect(key="merge_classes").set_value(["a", "b"])
        rerun(app)
        app.button(key="do_Merge").click()
        rerun(app)
        assert tables(app)[0]["Class"] == ["a", "c"]
        assert tables(app)[0]["Photos"] == ["8", "4"]
        app.selectbox(key="drop_class").set_value("c")
        rerun(app)
        app.button(key="do_Drop").click()
        rerun(app)
        assert tables(app)[0]["Class"] == ["a"]
        assert app.button(key="do_Drop").disabled
        assert "one class" in app.warning[0].value

    def test_a_refusal_is_a_sentence(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        lab.choose()
        app = lab.open("data")
        monkeypatch.setenv("TL_UPLOAD_PHOTOS", "5")
        app.button(key="do_Drop").click()
        rerun(app)
        assert "too many" in app.warning[0].value
        assert app.subheader[0].value == "my photos"

    def test_what_cannot_be_read_is_said_to_be_left_out(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=6)
        (data / "ant" / "broken.jpg").write_bytes(b"no picture")
        lab.choose(data)
        assert "left out already" in texts(lab.open("data"))


class TestEmptyAndBroken:
    def test_a_set_that_cannot_be_trained_on_has_no_preview(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", classes=["ant"]))
        app = lab.open("data")
        assert "What augmentation does" not in texts(app)
        assert len(app.get("echarts_chart")) == 1

    def test_the_code_is_shown(self, lab: Lab) -> None:
        lab.choose()
        code = "\n".join(block.value for block in lab.open("data").code)
        assert "def make_split" in code and "RandomResizedCrop" in code
