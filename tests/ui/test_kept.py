"""What a learner keeps on the server, what goes soon, a full disk, and who may start something."""

from __future__ import annotations

import errno
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import update

import ui.shared.downloads
from tests.jobs import quick
from tests.ui.lab import OWNER, Lab, links, rerun, texts
from tl_core.data.limits import MB
from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.server.budget import Budget
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Uploads
from tl_core.store.schema import jobs
from ui.shared.navigation import ROUTED

OTHER = "f" * 32
HOUR = 3600.0
SCREENS = ("start", "data", "backbone", "train", "compare", "predict", "classroom")


def of(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def said(app: Any) -> str:
    text = "\n".join([texts(app), *(c.value for c in app.sidebar.caption)])
    return text.replace("\\", "")


def through_router(app: Any) -> Any:
    """Draw the screen once more as a browser does: this harness goes straight to the page."""
    del app.session_state[ROUTED]
    return rerun(app)


def end_before(lab: Lab, runs: list[str], seconds: float) -> None:
    this = update(jobs).where(jobs.c.id.in_(runs)).values(ended=time.time() - seconds)
    with lab.store.engine.begin() as connection:
        connection.execute(this)


def full(monkeypatch: pytest.MonkeyPatch, free: int = 500 * MB) -> None:
    usage = SimpleNamespace(free=free, used=0, total=10**12)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)


