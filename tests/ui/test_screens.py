"""Every screen without a browser: empty, filled and in trouble."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.photos import make_photo, make_photo_folder, zip_folder
from tests.ui.lab import APP, OWNER, Lab, links, rerun, tables, texts
from tl_core.execution import run_folder
from tl_core.execution.worker import run_job
from tl_core.home import home
from tl_core.runs.restore import predict_files
from tl_core.server.previews import picture_of
from tl_core.server.questions import MOST_ITEMS
from tl_core.server.upload_spool import discard
from tl_core.server.uploads import questions_folder
from ui.shared.text import literal

SCREENS = {
    "start": "Transfer-learning laboratory",
    "data": "Data",
    "backbone": "Backbone & layers",
    "train": "Train",
    "compare": "Compare",
    "predict": "Predict",
    "classroom": "Classroom",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "**bold** [x](javascript:alert(1))",
    "$x$ :red[x] :material/home:",
    "`code` ~~gone~~ #1 | _u_",
    "🦋" * 20,
    "long " * 40,
)
MARKUP = (
    "<script", "](javascript", "$x$", ":red[", ":material/home", "`code", "~~gone", "**bold",
    " _u_",
)  # fmt: skip
"""What of these names Markdown would make something of."""


def png(image: Image.Image | None = None) -> bytes:
    buffer = io.BytesIO()
    (image or make_photo(0)).save(buffer, "PNG")
    return buffer.getvalue()


# ----------------------------------------------------------------------------------- all screens


@pytest.mark.parametrize(("screen", "title"), SCREENS.items())
class TestEveryScreen:
    def test_opens_with_nothing(self, screen: str, title: str, lab: Lab) -> None:
        app = lab.open(screen)
        assert app.title[0].value == title
        assert list(app.warning) == []

    def test_opens_after_a_comparison(self, screen: str, title: str, lab: Lab) -> None:
        lab.train()
        lab.choose(comparison="comparison")
        assert lab.open(screen).title[0].value == title

    def test_survives_photos_that_were_removed(self, screen: str, title: str, lab: Lab) -> None:
        data = make_photo_folder(home() / "gone", per_class=6)
        lab.train(data=data)
        lab.choose(data, comparison="comparison")
        shutil.rmtree(data)
        assert lab.open(screen).title[0].value == title

    def test_survives_a_folder_without_photos(self, screen: str, title: str, lab: Lab) -> None:
        data = home() / "hollow"
        data.mkdir()
        lab.choose(data)
        assert lab.open(screen).title[0].value == title

    def test_survives_a_run_whose_folder_was_removed(
        self, screen: str, title: str, lab: Lab
    ) -> None:
        first, _ = lab.train()
        lab.choose(comparison="comparison")
        shutil.rmtree(run_folder(first))
        assert lab.open(screen).title[0].value == title

    def test_shows_nothing_of_another_learner(self, screen: str, title: str, lab: Lab) -> None:
        lab.train()
        lab.choose(comparison="comparison", name="secret photos")
        said = texts(lab.open(screen, owner="f" * 32))
        assert "secret" not in said and "best **" not in said

    def test_shows_hostile_names_as_they_are(self, screen: str, title: str, lab: Lab) -> None:
        data = home() / "hostile.zip"
        with zipfile.ZipFile(data, "w") as archive:
            for label, name in enumerate(HOSTILE):
                for number in range(4):
                    picture = io.BytesIO()
                    make_photo(label, seed=number).save(picture, "JPEG")
                    archive.writestr(f"{name.replace('/', '')}/{number}.jpg", picture.getvalue())
        lab.train(data=data)
        lab.choose(data, name=HOSTILE[1], comparison="comparison")
        unescaped = re.sub(r"\\.", "", texts(lab.open(screen)))
        for markup in MARKUP:
            assert markup not in unescaped


def test_no_screen_loads_what_costs_much_memory(lab: Lab) -> None:
    lab.train()
    lab.choose(comparison="comparison")
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(APP)!r}, default_timeout=60)
app.session_state["owner"] = {OWNER!r}
for screen in {list(SCREENS)}:
    app.switch_page(f"pages/{{screen}}.py").run()
    assert not app.exception, app.exception
    print(screen, app.title[0].value)
heavy = {{"torch", "torchvision", "pandas"}} & set(sys.modules)
sys.exit(f"loaded: {{heavy}}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True,
        timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(APP.parent), "TL_IDLE_SECONDS": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(SCREENS)


@pytest.mark.parametrize(
    "text", ["https://a.example", "HTTP://a", "x www.a.example", "a@b.example"]
)
def test_literal_leaves_no_address_that_would_become_a_link(text: str) -> None:
    plain = literal(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|@\w", plain, re.IGNORECASE)
    assert plain.replace("\u2060", "") == text


@pytest.mark.parametrize(
    "text", ["a_b", "*x*", "5$ and 6$", "<b>", "[a](b)", "a\nb", "#1", ":red[x]"]
)
def test_literal_escapes_every_sign_that_means_something(text: str) -> None:
    shown = literal(text)
    assert "\n" not in shown
    assert shown.replace("\\", "") == text.replace("\n", " ")
    signs = [i for i, c in enumerate(shown) if c in "_*$<>[]()#:"]
    assert all(shown[i - 1] == "\\" for i in signs)


# ----------------------------------------------------------------------------------------- start


class TestStart:
    def test_leads_to_every_screen(self, lab: Lab) -> None:
        assert links(lab.open("start"))[:5] == ["data", "backbone", "train", "compare", "predict"]

    def test_ticks_what_is_done(self, lab: Lab) -> None:
        def ticks() -> list[bool]:
            cards = lab.open("start").get("page_link")[:5]
            return [card.proto.icon == ":material/check_circle:" for card in cards]

        assert ticks() == [False] * 5
        lab.choose()
        assert ticks() == [True, False, False, False, False]
        lab.train()
        lab.choose(comparison="comparison", thawed=["layer4"])
        assert ticks() == [True] * 5


# ------------------------------------------------------------------------------------------ data


class TestData:
    def test_explains_itself_before_a_choice(self, lab: Lab) -> None:
        app = lab.open("data")
        assert "Nothing is chosen yet" in texts(app)
        assert links(app) == []

    def test_takes_a_zip_in(self, lab: Lab, tmp_path: Path) -> None:
        archive = zip_folder(lab.photos, tmp_path / "insects.zip")
        app = lab.open("data")
        app.file_uploader[0].set_value(("insects.zip", archive.read_bytes(), "application/zip"))
        rerun(app)
        assert app.subheader[0].value == "insects"
        assert [metric.value for metric in app.metric] == ["20", "2", "0", "0"]
        assert links(app) == ["backbone"]
        again = lab.open("data")  # another tab, or a reload
        assert again.subheader[0].value == "insects"

    def test_takes_a_folder_in(self, lab: Lab) -> None:
        files = [
            (f"set/{c}/{n}.png", png(make_photo(n)), "image/png") for c in "ab" for n in range(4)
        ]
        app = lab.open("data")
        app.file_uploader[1].set_value(files)
        rerun(app)
        assert [metric.value for metric in app.metric][:2] == ["8", "2"]

    @pytest.mark.parametrize(
        ("content", "reason"), [(b"garbage", "no zip"), (b"", "no zip")], ids=["garbage", "empty"]
    )
    def test_refuses_garbage_in_a_sentence(self, content: bytes, reason: str, lab: Lab) -> None:
        app = lab.open("data")
        app.file_uploader[0].set_value(("photos.zip", content, "application/zip"))
        rerun(app)
        assert reason in app.warning[0].value and "Traceback" not in app.warning[0].value
        assert "Nothing is chosen yet" in texts(app)

    def test_a_refused_zip_leaves_the_chosen_photos(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        app.file_uploader[0].set_value(("photos.zip", b"garbage", "application/zip"))
        rerun(app)
        assert len(app.warning) == 1
        assert app.subheader[0].value == "my photos"

    def test_names_what_is_wrong(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=6)
        (data / "ant" / "broken.jpg").write_bytes(b"no picture")
        shutil.copy(sorted((data / "ant").iterdir())[0], data / "bee" / "copy.jpg")
        lab.choose(data)
        app = lab.open("data")
        assert [metric.value for metric in app.metric] == ["13", "2", "1", "2"]
        assert any("broken.jpg" in str(table) for table in tables(app))
        assert any("different classes" in info.value for info in app.info)

    def test_one_class_leads_no_further(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", classes=["ant"]))
        app = lab.open("data")
        assert "one class" in app.warning[0].value
        assert "backbone" not in links(app)

    def test_the_split_can_be_chosen_and_stays(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("data")
        app.slider[0].set_value(45)
        rerun(app)
        assert lab.open("data").slider[0].value == 45
        assert lab.store.workspace(OWNER)["settings"]["val_fraction"] == 0.45

    def test_a_given_split_is_used_as_it_is(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", splits={"train": 4, "val": 3}))
        app = lab.open("data")
        assert not app.slider and "used as is" in texts(app)
        assert list(tables(app)[0]) == ["Class", "train", "val"]

    def test_the_gallery_turns_pages(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", per_class=14))
        app = lab.open("data")
        assert texts(app).count(r"\.jpg") == 12
        app.number_input[0].set_value(2)
        assert texts(rerun(app)).count(r"\.jpg") == 2


# ----------------------------------------------------------------------------------------- train


class TestTrain:
    def test_wants_photos_first(self, lab: Lab) -> None:
        app = lab.open("train")
        assert links(app) == ["data"] and not app.button

    def test_wants_two_classes(self, lab: Lab, tmp_path: Path) -> None:
        lab.choose(make_photo_folder(tmp_path / "set", classes=["ant"]))
        app = lab.open("train")
        assert links(app) == ["data"] and not app.button

    def test_start_submits_what_is_lined_up(self, lab: Lab) -> None:
        lab.choose(settings={"epochs": 3, "seed": 5}, thawed=["layer4"])
        app = lab.open("train")
        assert app.button[0].label == "Start 2 runs" and not app.button[0].disabled
        app.button[0].click()
        rerun(app)
        jobs = lab.store.jobs(owner=OWNER, kind="train")
        assert [job.payload["strategy"] for job in jobs] == ["feature_extraction", "fine_tune"]
        assert {job.status for job in jobs} == {"waiting"}
        assert len({job.comparison for job in jobs}) == 1
        for job in jobs:
            assert job.payload["epochs"] == 3 and job.payload["seed"] == 5
            assert job.payload["data"] == str(lab.photos)
        assert jobs[1].payload["trainable"] == "layer4"

    def test_runs_in_line_are_followed_and_can_be_stopped(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("train")
        app.button[0].click()
        rerun(app)
        assert texts(app).count("Waiting for its turn") == 2
        assert [b.label for b in app.button] == ["Pause", "Stop"] * 2
        app.button[1].click()
        rerun(app)
        first, second = lab.store.jobs(owner=OWNER, kind="train")
        assert (first.status, second.status) == ("cancelled", "waiting")
        app.button[0].click()
        rerun(app)
        assert lab.store.jobs(owner=OWNER, kind="train")[1].status == "paused"
        assert "Go on" in [b.label for b in app.button]

    def test_another_tab_finds_the_runs(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("train")
        app.button[0].click()
        rerun(app)
        assert texts(lab.open("train")).count("Waiting for its turn") == 2

    def test_an_older_tab_does_not_undo_the_start(self, lab: Lab) -> None:
        lab.choose()
        older, app = lab.open("backbone"), lab.open("train")
        app.button[0].click()
        rerun(app)
        older.toggle[0].set_value(False)
        rerun(older)
        assert texts(lab.open("train")).count("Waiting for its turn") == 2

    def test_without_a_strategy_there_is_nothing_to_start(self, lab: Lab) -> None:
        lab.choose()
        app = lab.open("train")
        app.get("button_group")[0].set_value([])
        rerun(app)
        assert app.button[0].disabled
        assert "at least one strategy" in app.info[0].value

    def test_nothing_thawed_is_an_objection(self, lab: Lab) -> None:
        lab.choose(thawed=[])
        app = lab.open("train")
        assert app.button[0].disabled and "Fine-tuning" in app.info[0].value
        app.get("button_group")[0].set_value(["feature_extraction"])
        assert not rerun(app).button[0].disabled

    def test_settings_reach_the_runs_and_stay(self, lab: Lab) -> None:
        lab.choose(strategies=["fine_tune"])
        app = lab.open("train")
        fields = {field.label: field for field in app.number_input}
        fields["Epochs"].set_value(4)
        fields["Learning rate"].set_value(0.01)
        {box.label: box for box in app.selectbox}["Head"].set_value("mlp")
        app.toggle[0].set_value(True)
        rerun(app)
        app.button[0].click()
        rerun(app)
        [job] = lab.store.jobs(owner=OWNER, kind="train")
        chosen = {"epochs": 4, "lr": 0.01, "head": "mlp", "class_weights": True}
        assert chosen.items() <= job.payload.items()
        assert lab.store.workspace(OWNER)["settings"] == chosen

    def test_a_setting_that_does_not_fit_is_told(self, lab: Lab) -> None:
        lab.choose(backbone="vit_b_16", settings={"input_size": 100})
        app = lab.open("train")
        assert "multiple of 16" in app.warning[0].value and "96" in app.warning[0].value
        assert not app.button

    def test_a_finished_comparison_leads_on(self, lab: Lab) -> None:
        lab.train()
        lab.choose(comparison="comparison")
        app = lab.open("train")
        assert "compare" in links(app)
        assert texts(app).count("Finished in") == 2
        assert [b.label for b in app.button] == ["Start 2 runs", "Run longer: up to 4 epochs"]

    def test_a_failed_run_says_why(self, lab: Lab) -> None:
        lab.train(data=home() / "nowhere")
        lab.choose(comparison="comparison")
        assert texts(lab.open("train")).count("nowhere") == 2


# --------------------------------------------------------------------------------------- predict


class TestPredict:
    def test_wants_a_trained_network_first(self, lab: Lab) -> None:
        assert links(lab.open("predict")) == ["train"]

    def test_asks_every_finished_run(self, lab: Lab) -> None:
        runs = lab.train()
        app = lab.open("predict")
        app.file_uploader[0].set_value(("new.png", png(), "image/png"))
        rerun(app)
        [job] = lab.store.jobs(kind="predict")
        assert job.owner == OWNER and job.payload["runs"] == runs
        [photo] = job.payload["photos"]
        assert Path(photo).is_file()
        assert texts(app).count("Looking at it") == 2
        rerun(app)
        assert len(lab.store.jobs(kind="predict")) == 1  # a rerun asks nothing again

    def test_shows_the_answers(self, lab: Lab) -> None:
        lab.train()
        app = lab.open("predict")
        app.file_uploader[0].set_value(("new.png", png(), "image/png"))
        rerun(app)
        [job] = lab.store.jobs(kind="predict")
        lab.store.start(job.id)
        run_job(lab.store.url, job.id)
        said = texts(rerun(app))
        assert said.count("ant · ") == 2 and said.count("bee · ") == 2

    def test_warns_of_a_photo_that_resembles_nothing_in_training(self, lab: Lab) -> None:
        folders = [run_folder(run) for run in lab.train()]
        files = sorted(lab.photos.rglob("*.jpg"))
        said = [predict_files(folder, files).predictions for folder in folders]
        novelty = [[answer["novelty"] for answer in answers] for answers in said]
        ordinary = files[min(range(len(files)), key=lambda i: max(n[i] for n in novelty))]
        strange = png(Image.effect_noise((80, 60), 90).convert("RGB"))
        for photo, warnings in ((ordinary.read_bytes(), 0), (strange, 2)):
            app = lab.open("predict")
            app.file_uploader[0].set_value(("new.jpg", photo, "image/jpeg"))
            rerun(app)
            job = lab.store.jobs(kind="predict")[-1]
            lab.store.start(job.id)
            run_job(lab.store.url, job.id)
            warned = [warning.value for warning in rerun(app).warning]
            assert len(warned) == warnings
            assert all("nothing in training" in text for text in warned)

    def test_shows_several_photos_and_names_what_is_none(self, lab: Lab) -> None:
        runs = lab.train()
        app = lab.open("predict")
        noise = png(Image.effect_noise((80, 60), 90).convert("RGB"))
        files = [("a.png", png(), ""), ("b.txt", b"garbage", ""), ("no suffix", noise, "")]
        app.file_uploader[0].set_value(files)
        rerun(app)
        [job] = lab.store.jobs(kind="predict")
        assert len(job.payload["photos"]) == 2 and job.payload["runs"] == runs
        lab.store.start(job.id)
        run_job(lab.store.url, job.id)
        said = texts(rerun(app))
        assert said.count("ant · ") == said.count("bee · ") == 4
        [left_out] = [w.value for w in app.warning if "left out" in w.value]
        assert "1 of 3 files" in left_out and literal("b.txt") in left_out
        assert "is a text, not a photo" in left_out
        captions = [image.proto.imgs[0].caption for image in app.get("image")]
        assert len(captions) == 2 and "a" in captions[0] and "no suffix" in captions[1]
        assert said.count("Resembles nothing in training") >= 2  # the noise, for each network

    def test_a_photo_that_is_gone_is_told_beside_the_others(self, lab: Lab) -> None:
        lab.train(["feature_extraction"])
        app = lab.open("predict")
        app.file_uploader[0].set_value([("a.png", png(), ""), ("b.png", png(), "")])
        rerun(app)
        [job] = lab.store.jobs(kind="predict")
        gone = Path(job.payload["photos"][0])
        discard(gone)
        discard(picture_of(gone))
        lab.store.start(job.id)
        run_job(lab.store.url, job.id)
        said = texts(rerun(app))
        assert said.count("ant · ") == 1 and "Not looked at" in said and "was removed" in said

    def test_too_many_photos_are_a_sentence(self, lab: Lab) -> None:
        lab.train(["feature_extraction"])
        app = lab.open("predict")
        app.file_uploader[0].set_value([(f"{n}.png", png(), "") for n in range(MOST_ITEMS + 1)])
        rerun(app)
        assert f"at most {MOST_ITEMS} can be asked about" in app.warning[0].value
        assert lab.store.jobs(kind="predict") == []

    def test_a_question_that_is_not_accepted_keeps_no_photo(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.train(["feature_extraction"])
        monkeypatch.setenv("TL_MAX_QUESTIONS", "1")
        app = lab.open("predict")
        for number in range(2):
            app.file_uploader[0].set_value([(f"{number}.png", png(), "")])
            rerun(app)
        assert "still work on 1 of your questions" in app.warning[0].value
        assert len(list(questions_folder().iterdir())) == 2  # the first, and its picture

    def test_a_photo_that_is_none_is_told(self, lab: Lab) -> None:
        lab.train()
        app = lab.open("predict")
        app.file_uploader[0].set_value(("new.png", b"garbage", "image/png"))
        rerun(app)
        assert "is a text, not a photo" in app.warning[0].value
        assert lab.store.jobs(kind="predict") == []
        app.file_uploader[0].set_value(("new.png", png(), "image/png"))
        rerun(app)
        assert len(lab.store.jobs(kind="predict")) == 1 and not app.warning
