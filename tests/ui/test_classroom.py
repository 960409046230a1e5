"""Classes and people: rooms, the instructor's screen, codes, and what stays hidden."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import ui.classroom.instructor_login
import ui.classroom.rooms
import ui.classroom.runs
from tests.ui.lab import APP, OWNER, Lab, links, rerun, tables, texts
from tl_core.execution import run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.server.cleanup import sweep
from tl_core.server.fetching import learners_fetch
from tl_core.server.instructor_login import InstructorLogin
from tl_core.server.questions import Question
from tl_core.server.rooms import Room, Rooms
from tl_core.store.learner_code import grouped, owner_of
from tl_core.training.config import make_config
from ui.predict.question import Asked
from ui.shared.learner import Learner

CODE = "correct horse"
OTHER = "f" * 32
HOSTILE = (
    "<script>alert(1)</script>",
    "**bold** [x](javascript:alert(1))",
    "$x$ :red[x] :material/home:",
    "`code` ~~gone~~ #1 | _u_",
    "🦋" * 300,
)


WAITS: list[float] = []
"""Seconds that each answer to a code would have taken."""


@pytest.fixture(autouse=True)
def access(monkeypatch: pytest.MonkeyPatch) -> InstructorLogin:
    fresh = InstructorLogin(sleep=WAITS.append)
    monkeypatch.setattr(ui.classroom.instructor_login, "_login", fresh)
    monkeypatch.setattr(ui.classroom.rooms, "lan_address", lambda: "192.168.1.7")
    return fresh


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TL_INSTRUCTOR_CODE", CODE)
    return CODE


@pytest.fixture
def instructor(lab: Lab, code: str, access: InstructorLogin) -> None:
    lab.in_session["instructor_signed_in"] = access.sign_in(OWNER, "", code, code)


def open_room(lab: Lab, title: str = "Friday", **pack: Any) -> Room:
    values = {"data": str(lab.photos), "data_name": "our photos", "backbone": "resnet_mini"}
    return Rooms(lab.store).open(title, {**values, **pack})


def button(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def field(app: Any, label: str) -> Any:
    return next(f for f in app.text_input if f.label == label)


def join(lab: Lab, code: str, name: str = "", owner: str = OWNER) -> Any:
    app = lab.open("classroom", owner)
    field(app, "Room code").set_value(code)
    field(app, "Your name (may stay empty)").set_value(name)
    button(app, "Join").click()
    return rerun(app)


# ---------------------------------------------------------------------------- signing in


class TestSigningIn:
    def test_without_a_code_the_screen_says_how_to_set_one(self, lab: Lab) -> None:
        app = lab.open("classroom")
        assert "TL_INSTRUCTOR_CODE" in app.code[0].value
        assert "instructor_code" in app.code[1].value
        assert [b.label for b in app.button] == ["Join"]

    def test_a_code_that_could_be_guessed_is_none(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TL_INSTRUCTOR_CODE", "1234")
        assert "only 4 characters" in lab.open("classroom").warning[0].value

    def test_a_code_from_the_secrets(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(st, "secrets", {"instructor_code": 12345678})
        assert self.sign_in(lab, "12345678").tabs

    def sign_in(self, lab: Lab, given: str) -> Any:
        app = lab.open("classroom")
        field(app, "Instructor's code").set_value(given)
        button(app, "Open the classroom").click()
        return rerun(app)

    def test_the_right_code_opens_the_screen_in_this_session_alone(
        self, lab: Lab, code: str
    ) -> None:
        app = self.sign_in(lab, code)
        assert [tab.label for tab in app.tabs] == ["Rooms", "Runs and machine", "Ranking"]
        app.switch_page("pages/data.py")
        rerun(app)
        app.switch_page("pages/classroom.py")
        assert rerun(app).tabs, "the session was asked again"
        assert not lab.open("classroom").tabs, "the learner's code opened another session"
        button(app, "Sign out").click()
        assert not rerun(app).tabs

    def test_it_ends_after_a_while(self, lab: Lab, code: str, access: InstructorLogin) -> None:
        access.lasts = 0
        assert not self.sign_in(lab, code).tabs

    def test_a_wrong_code_opens_nothing(self, lab: Lab, code: str) -> None:
        app = self.sign_in(lab, "wrong")
        assert "not the instructor" in app.warning[0].value and not app.tabs
        assert code not in texts(app)

    def test_trying_codes_costs_time_and_locks_nobody_out(self, lab: Lab, code: str) -> None:
        WAITS.clear()
        for _ in range(5):
            app = self.sign_in(lab, "wrong")
        assert WAITS == [0, 0, 0, 1, 2] and "answered after 4 s" in app.warning[0].value
        assert self.sign_in(lab, code).tabs and WAITS[-1] == 4


# ---------------------------------------------------------------------------- guarded actions

SOURCES = [*Path(ui.classroom.__file__).parent.glob("*.py"), APP.parent / "pages" / "classroom.py"]
FREE_FOR_ALL = {"sign_out"}
"""Callbacks without a guard: they harm nobody."""


def called_by_widgets() -> Iterator[tuple[Path, ast.expr]]:
    """Find what widgets and fragments of the classroom call."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            for given in node.keywords:
                if given.arg is not None and given.arg.startswith("on_"):
                    yield path, given.value
            if ast.unparse(node.func) == "st.fragment":
                yield path, node.args[0]


