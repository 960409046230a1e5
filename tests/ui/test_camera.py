"""Photos by camera: every shot is checked when it is taken, and names of classes are text."""

from __future__ import annotations

import gc
import io
import os
from typing import Any

import pytest
from PIL import Image
from streamlit.runtime.scriptrunner import StopException

from tests.photos import make_photo
from tests.ui.lab import OWNER, Lab, rerun, tables, texts
from tl_core.data.limits import MB
from tl_core.execution.local import LocalExecutor
from tl_core.modalities.photo import PHOTO
from tl_core.server.cleanup import forget
from tl_core.server.previews import picture_of
from tl_core.server.remedies import class_name
from tl_core.server.upload_spool import discard
from tl_core.server.uploads import Uploads, shots_folder
from ui.data.camera import camera_works
from ui.shared.text import literal, visible


def of(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def jpeg(label: int, seed: int, **options: Any) -> bytes:
    stream = io.BytesIO()
    make_photo(label, seed=seed).save(stream, "JPEG", **options)
    return stream.getvalue()


class TestCamera:
    @pytest.mark.parametrize(
        ("url", "works"),
        [
            ("https://lab.example/data", True),
            ("http://localhost:8501", True),
            ("http://127.0.0.1:8501/data", True),
            ("http://[::1]:8501", True),
            ("http://192.168.0.7:8501", False),
            ("http://localhost.evil.example", False),
            (None, True),
        ],
    )
    def test_needs_https_or_the_servers_own_machine(self, url: str | None, works: bool) -> None:
        assert camera_works(url) is works

    def name(self, app: Any, text: str) -> None:
        app.text_input(key="shot_name").set_value(text)
        of(app, "Add class").click()
        rerun(app)

    def test_starts_with_a_name(self, lab: Lab) -> None:
        app = lab.open("data")
        assert not app.get("camera_input")
        self.name(app, "  ")
        assert "can be seen" in app.warning[0].value
        self.name(app, "mug")
        assert not app.warning and len(app.get("camera_input")) == 1
        assert of(app, "Use these photos").disabled

    def take(self, app: Any, content: bytes) -> None:
        app.camera_input[0].set_value(("shot.jpg", content, "image/jpeg"))
        rerun(app)

    def test_shots_become_a_set(self, lab: Lab) -> None:
        app = lab.open("data")
        for label, name in enumerate(("mug", "*pen*")):
            self.name(app, name)
            for seed in range(3 - label):
                self.take(app, jpeg(label, seed, comment=b"N 52 31 12"))
        assert "mug · **3** shots" in texts(app)
        assert "\\*pen\\* · **2** shots" in texts(app)
        [first, *_] = app.session_state["shots"].classes["mug"]
        assert first.parent == shots_folder() / OWNER and b"N 52" not in first.read_bytes()
        self.take(app, jpeg(1, 9))
        app.button(key="shot_remove").click()
        rerun(app)
        of(app, "Use these 5 photos").click()
        rerun(app)
        assert app.subheader[0].value == "Camera"
        assert tables(app)[0]["Class"] == ["*pen*", "mug"]
        assert tables(app)[0]["Photos"] == ["2", "3"]
        assert "shots" not in app.session_state or not app.session_state["shots"].classes
        assert list(shots_folder().rglob("*.*")) == [] and not first.exists()

    def test_a_click_during_the_check_loses_no_shot_and_changes_no_label(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = lab.open("data")
        self.name(app, "mug")
        self.name(app, "pen")
        take = Uploads.take_shot

        def interrupted(self: Uploads, *given: Any) -> None:
            given[2].read(10)
            given[2].close()
            monkeypatch.setattr(Uploads, "take_shot", take)
            raise StopException  # as a click does, before the script runs anew

        monkeypatch.setattr(Uploads, "take_shot", interrupted)
        app.camera_input[0].set_value(("shot.jpg", jpeg(1, 0), "image/jpeg"))
        app.run()
        app.radio[0].set_value("mug")
        rerun(app)
        taken = app.session_state["shots"].classes
        assert {name: len(shots) for name, shots in taken.items()} == {"mug": 0, "pen": 1}

    def test_shots_go_with_their_session_after_a_time_and_with_their_owner(self, lab: Lab) -> None:
        app = lab.open("data")
        self.name(app, "mug")
        for seed in range(3):
            self.take(app, jpeg(0, seed))
        kept = app.session_state["shots"].classes["mug"]
        forgotten, *left = list(kept)
        discard(forgotten)
        rerun(app)
        assert "removed after 24 hours" in app.warning[0].value and kept == left
        os.utime(left[0], (0, 0))
        Uploads(lab.store).clean_up()
        assert [shot.exists() for shot in left] == [False, True]
        del kept, app.session_state["shots"]
        del app
        gc.collect()
        assert not left[1].exists() and not picture_of(left[1]).exists()
        other = Uploads(lab.store).take_shot(OWNER, PHOTO, io.BytesIO(jpeg(0, 0)), "x")
        forget(LocalExecutor(lab.store), OWNER)
        assert not other.exists()

    def test_what_is_no_photo_or_too_large_is_refused_in_a_sentence(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = lab.open("data")
        self.name(app, "mug")
        opened: list[Any] = []
        monkeypatch.setattr(Image, "open", lambda *given, **_: opened.append(given))
        huge = io.BytesIO()
        Image.new("1", (12_000, 12_000)).save(huge, "PNG")
        for content, reason in (
            (huge.getvalue(), "at most 50 million can be used"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "not a picture"),
            (b"words", "not a picture"),
        ):
            self.take(app, content)
            assert reason in app.warning[0].value
            assert app.session_state["shots"].classes == {"mug": []}
        assert opened == []
        assert [path for path in shots_folder().rglob("*") if path.is_file()] == []

    def test_shots_count_against_what_a_learner_may_keep(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TL_LEARNER_MB", "2")
        app = lab.open("data")
        self.name(app, "mug")
        (shots_folder() / OWNER).mkdir(parents=True)
        (shots_folder() / OWNER / "others").write_bytes(bytes(2 * MB))
        self.take(app, jpeg(0, 0))
        assert "each learner may keep 2 MB" in app.warning[0].value

    def test_names_of_classes_are_text(self, lab: Lab) -> None:
        names = [
            "**bold** [a](b) `x`",
            ":material/home: :red[red] :smile: $x^2$",
            "\u202egpj.exe",
            "# <b>1. one</b>",
            "n" * 300,
        ]
        app = lab.open("data")
        for count, name in enumerate(names, start=1):
            self.name(app, name)
            [choice] = app.radio
            assert choice.key == f"shot_class_{count}"
            shown = class_name(visible(name))
            assert len(shown) <= 60
            assert choice.options[-1] == literal(shown)
            assert app.camera_input[0].label == f"A shot of {literal(shown)}"
            assert app.camera_input[0].key == "shot_0"
        assert all("\u202e" not in option for option in app.radio[0].options)
        app.radio[0].set_value(next(iter(app.session_state["shots"].classes)))
        rerun(app)
        self.take(app, jpeg(0, 0))  # the choice stays, and the shot belongs to it
        assert [len(taken) for taken in app.session_state["shots"].classes.values()] == [
            1,
            0,
            0,
            0,
            0,
        ]
        assert app.radio[0].value == names[0] and app.camera_input[0].key == "shot_1"

    def test_classes_that_look_the_same_are_told_apart(self, lab: Lab) -> None:
        app = lab.open("data")
        for name in ("mug", "mu\u200dg"):
            self.name(app, name)
        assert len(set(app.radio[0].options)) == 2
        app.session_state["shots"].classes["mug\u202e"] = []  # as an older version took it
        rerun(app)
        assert app.radio[0].options[-1] == "mug (2)"

    def test_a_class_without_shots_can_be_removed(self, lab: Lab) -> None:
        app = lab.open("data")
        self.name(app, "mug")
        of(app, "Remove this class").click()
        rerun(app)
        assert not app.get("camera_input")
