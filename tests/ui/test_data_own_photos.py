"""The learner's own photos on the screens: brought, listed, expired, removed, and never others'."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from tests.photos import make_photo, make_photo_folder, zip_folder
from tests.ui.lab import OWNER, Lab, links, rerun, tables, texts
from tl_core.execution import run_folder
from tl_core.home import home
from tl_core.server.cleanup import sweep
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Uploads, questions_folder, uploads_folder
from tl_core.store.schema import uploads as table
from tl_core.training.record import RunRecord
from ui.shared.charts import confusion_matrix
from ui.shared.charts.confusion import LABEL
from ui.shared.cleanup import Cleanup
from ui.shared.file_upload import Arriving
from ui.shared.text import literal, visible

OTHER = "f" * 32
NAMES = (
    "</script><script>alert(1)<script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    ":red[x] :material/home: $x$",
    "ctrl\x07\x1b[31m",
    "\u202egpj.exe",
    "n" * 300,
    "Ant",
    "ant",
    "CON",
    "dot.",
    "space ",
    "👩‍👩‍👧 🦋",
    "{a|b} {b} {@[2]} %s",
    "  蜂 муравей",
)


def of(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def send(app: Any, content: bytes, name: str = "insects.zip") -> Any:
    app.file_uploader[0].set_value((name, content, "application/zip"))
    return rerun(app)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("zip")
    folder = make_photo_folder(root / "set", per_class=4, size=(1400, 900))
    return zip_folder(folder, root / "set.zip").read_bytes()


@pytest.fixture
def empty(lab: Lab) -> Lab:
    """A learner who has brought nothing yet."""
    for upload in Uploads(lab.store).of(OWNER):
        upload.path.unlink()
        Uploads(lab.store).delete(OWNER, upload.folder)
    return lab


class TestOwnPhotos:
    def test_say_where_they_go_before_they_go(self, empty: Lab) -> None:
        said = texts(empty.open("data"))
        assert "removed after 24 hours" in said and "No other learner sees them" in said
        assert "500 MB and 5,000 photos" in said and "keep 4 GB of photos and runs" in said

    def test_are_listed_with_size_and_time(self, empty: Lab, archive: bytes) -> None:
        app = send(empty.open("data"), archive)
        said = texts(app)
        assert re.search(r"8 photos · \d\.\d MB · removed in 24 h", said)
        assert "8 photos were larger than any network here looks at" in said
        assert app.metric[0].value == "8"
        [upload] = Uploads(empty.store).of(OWNER)
        assert empty.store.workspace(OWNER)["data"] == str(upload.path)

    def test_can_be_removed(self, empty: Lab, archive: bytes) -> None:
        app = send(empty.open("data"), archive)
        of(app, "Remove").click()
        rerun(app)
        assert "Nothing is chosen yet" in texts(app) and "removed in" not in texts(app)
        assert list(uploads_folder().iterdir()) == []

    def test_can_be_chosen_again(self, empty: Lab, archive: bytes) -> None:
        app = send(send(empty.open("data"), archive), archive, "again.zip")
        of(app, "Use insects").click()
        assert rerun(app).subheader[0].value == "insects"

    def test_a_refusal_is_one_sentence_and_leaves_nothing(self, empty: Lab) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("../evil.jpg", b"x")
        app = send(empty.open("data"), stream.getvalue())
        assert "leads out" in app.warning[0].value
        assert list(uploads_folder().iterdir()) == []

    def test_caps_come_from_the_environment(
        self, empty: Lab, archive: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TL_UPLOAD_PHOTOS", "5")
        monkeypatch.setenv("TL_DATA_HOURS", "2")
        app = empty.open("data")
        assert "removed after 2 hours" in texts(app)
        assert "at most 5 can be taken in" in send(app, archive).warning[0].value


class TestWhoseTheyAre:
    @pytest.mark.parametrize("screen", ["start", "data", "train", "predict"])
    def test_a_changed_workspace_opens_nothing(self, lab: Lab, screen: str, tmp_path: Path) -> None:
        theirs = lab.own(make_photo_folder(tmp_path / "theirs", per_class=4), OTHER)
        for path in (theirs, tmp_path / "theirs"):
            lab.store.save_workspace(OWNER, {"data": str(path), "data_name": "stolen"})
            app = lab.open(screen)
            assert (not app.metric and not app.get("image")) or screen == "data"
            assert "ant\\_" not in texts(app)
            assert "train" not in links(app) or screen != "data"

    def test_a_member_of_a_room_opens_its_photos(self, lab: Lab, tmp_path: Path) -> None:
        theirs = lab.own(make_photo_folder(tmp_path / "theirs", per_class=4), OTHER)
        rooms = Rooms(lab.store)
        room = rooms.open("Friday", {"data": str(theirs)})
        rooms.join(room.code, OWNER, "")
        lab.store.save_workspace(OWNER, {"data": str(theirs), "data_name": "shared"})
        assert lab.open("data").metric[0].value == "8"
        rooms.close(room.code)
        app = lab.open("data")
        assert not app.metric and "no longer on this server" in app.info[0].value


class TestExpiry:
    @pytest.mark.parametrize("screen", ["data", "train", "compare", "predict"])
    def test_every_screen_says_it_and_results_stay(self, lab: Lab, screen: str) -> None:
        lab.train()
        lab.choose(comparison="comparison")
        yesterday = time.time() - 25 * 3600
        with lab.store.engine.begin() as connection:
            connection.execute(update(table).values(created=yesterday))
        sweep(lab.store)
        assert Uploads(lab.store).of(OWNER) == []
        app = lab.open(screen)
        if screen == "compare":
            assert tables(app)[0]["Photos"] == ["6", "6"]
        else:
            assert "removed 24 hours after" in texts(app) and "Data screen" in texts(app)

    def test_mistakes_say_that_their_photos_are_gone(self, lab: Lab, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=8)
        for photo in sorted((data / "ant").iterdir())[:4]:  # wrong labels: sure mistakes
            photo.rename(data / "bee" / photo.name)
        lab.train(data=data)
        Uploads(lab.store).delete(OWNER, lab.own(data).name)
        app = lab.open("compare")
        assert "no longer on this server" in texts(app) and not app.get("image")

    def test_the_caretaker_tidies_up_by_itself(self, lab: Lab) -> None:
        orphan = questions_folder() / "old.png"
        orphan.parent.mkdir()
        orphan.touch()
        os.utime(orphan, (0, 0))
        cleanup = Cleanup(interval=0.01)
        deadline = time.monotonic() + 20
        while orphan.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        cleanup.stop()
        assert not orphan.exists()


class TestDeleteMyData:
    def test_asks_first_and_then_removes_everything(self, lab: Lab) -> None:
        runs = lab.train()
        theirs = lab.train(owner=OTHER)
        lab.choose(comparison="comparison", thawed=["layer4"])
        app = lab.open("data")
        assert lab.store.jobs(owner=OWNER) and "cannot be undone" in texts(app)
        of(app, "Delete everything of mine").click()
        rerun(app)
        assert "were deleted" in app.success[0].value
        assert lab.store.jobs(owner=OWNER) == [] and lab.store.workspace(OWNER) == {}
        assert Uploads(lab.store).of(OWNER) == []
        assert not any(run_folder(run).exists() for run in runs)
        assert all(run_folder(run).exists() for run in theirs)
        assert "Nothing is chosen yet" in texts(app)
        assert links(lab.open("compare")) == ["train"]


class TestNames:
    def test_are_data_from_the_upload_to_the_comparison(self, empty: Lab) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for label, name in enumerate(NAMES):
                for number in range(3):
                    picture = io.BytesIO()
                    make_photo(label, seed=number).save(picture, "JPEG")
                    path = f"{name.replace('/', '')}/{name.replace('/', '')[:80]}{number}.jpg"
                    archive.writestr(path, picture.getvalue())
        app = send(empty.open("data"), stream.getvalue(), f"{NAMES[1]}.zip")
        assert app.metric[1].value == str(len(NAMES))
        harmless(texts(app))
        options = next(box for box in app.selectbox if box.label == "Class").options
        assert len(set(options)) == len(NAMES)
        assert not any("\u202e" in option or "\x1b" in option for option in options)
        [run] = empty.train(["feature_extraction"], data=Uploads(empty.store).of(OWNER)[0].path)
        record = RunRecord.load(run_folder(run))
        assert len(record.classes) == len(NAMES)
        app = empty.open("compare")
        harmless(texts(app))
        spec = str(confusion_matrix(record.classes, {}).spec)
        assert "\u202e" not in spec and "\x1b" not in spec
        assert "formatter" not in spec.replace(f"'formatter': {LABEL!r}", "")  # which holds no name
        for folder in (home() / "uploads", run_folder(run)):
            for path in folder.rglob("*"):
                assert re.fullmatch(r"[\w.-]+", path.name, re.ASCII), path


def harmless(said: str) -> None:
    said = re.sub(r"`[\w.]+` in `[\w/]+\.py`", "", said)  # where the screen's code stands
    said = re.sub(r"(?m)^:material/(bolt|lightbulb): ", "", said)  # its own signs
    unescaped = re.sub(r"\\.", "", said)
    for markup in ("<", "[", "$", "`", "~", ":red", ":material", "\u202e", "\x1b", "\x07"):
        assert markup not in unescaped, markup


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_stays_in_one_line_and_in_order(name: str) -> None:
    shown = literal(name)
    assert all(c.isprintable() or c in "\u200d\u2060" for c in shown)
    assert visible("👩‍👩‍👧") == "👩‍👩‍👧"


def test_a_file_that_was_read_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = MemoryUploadedFileManager("/upload")
    record = UploadedFileRec("1", "a.zip", "application/zip", b"content")
    manager.add_file("session", record)
    context = SimpleNamespace(uploaded_file_mgr=manager, session_id="session")
    monkeypatch.setattr("ui.shared.file_upload.get_script_run_ctx", lambda: context)
    file = Arriving(UploadedFile(record, FileURLs()))
    assert file.read(100) == b"content"
    file.close()
    assert manager.get_files("session", ["1"]) == []