def is_guarded(path: Path, called: ast.expr) -> bool:
    name = ast.unparse(called)
    if name in FREE_FOR_ALL:
        return True
    found = getattr(importlib.import_module(f"ui.classroom.{path.stem}"), name, None)
    asks_again = "    if not is_instructor():"  # a fragment that then draws the page anew
    return hasattr(found, "instructor_only") or asks_again in inspect.getsource(found)


class TestGuards:
    def test_whatever_a_widget_calls_looks_at_the_sign_in(self) -> None:
        found = [(path.name, ast.unparse(call)) for path, call in called_by_widgets()]
        assert {("rooms.py", "_open"), ("runs.py", "_pause"), ("runs.py", "_panel")} <= {*found}
        open_to_all = [
            f"{path.name}: {ast.unparse(call)}"
            for path, call in called_by_widgets()
            if not is_guarded(path, call)
        ]
        assert open_to_all == [], "decorate these with instructor_only"

    def test_nothing_is_done_but_in_callbacks(self) -> None:
        """A button's answer in the middle of a page would be an action without a guard."""
        for path in SOURCES:
            if path.name == "instructor_login.py":
                continue  # it is the sign-in itself
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.If):
                    assert "button(" not in ast.unparse(node.test), f"{path.name}: {node.lineno}"

    @pytest.mark.usefixtures("instructor")
    def test_a_message_after_the_sign_in_has_ended_changes_nothing(
        self, lab: Lab, access: InstructorLogin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = open_room(lab)
        job = {"strategy": "hybrid", "backbone": "resnet_mini", "epochs": 3}
        run = lab.store.add_job("train", job, owner=OTHER)
        app = lab.open("classroom")
        app.selectbox(key="run_to_remove").set_value(run)
        rerun(app)
        labels = {"Pause the queue", "Yes, remove it", "Close it", "Open", "Show on the wall"}
        signed_in = access.holds
        for label in sorted(labels):
            monkeypatch.setattr(access, "holds", lambda *_: False)
            button(app, label).click()
            assert not rerun(app).tabs
            monkeypatch.setattr(access, "holds", signed_in)
            rerun(app).selectbox(key="run_to_remove").set_value(run)
            rerun(app)
        assert lab.store.setting("queue_paused") is None
        assert [(r.code, r.closed) for r in Rooms(lab.store).all()] == [(room.code, None)]
        assert [(job.id, job.request) for job in lab.store.jobs()] == [(run, "")]
        assert "on_the_wall" not in app.session_state


# ---------------------------------------------------------------------------- rooms


class TestJoining:
    def test_a_newcomer_starts_from_the_pack(self, lab: Lab) -> None:
        room = open_room(lab, thawed=["layer4"], strategies=["hybrid"], settings={"epochs": 3})
        app = join(lab, room.code.lower(), "Ada")
        assert "You are in **Friday**" in texts(app) and "You are **Ada**" in texts(app)
        kept = lab.store.workspace(OWNER)
        assert (kept["data"], kept["strategies"]) == (str(lab.photos), ["hybrid"])
        train = lab.open("train")
        assert "our photos: 20 photos" in texts(train) and "1 of 5 stages" in texts(train)
        assert button(train, "Start 1 run")
        assert "Friday" in train.sidebar.caption[0].value

    def test_runs_of_a_member_belong_to_the_room(self, lab: Lab) -> None:
        room = open_room(lab)
        join(lab, room.code)
        app = lab.open("train")
        button(app, "Start 2 runs").click()
        rerun(app)
        assert len(lab.store.jobs(room=room.code)) == 2

    def test_own_choices_are_replaced_only_on_request(self, lab: Lab) -> None:
        lab.choose(name="mine", strategies=["from_scratch"])
        app = join(lab, open_room(lab).code)
        assert lab.store.workspace(OWNER)["data_name"] == "mine"
        assert "Your own set-up differs" in texts(app)
        button(app, "Start from the room's set-up").click()
        assert "Your own set-up differs" not in texts(rerun(app))
        assert lab.store.workspace(OWNER)["data_name"] == "our photos"

    def test_a_pack_without_photos_leaves_those_of_the_learner(self, lab: Lab) -> None:
        lab.choose(name="mine", settings={"layout": "classes"})
        settings = {"layout": "inner", "epochs": 3}
        room = open_room(lab, data=None, strategies=["hybrid"], settings=settings)
        app = join(lab, room.code)
        assert "1 setting\n" in f"{texts(app)}\n", "how photos are read is told with the photos"
        button(app, "Start from the room's set-up").click()
        assert "Your own set-up differs" not in texts(rerun(app))
        kept = lab.store.workspace(OWNER)
        assert (kept["data_name"], kept["strategies"]) == ("mine", ["hybrid"])
        assert kept["settings"] == {"layout": "classes", "epochs": 3}

    def test_photos_that_are_gone_are_told(self, lab: Lab) -> None:
        room = open_room(lab, data="/nowhere/at/all")
        assert "photos of this room are gone" in join(lab, room.code).warning[0].value
        assert lab.store.workspace(OWNER) == {}

    def test_a_wrong_code_is_told(self, lab: Lab) -> None:
        assert "no room" in join(lab, "<b>").warning[0].value
        assert Rooms(lab.store).members() == []

    def test_leaving(self, lab: Lab) -> None:
        app = join(lab, open_room(lab).code)
        button(app, "Leave").click()
        assert field(rerun(app), "Room code").value == ""
        assert Rooms(lab.store).room_of(OWNER) is None

    def test_a_link_brings_the_code_along(self, lab: Lab) -> None:
        room = open_room(lab)
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.session_state["owner"] = OWNER
        app.query_params["room"] = room.code
        rerun(app)
        assert field(app, "Room code").value == room.code
        button(app, "Join").click()
        rerun(app)
        assert "You are in **Friday**" in texts(app) and "room" not in app.query_params

    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_are_shown_as_they_are(self, name: str, lab: Lab, instructor: None) -> None:
        room = open_room(lab, title=name)
        join(lab, room.code, name, owner=OTHER)
        for app in (lab.open("classroom", OTHER), lab.open("classroom"), lab.open("start", OTHER)):
            said = texts(app).replace(f"`{room.code}`", "").replace("**", "", 20)
            said = re.sub(r"`\w+` in `[\w/.]+`, line", "", said)  # where the screen's code stands
            unescaped = re.sub(r"\\.", "", said)
            assert "<script" not in unescaped and "](" not in unescaped and "$" not in unescaped
            assert ":red" not in unescaped and "`" not in unescaped


# ---------------------------------------------------------------------------- the instructor's part


@pytest.mark.usefixtures("instructor")
class TestRoomsOfTheInstructor:
    def test_nothing_yet(self, lab: Lab) -> None:
        said = texts(lab.open("classroom"))
        assert "Open a room" in said and "chosen no photos" in said
        assert "Nobody has started a run yet" in said and "There is no room yet" in said

    def test_a_room_is_published_shown_and_closed(self, lab: Lab) -> None:
        lab.choose(strategies=["hybrid"], thawed=["layer4"])
        app = lab.open("classroom")
        field(app, "Title").set_value("Friday")
        button(app, "Open").click()
        rerun(app)
        [room] = Rooms(lab.store).all()
        assert room.title == "Friday" and room.pack["strategies"] == ["hybrid"]
        assert room.code in texts(app) and "my photos · ResNet" in texts(app)
        assert len(app.get("image")) == 1
        button(app, "Show on the wall").click()
        rerun(app)
        assert r"192\.168\.1\.7" in texts(app) and not app.tabs
        button(app, "Back to the classroom").click()
        rerun(app)
        button(app, "Close it").click()
        assert room.code not in "".join(m.value for m in rerun(app).markdown)
        assert Rooms(lab.store).data_in_use() == set()

    @pytest.mark.parametrize("asked", [True, False])
    def test_the_instructor_decides_whether_learners_predict_first(
        self, lab: Lab, asked: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("TL_PREDICT_FIRST")
        lab.choose()
        app = lab.open("classroom")
        [switch] = [toggle for toggle in app.toggle if toggle.label == "Learners predict first"]
        switch.set_value(asked)
        button(app, "Open").click()
        rerun(app)
        assert ("nobody predicts first" in texts(app)) is not asked
        [room] = Rooms(lab.store).all()
        Rooms(lab.store).join(room.code, OWNER, "")
        assert button(lab.open("train"), "Start 2 runs").disabled is asked

    def test_without_a_network_there_is_no_address(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ui.classroom.rooms, "lan_address", lambda: None)
        open_room(lab)
        app = lab.open("classroom")
        assert not app.get("image")
        button(app, "Show on the wall").click()
        assert "cannot reach this server" in texts(rerun(app))

    def test_who_is_in(self, lab: Lab) -> None:
        room = open_room(lab)
        for owner, name in ((OTHER, "Ada"), ("e" * 32, "")):
            Rooms(lab.store).join(room.code, owner, name)
        assert "2 in: Ada, without a name" in texts(lab.open("classroom"))


@pytest.mark.usefixtures("instructor")
class TestRuns:
    def table(self, app: Any) -> dict[str, list[str]]:
        return next(t for t in tables(app) if "Status" in t)

    def test_who_runs_what(self, lab: Lab) -> None:
        room = open_room(lab)
        Rooms(lab.store).join(room.code, OTHER, "Ada")
        lab.train(owner=OTHER)
        job = {"strategy": "hybrid", "backbone": "resnet_mini", "epochs": 3}
        lab.store.add_job("train", job, owner="e" * 32)
        app = lab.open("classroom")
        table = self.table(app)
        assert table["Learner"] == ["Learner 2", "Ada", "Ada"]
        assert table["Strategy"] == ["Hybrid", "Fine-tuning", "Feature extraction"]
        assert table["Progress"] == ["0%", "100%", "100%"]
        assert table["Status"][0] == "Waiting for its turn"
        assert "**0 running**" in texts(app) and "**1 waiting**" in texts(app)
        assert "are free" in texts(app)

    def test_the_queue_is_paused_and_goes_on(self, lab: Lab) -> None:
        app = lab.open("classroom")
        button(app, "Pause the queue").click()
        assert "The queue is paused" in texts(rerun(app))
        assert lab.store.setting("queue_paused") is True
        button(app, "Let the queue go on").click()
        rerun(app)
        assert lab.store.setting("queue_paused") is False

    def test_learners_may_be_allowed_to_download_public_sets(self, lab: Lab) -> None:
        app = lab.open("classroom")
        switch = app.toggle(key="learners_fetch")
        assert switch.value is False and not learners_fetch(lab.store)
        switch.set_value(True)
        rerun(app)
        assert learners_fetch(lab.store)
        assert lab.open("classroom").toggle(key="learners_fetch").value is True

    def remove(self, app: Any, run: str) -> Any:
        app.selectbox(key="run_to_remove").set_value(run)
        rerun(app)
        app.button(key="remove_run").click()
        return rerun(app)

    def test_a_finished_run_is_removed(self, lab: Lab) -> None:
        gone, kept = lab.train(owner=OTHER)
        app = self.remove(lab.open("classroom"), gone)
        assert [job.id for job in lab.store.jobs()] == [kept]
        assert not run_folder(gone).exists() and run_folder(kept).exists()
        assert list(self.table(app)["Strategy"]) == ["Fine-tuning"]

    def test_an_active_run_is_stopped_first(self, lab: Lab) -> None:
        job = {"strategy": "hybrid", "backbone": "resnet_mini", "epochs": 3}
        run = lab.store.add_job("train", job, owner=OTHER)
        lab.store.start(run)
        app = self.remove(lab.open("classroom"), run)
        assert "Nobody has started a run" in texts(rerun(app))
        assert "Stopping" not in texts(lab.open("train", OTHER))
        stopping = lab.store.job(run)
        assert stopping is not None and stopping.request == "cancel"
        lab.store.end(run, "cancelled")
        sweep(lab.store)
        assert lab.store.jobs() == []


@pytest.mark.usefixtures("instructor")
class TestRanking:
    def test_two_learners_on_the_same_photos(self, lab: Lab) -> None:
        room = open_room(lab)
        for owner, name in ((OTHER, "Ada"), ("e" * 32, "Bo")):
            Rooms(lab.store).join(room.code, owner, name)
            config = make_config(
                str(lab.photos), epochs=1, input_size=32, batch_size=8, precision="fp32", threads=1
            )
            executor = InlineExecutor(lab.store)
            executor.submit("train", config.to_dict(), owner=owner, room=room.code)
        app = lab.open("classroom")
        table = next(t for t in tables(app) if "Place" in t)
        assert table["Learner"] == ["Ada", "Bo"] and table["Place"] == ["1 =", "1 ="]
        assert table["Against the first"] == ["", "too close to call"]
        assert all(" to " in text for text in table["95 % interval"])
        assert "only where they answered the same photos" in texts(app)

    def test_a_room_without_results(self, lab: Lab) -> None:
        open_room(lab)
        assert "No run of this room has finished yet" in texts(lab.open("classroom"))


# ---------------------------------------------------------------------------- another device


class TestOtherDevice:
    MINE = "ABCDE12345ABCDE12345"
    THEIRS = "VWXYZ98765VWXYZ98765"

    def open(self, lab: Lab, kept: bool = True) -> Any:
        app = lab.open("start", owner_of(self.MINE))
        app.session_state["learner"] = Learner(self.MINE, kept)
        return rerun(app)

    def enter(self, app: Any, typed: str) -> Any:
        field(app, "Code of the other device").set_value(typed)
        button(app, "Continue with that code").click()
        return rerun(app)

    def test_the_code_is_shown_on_request_alone(self, lab: Lab) -> None:
        app = self.open(lab)
        assert all(self.MINE[:5] not in code.value for code in app.code)
        assert self.MINE[:5] not in texts(app)
        app.toggle(key="show_code").set_value(True)
        assert grouped(self.MINE) in [code.value for code in rerun(app).code]

    def test_a_known_code_is_handed_to_the_browser(self, lab: Lab) -> None:
        lab.store.save_workspace(owner_of(self.THEIRS), {"data_name": "theirs"})
        app = self.enter(self.open(lab), grouped(self.THEIRS).lower())
        assert app.session_state["_learner_adopt"] == self.THEIRS
        assert not app.warning

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("ABCDE", "not a whole code"),
            ("VWXYZ-98765-VWXYZ-98764", "Nothing is kept under this code"),
            ("owner", "Nothing is kept under this code"),
        ],
    )
    def test_other_codes_are_told(self, typed: str, said: str, lab: Lab) -> None:
        lab.store.save_workspace(owner_of(self.THEIRS), {"data_name": "theirs"})
        typed = owner_of(self.THEIRS) if typed == "owner" else typed
        app = self.enter(self.open(lab), typed)
        assert said in app.warning[0].value
        assert "_learner_adopt" not in app.session_state

    def test_the_own_code_changes_nothing(self, lab: Lab) -> None:
        assert "already" in self.enter(self.open(lab), self.MINE).info[0].value

    def test_leaving_work_behind_has_to_be_confirmed(self, lab: Lab) -> None:
        for code in (self.MINE, self.THEIRS):
            lab.store.save_workspace(owner_of(code), {"data_name": "work"})
        app = self.enter(self.open(lab), self.THEIRS)
        assert "Tick first" in app.warning[0].value
        app.checkbox[0].set_value(True)
        app = self.enter(app, self.THEIRS)
        assert app.session_state["_learner_adopt"] == self.THEIRS

    def test_a_browser_that_keeps_nothing_is_told(self, lab: Lab) -> None:
        assert "only while this tab is open" in self.open(lab, kept=False).warning[0].value
        assert not self.open(lab).warning


