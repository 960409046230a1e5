"""Start's demo and what Train asks before a start, says while it runs and offers after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import quick
from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, links, rerun, texts
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Uploads, uploads_folder
from tl_core.store.database import Store
from tl_core.training.config import make_config
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PrefixCached,
    PreparationAdvanced,
    RunStarted,
    to_dict,
)
from ui.shared.runs import RunView, view_runs
from ui.start.demo import plan


def button(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label.startswith(label))


# ------------------------------------------------------------------------------------------ demo


def test_the_demo_leaves_the_learner_s_set_up_alone(lab: Lab) -> None:
    lab.choose(strategies=["hybrid"], thawed=["layer4"])
    before = lab.store.workspace(OWNER)
    app = lab.open("start")
    button(app, "Run the one-minute demo").click()
    rerun(app)
    jobs = lab.store.jobs(owner=OWNER, kind="train")
    assert [j.payload["strategy"] for j in jobs] == [c.strategy for c in plan()]
    assert len({j.comparison for j in jobs}) == 1 and "Waiting for its turn" in texts(app)
    after = lab.store.workspace(OWNER)
    assert after["demo"] == jobs[0].comparison
    assert {key: after[key] for key in before} == before
    assert not after.get("guesses") and button(app, "Run it again").disabled


def test_the_finished_demo_leads_to_compare(lab: Lab) -> None:
    lab.train()
    lab.choose(demo="comparison")
    app = lab.open("start")
    assert "Finished in" in texts(app) and not button(app, "Run it again").disabled
    button(app, "Compare the three").click()
    assert rerun(app).title[0].value == "Compare"
    assert lab.store.workspace(OWNER)["comparison"] == "comparison"


def test_a_demo_that_cannot_be_accepted_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_MAX_WAITING", "1")
    app = lab.open("start")
    button(app, "Run the one-minute demo").click()
    rerun(app)
    assert "may wait" in app.warning[0].value and lab.store.jobs(owner=OWNER, kind="train") == []


# ------------------------------------------------------------------------------------------ guess


@pytest.fixture
def asks(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TL_PREDICT_FIRST")


@pytest.mark.usefixtures("asks")
@pytest.mark.parametrize(
    ("answer", "kept"),
    [(1, {"winner": 1, "points": 5}), (-1, {"winner": None, "points": 0})],
)
def test_a_guess_comes_before_the_start(answer: int, kept: dict[str, Any], lab: Lab) -> None:
    lab.choose()
    app = lab.open("train")
    assert button(app, "Start 2 runs").disabled
    app.radio[0].set_value(answer)
    rerun(app)
    button(app, "Start 2 runs").click()
    rerun(app)
    [comparison] = {job.comparison for job in lab.store.jobs(owner=OWNER, kind="train")}
    assert lab.store.workspace(OWNER)["guesses"] == {comparison: kept}


@pytest.mark.usefixtures("asks")
def test_a_single_run_has_nobody_to_win_against(lab: Lab) -> None:
    lab.choose(strategies=["fine_tune"])
    app = lab.open("train")
    assert not app.radio and not button(app, "Start 1 run").disabled


@pytest.mark.usefixtures("asks")
def test_a_room_can_do_without_guesses(lab: Lab) -> None:
    lab.choose()
    rooms = Rooms(lab.store)
    room = rooms.open("Friday", {"data": str(lab.photos), "predict_first": False})
    rooms.join(room.code, OWNER, "")
    assert not button(lab.open("train"), "Start 2 runs").disabled


# ------------------------------------------------------------------------------------------- live


def started(store: Store) -> tuple[str, RunView]:
    config = make_config("photos", strategy="hybrid", epochs=4)
    job = store.add_job("train", config.to_dict(), owner="ada", comparison="c")
    store.start(job)
    return job, RunView(store.job(job), None)  # type: ignore[arg-type]


def test_frozen_layers_are_named_while_they_run(lab: Lab) -> None:
    job, view = started(lab.store)
    run = RunStarted({}, ["ant", "bee"], 8, 4, 0, epochs=4, steps=8, total_parameters=10)
    phase = PhaseStarted(1, "Head only", [], 2, first_epoch=1, epochs=2)
    running = PreparationAdvanced("training photos", 120, 244)
    cached = PrefixCached(1, ["stem"], 1, 10, "memory", 1.0, 2.0)
    known = {job: view}

    def say(*events: Any) -> str:
        numbers = known[job].read + 1
        lab.store.append(job, numbers, [to_dict(event) for event in events])
        [now] = view_runs(lab.store, [lab.store.job(job)], known)  # type: ignore[list-item]
        return now.status_text()

    assert say(PreparationAdvanced("training photos", 3, 8)).startswith("Preparing")
    assert say(run, phase) == "Epoch 1 of 4 · Head only"
    assert say(running) == "Running the frozen layers once: 120 of 244"
    assert say(cached) == "Epoch 1 of 4 · Head only"


def test_a_remark_is_made_when_it_is_true(lab: Lab) -> None:
    first, _ = lab.train()
    lab.choose(comparison="comparison")
    assert "Nothing odd about these curves so far" in texts(lab.open("train"))
    wild = [
        EpochEnded(n, 1, loss, 0.5, 0.6, 0.5, 1e-3, 1.0, False)
        for n, loss in enumerate((0.7, 2.0, 3.0), 3)
    ]
    last = max(number for number, _ in lab.store.events(first, after=0))
    lab.store.append(first, last + 1, [to_dict(event) for event in wild])
    assert "the steps are too large" in texts(lab.open("train"))


def test_the_epochs_that_are_shown_can_be_chosen(lab: Lab) -> None:
    lab.train(epochs=4)
    lab.choose(comparison="comparison")
    app = lab.open("train")
    app.slider[0].set_value((1, 3))
    rerun(app)
    assert app.slider[0].value == (1, 3)


def test_finished_runs_can_run_longer(lab: Lab) -> None:
    lab.train()
    lab.choose(comparison="comparison")
    app = lab.open("train")
    assert "compare" in links(app)
    button(app, "Run longer: up to 4 epochs").click()
    rerun(app)
    runs = lab.store.jobs(owner=OWNER, kind="train")
    old, new = runs[:2], runs[2:]
    assert [j.payload for j in new] == [{**j.payload, "epochs": 4} for j in old]
    assert lab.store.workspace(OWNER)["comparison"] == new[0].comparison != "comparison"


def test_nobody_runs_longer_on_photos_that_are_not_theirs_any_more(lab: Lab) -> None:
    lab.train()
    lab.choose(data=make_photo_folder(uploads_folder() / "other"), comparison="comparison")
    app = lab.open("train")
    Uploads(lab.store).delete(OWNER, lab.photos.name)
    button(app, "Run longer: up to 4 epochs").click()
    assert "no longer on this server, or not yours to use" in rerun(app).warning[0].value
    assert len(lab.store.jobs(owner=OWNER, kind="train")) == 2


def test_a_paused_run_whose_photos_are_gone_says_so(lab: Lab) -> None:
    run = lab.store.add_job(
        "train", quick(lab.photos).to_dict(), owner=OWNER, comparison="comparison"
    )
    lab.store.request(run, "pause")
    lab.choose(data=make_photo_folder(uploads_folder() / "other"), comparison="comparison")
    Uploads(lab.store).delete(OWNER, lab.photos.name)
    app = lab.open("train")
    button(app, "Go on").click()
    assert any("no longer on this server" in said.value for said in rerun(app).warning)
    assert [job.status for job in lab.store.jobs(kind="train")] == ["paused"]
    button(app, "Stop").click()
    assert not rerun(app).warning
    assert [job.status for job in lab.store.jobs(kind="train")] == ["cancelled"]


def test_a_run_between_two_turns_says_what_it_waits_for(lab: Lab) -> None:
    job, view = started(lab.store)
    run = RunStarted({}, ["ant", "bee"], 8, 4, 0, epochs=4, steps=8, total_parameters=10)
    phase = PhaseStarted(1, "Head only", [], 2, first_epoch=1, epochs=4)
    lab.store.append(job, 1, [to_dict(event) for event in (run, phase)])

    def said() -> str:
        [now] = view_runs(lab.store, [lab.store.job(job)], {job: view})  # type: ignore[list-item]
        return now.status_text()

    lab.store.ask_to_yield(job)
    assert said() == "Epoch 1 of 4 · Head only · then others have a turn"
    lab.store.hold(job)
    assert said() == "Waiting for its next turn"


def test_mistakes_are_shown_once_it_is_over(lab: Lab) -> None:
    config = make_config(
        str(lab.photos), strategy="from_scratch", epochs=1, input_size=32, lr=1e-8, precision="fp32"
    )
    lab.run(config)
    lab.choose(comparison="comparison")
    app = lab.open("train")
    [gallery] = [e for e in app.expander if "still gets wrong" in e.label]
    assert "taken for" in texts(app) and gallery.label.startswith("From scratch")