class TestWhatIsKept:
    def test_it_is_shown_with_what_takes_how_much(self, lab: Lab) -> None:
        runs = lab.train()
        end_before(lab, runs, HOUR)
        mine = Budget(lab.store).kept(OWNER)
        app = lab.open("data")
        assert mine.runs > 20 * MB
        assert f"You keep {(mine.total) / MB:.0f} MB of 4 GB here: photos" in said(app)
        assert "2 runs" in said(app) and "removed in 7 days" in said(app)

    def test_runs_can_be_removed_by_their_learner(self, lab: Lab) -> None:
        lab.choose(comparison="comparison")
        runs = lab.train()
        app = lab.open("data")
        of(app, "Remove these runs").click()
        rerun(app)
        assert lab.store.jobs() == [] and not any(run_folder(run).exists() for run in runs)
        assert lab.store.workspace(OWNER)["comparison"] is None
        assert "Your runs" not in said(app)

    def test_interrupted_runs_can_be_removed_or_stopped(self, lab: Lab) -> None:
        lab.choose(comparison="comparison")
        config = quick(lab.photos).to_dict()
        run = lab.store.add_job("train", config, owner=OWNER, comparison="comparison")
        lab.store.end(run, "interrupted")
        app = lab.open("train")
        assert of(app, "Resume") and "Resume" in [b.label for b in app.button]
        of(app, "Stop").click()
        rerun(app)
        assert [job.status for job in lab.store.jobs(kind="train")] == ["cancelled"]
        of(lab.open("data"), "Remove these runs").click().run()
        assert lab.store.jobs(kind="train") == []

    def test_what_goes_on_is_stopped_first(self, lab: Lab) -> None:
        lab.choose()
        config = quick(lab.photos).to_dict()
        lab.store.add_job("train", config, owner=OWNER, comparison="c")
        app = lab.open("data")
        assert "goes on; stop it on Train" in said(app)
        assert "Remove these runs" not in [b.label for b in app.button]

    def test_others_see_nothing_of_it(self, lab: Lab) -> None:
        lab.train()
        assert "You keep" not in said(lab.open("data", OTHER))

    def test_a_run_is_a_link_for_its_owner(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        [run] = lab.train(["hybrid"])
        assert not lab.open("data").get("link_button")
        monkeypatch.setattr(ui.shared.downloads, "_open", True)
        [link] = lab.open("data").get("link_button")
        assert link.proto.url.startswith(f"runs/{run}/") and len(link.proto.url) > 80


class TestExpiry:
    @pytest.mark.parametrize("screen", ["data", "train", "compare"])
    def test_runs_are_warned_of_a_day_before(self, lab: Lab, screen: str) -> None:
        lab.choose()
        runs = lab.train()
        assert "removed from this server soon" not in said(lab.open(screen))
        end_before(lab, runs, 7 * 24 * HOUR - 5 * HOUR)
        assert "2 of your runs are removed from this server soon, the first in 5 h" in said(
            lab.open(screen)
        )


class TestFullDisk:
    @pytest.mark.parametrize("screen", SCREENS)
    def test_every_screen_says_so_and_works(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, screen: str
    ) -> None:
        lab.choose()
        full(monkeypatch)
        assert "almost full (500 MB free), so it takes nothing new" in said(lab.open(screen))

    def test_without_a_byte_left_the_photos_are_shown_and_nothing_breaks(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def write(path: Path, content: str | bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        lab.choose()
        full(monkeypatch, 0)
        monkeypatch.setattr(sys.modules["tl_core.data.facts"], "write_atomically", write)
        assert lab.open("data").metric[0].value == "20"
        assert of(lab.open("train"), "Start 2 runs")

    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            UserError("This server cannot keep anything just now: its disk is full."),
        ],
    )
    def test_what_a_screen_has_not_expected_is_no_traceback(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: Any) -> None:
            raise error

        full(monkeypatch, 0)
        monkeypatch.setattr(Uploads, "of", fail)
        assert "almost full (0 MB free)" in said(lab.open("data"))

    def test_photos_are_refused_with_a_sentence(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full(monkeypatch)
        app = lab.open("data")
        app.file_uploader[0].set_value(("x.zip", b"zip", "application/zip"))
        [refused] = rerun(app).warning
        assert "almost full" in refused.value and app.session_state["upload_problem"]
        assert len(Uploads(lab.store).of(OWNER)) == 1

    def test_what_cannot_be_kept_is_said(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        lab.choose(strategies=["hybrid"])
        app = lab.open("train")
        monkeypatch.setattr(lab.store, "_write", _no_room)
        app.button_group[0].set_value(["hybrid", "fine_tune"])
        assert "its disk is full" in said(through_router(rerun(app)))
        assert lab.store.workspace(OWNER)["strategies"] == ["hybrid"]


def _no_room(_: Any) -> None:
    raise UserError("This server cannot keep anything just now: its disk is full.")


class TestWhoMayStart:
    @pytest.fixture(autouse=True)
    def code(self, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setenv("TL_INSTRUCTOR_CODE", "correct horse")
        return "correct horse"

    def test_without_a_room_every_screen_says_what_to_do(self, lab: Lab) -> None:
        for screen in SCREENS:
            assert "Join a room on Classroom to upload and train" in said(lab.open(screen))

    def test_photos_and_the_demo_lead_to_the_classroom(self, lab: Lab) -> None:
        for screen, missing in (("data", "Zip with"), ("start", "Run the one-minute demo")):
            app = lab.open(screen)
            assert "members of a class upload and train. Join a room" in said(app)
            assert "pages/classroom.py" in "".join(links(app)) or "classroom" in str(links(app))
            shown = [w.label for w in (*app.button, *app.file_uploader)]
            assert not any(label.startswith(missing) for label in shown)

    def test_members_notice_nothing(self, lab: Lab) -> None:
        Rooms(lab.store).join(Rooms(lab.store).open("Friday", {}).code, OWNER, "")
        assert "to upload and train" not in said(lab.open("data"))
        assert of(lab.open("start"), "Run the one-minute demo")

    def test_without_an_instructor_nobody_needs_a_room(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("TL_INSTRUCTOR_CODE")
        monkeypatch.setattr(st, "secrets", {})
        assert "to upload and train" not in said(lab.open("data"))


class TestNewLearners:
    def test_one_too_many_is_told_and_keeps_nothing(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TL_NEW_LEARNERS", "1")
        for number, owner in enumerate(f"{n:032x}" for n in range(3)):
            app = lab.open("data", owner)
            next(b for b in app.button if b.label.startswith("Use")).click()
            refused = "1 new learners have started from your network" in said(
                through_router(rerun(app))
            )
            assert refused == (number > 0) == (lab.store.workspace(owner) == {})