# ------------------------------------------------------------------------ hidden from one another


class TestHidden:
    def test_anothers_comparison_shows_nothing(self, lab: Lab) -> None:
        lab.train()
        waiting = lab.store.add_job(
            "train",
            {"strategy": "hybrid", "backbone": "resnet_mini", "epochs": 3},
            owner=OWNER, comparison="comparison",
        )  # fmt: skip
        lab.store.save_workspace(
            OTHER, {"data": str(lab.photos), "data_name": "x", "comparison": "comparison"}
        )
        for screen in ("start", "train", "compare", "predict", "classroom"):
            app = lab.open(screen, OTHER)
            said = texts(app)
            assert "Finished in" not in said and "Waiting for its turn" not in said
            assert not [b.label for b in app.button if b.label in ("Stop", "Pause", "Go on")]
            assert "compare" not in links(app) or screen == "start"
            assert not tables(app)
        assert lab.store.job(waiting).request == ""  # type: ignore[union-attr]

    def test_anothers_answers_show_nothing(self, lab: Lab) -> None:
        [theirs] = lab.train(["feature_extraction"])
        lab.train(["feature_extraction"], owner=OTHER)
        question = lab.store.add_job("predict", {"photos": ["x"], "runs": [theirs]}, owner=OWNER)
        answer = {"run": theirs, "file": "x", "probabilities": {"secret": 1.0}}
        lab.store.append(question, 1, [answer])
        app = lab.open("predict", OTHER)
        asked = Question([("mine.jpg", Path("x"))], [])
        app.session_state["question"] = Asked(asked, question)
        assert "secret" not in texts(rerun(app))


