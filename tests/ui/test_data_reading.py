"""How a set was read: said first, changed with one click, and used by all that follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.core.data.brought import CASES, folder, packed, photo
from tests.ui.lab import OWNER, Lab, rerun, tables, texts

UNDECIDED = "classes_one_level_deeper"
FRUIT, APPLES = "Classes fruit, vegetable", "Classes apple, banana, carrot, leek"


def plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def button(app: Any, label: str) -> Any:
    return next(b for b in app.button if plain(b.label) == label)


def bring(lab: Lab, name: str, files: Mapping[str, bytes] | None = None, **how: Any) -> None:
    """Bring a set as a zip: one of the cases, or the given files."""
    case = CASES.get(name)
    if files is None:
        assert case is not None
        files, how = case.files(), {"folders": case.folders, "names": case.names}
    archive = packed(files, Path(lab.photos).parent / f"{name}.zip", **how)
    lab.choose(lab.own(archive), name=name)


def classes(app: Any) -> list[str]:
    return tables(app)[0]["Class"]


class TestReading:
    def test_is_the_first_thing_of_the_report(self, lab: Lab) -> None:
        bring(lab, "split_named_training_set")
        app = lab.open("data")
        shown = list(app.main)
        at = next(i for i, element in enumerate(shown) if element.type == "subheader")
        said = plain(shown[at + 1].value)
        assert said == "**Read as: splits training_set, test_set; classes cats, dogs**"

    def test_another_one_is_a_click_away_and_so_is_the_way_back(self, lab: Lab) -> None:
        bring(lab, "split_named_training_set")
        app = lab.open("data")
        assert "Read it as it was found" not in [b.label for b in app.button]
        button(app, "Classes single_prediction, test_set, training_set").click()
        rerun(app)
        assert classes(app) == ["single_prediction", "test_set", "training_set"]
        assert lab.store.workspace(OWNER)["settings"] == {"layout": "classes"}
        button(app, "Read it as it was found").click()
        rerun(app)
        assert classes(app) == ["cats", "dogs"]
        assert lab.store.workspace(OWNER)["settings"] == {}

    def test_between_equally_likely_ones_a_learner_decides(self, lab: Lab) -> None:
        bring(lab, UNDECIDED)
        app = lab.open("data")
        assert "only you know which is right" in app.warning[0].value
        assert len(app.warning) == 1, "it is asked once"
        assert "Share of the photos that validates" not in [s.label for s in app.slider]
        assert "cannot be trained on yet" in texts(lab.open("train"))
        assert button(app, APPLES)
        button(app, FRUIT).click()
        rerun(app)
        assert not app.warning and classes(app) == ["fruit", "vegetable"]
        assert "2 classes" in texts(lab.open("train"))

    def test_a_long_one_does_not_fill_the_screen(self, lab: Lab) -> None:
        names = [f"{n * 60} [x](y) *{n}*" for n in "abc"]
        bring(lab, "long", {f"{top}/{n}/{top}.jpg": photo(k, ord(top) + k)
                            for top in "xyz" for k, n in enumerate(names)})  # fmt: skip
        app = lab.open("data")
        labels = [plain(b.label) for b in app.button if (b.key or "").startswith("read_")]
        assert labels and all(len(label) < 80 for label in labels)

    def test_that_leads_nowhere_can_be_undone(self, lab: Lab) -> None:
        bring(lab, "colon_in_names")
        lab.choose(lab.own(Path(lab.photos)), settings={"layout": "csv"})
        app = lab.open("data")
        assert "no table beside the files labels them" in texts(app)
        button(app, "Read it as it was found").click()
        assert classes(rerun(app)) == ["ant", "bee"]

    def test_another_set_is_read_as_it_is_found(self, lab: Lab) -> None:
        bring(lab, UNDECIDED)
        app = lab.open("data")
        button(app, FRUIT).click()
        rerun(app)
        next(b for b in app.button if b.label.startswith("Use market")).click()
        rerun(app)
        assert lab.store.workspace(OWNER)["settings"] == {}

    def test_a_choice_of_pages(self, lab: Lab) -> None:
        bring(lab, "multi_page_tiff")
        app = lab.open("data")
        assert app.metric[0].value == "4"
        next(g for g in app.get("button_group") if g.key == "pages_first").set_value("all")
        rerun(app)
        assert app.metric[0].value == "16"
        assert "4 files were brought: 16 photos, 12 of them further pages" in texts(app)

    def test_names_that_are_a_guess_are_chosen_by_sight(self, lab: Lab) -> None:
        bring(lab, "guess", folder("ä", 8, 0) | folder("b", 8, 1), names="cp850")
        app = lab.open("data")
        [radio] = app.radio
        right = next(option for option in radio.options if option.startswith("ä"))
        radio.set_value("cp850")
        rerun(app)
        assert "cp850" in right and classes(app) == ["b", "ä"]
        [radio] = app.radio
        assert radio.value == "cp850", "what was chosen stays marked"

    def test_names_that_are_certain_are_said(self, lab: Lab) -> None:
        bring(lab, "zip_names_shift_jis")
        app = lab.open("data")
        assert "Japanese" in texts(app) and not app.radio
        assert classes(app) == ["表札", "表紙"]


class TestReport:
    def test_every_file_is_accounted_for(self, lab: Lab) -> None:
        files = folder("ant", 6, 0) | folder("bee", 6, 1)
        files |= {"ant/empty.jpg": b"", "bee/Thumbs.db": b"x", "bee/.DS_Store": b"x"}
        bring(lab, "set", files | {"bee/._1.jpg": b"x"})
        assert (
            "16 files were brought: 12 photos; 1 left out already; 3 passed over: "
            "files of Windows (1), files of macOS (2)."
        ) in plain(texts(lab.open("data")))

    def test_what_is_odd_stands_in_one_box(self, lab: Lab) -> None:
        files = folder("train/ant", 12, 0) | folder("train/bee", 3, 1) | folder("val/wolf", 2, 2)
        bring(lab, "set", files)
        app = lab.open("data")
        assert len(app.info) == 1 and len(app.info[0].value.splitlines()) > 2
        assert all(line.startswith("- ") for line in app.info[0].value.splitlines())

    @pytest.mark.parametrize(
        ("added", "label", "left"),
        [
            ({"val/Ant": 0, "val/bees": 1}, "Merge Ant and ant", ["ant", "bee", "bees"]),
            ({"val/ant": 0, "test/wolf": 2}, "Drop wolf", ["ant", "bee"]),
            ({"val/ant": 0, "val/masks": 2}, "Drop masks", ["ant", "bee"]),
        ],
    )
    def test_what_is_suggested_is_said_and_done(
        self, lab: Lab, added: dict[str, int], label: str, left: list[str]
    ) -> None:
        files = folder("train/ant", 12, 0) | folder("train/bee", 12, 1)
        for path, number in added.items():
            files |= folder(path, 3, number)
        bring(lab, "set", files)
        app = lab.open("data")
        assert re.search(
            r"almost the same|no network can learn it|usually names", app.info[0].value
        )
        assert [plain(b.label) for b in app.button].count(label) == 1
        button(app, label).click()
        assert classes(rerun(app)) == left


class TestWhatFollows:
    def test_runs_are_of_the_chosen_reading(self, lab: Lab) -> None:
        bring(lab, UNDECIDED)
        app = lab.open("data")
        button(app, FRUIT).click()
        rerun(app)
        app.switch_page("pages/train.py")
        rerun(app)
        button(app, "Start 2 runs").click()
        rerun(app)
        assert [job.payload["layout"] for job in lab.store.jobs(kind="train")] == ["classes"] * 2

    def test_a_ranking_is_of_the_chosen_reading(self, lab: Lab) -> None:
        bring(lab, UNDECIDED)
        assert "Which one suits your photos?" not in texts(lab.open("backbone"))
        app = lab.open("data")
        button(app, FRUIT).click()
        rerun(app)
        app.switch_page("pages/backbone.py")
        rerun(app)
        button(app, "Rank the networks for my photos").click()
        rerun(app)
        [job] = lab.store.jobs(kind="rank")
        assert job.payload["layout"] == "classes"

    def test_photos_of_a_comparison_are_found_by_the_reading_of_its_runs(self, lab: Lab) -> None:
        bring(lab, UNDECIDED)
        data = Path(lab.store.workspace(OWNER)["data"])
        lab.train(data=data, layout="classes")
        app = lab.open("compare")
        next(g for g in app.get("button_group") if g.label == "Matrix").set_value(
            "Feature extraction"
        )
        rerun(app)
        assert "no longer on this server" not in texts(app)
        assert [image for image in app.get("image") if image.captions]