class TestRemovingALearner:
    def test_with_everything_of_theirs(self, lab: Lab, instructor: None) -> None:
        [run] = lab.train(["feature_extraction"], owner=OTHER)
        lab.store.save_workspace(OTHER, {"data_name": "theirs"})
        [mine] = lab.train(["feature_extraction"])
        app = lab.open("classroom")
        chosen = next(s for s in app.selectbox if s.label == "Remove a learner")
        assert len(chosen.options) == 1 and chosen.options[0].startswith("Learner 1 · ")
        chosen.select(OTHER)
        rerun(app)
        button(app, "Yes, remove everything of theirs").click()
        rerun(app)
        assert [job.id for job in lab.store.jobs(kind="train")] == [mine]
        assert lab.store.workspace(OTHER) == {} and not run_folder(run).exists()

    def test_only_by_the_instructor(
        self, lab: Lab, code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.train(["feature_extraction"], owner=OTHER)
        app = lab.open("classroom")
        assert "Remove a learner" not in [s.label for s in app.selectbox]
        monkeypatch.setattr(ui.classroom.runs, "is_instructor", lambda: False)
        ui.classroom.runs._forget(OTHER)  # as a forged message calls it
        assert lab.store.jobs(owner=OTHER)

    def test_who_only_brought_photos_is_listed(self, lab: Lab, instructor: None) -> None:
        lab.own(lab.photos, OTHER)
        app = lab.open("classroom")
        chosen = next(s for s in app.selectbox if s.label == "Remove a learner")
        assert "· 1" in chosen.options[0]

    def test_the_instructor_needs_no_room(self, lab: Lab, instructor: None) -> None:
        assert lab.open("classroom").tabs
        assert not any("Join a room" in c.value for c in lab.open("data").sidebar.caption)
