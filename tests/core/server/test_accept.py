"""What a learner's jobs have to be, wherever they come from: the last look before they are kept."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tests.jobs import quick
from tests.photos import make_photo_folder
from tl_core.cost.profile import ProfileKey
from tl_core.data.catalog import bundled_sets
from tl_core.errors import DataError, TLError, UserError
from tl_core.execution import Executor
from tl_core.server import job_limits, visitors
from tl_core.server.accept import accept, request
from tl_core.server.cleanup import PASSING_SECONDS, sweep
from tl_core.server.clock import Clock
from tl_core.server.fetching import let_learners_fetch
from tl_core.server.questions import MOST_ITEMS, Questions
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Upload, questions_folder, uploads_folder
from tl_core.store.database import Store
from tl_core.store.schema import uploads

ANNA, BEN = "a" * 32, "b" * 32


class Queue(Executor):
    """Accepts jobs and does nothing."""

    def dispatch(self, identifiers: Any) -> None:
        pass


@pytest.fixture
def queue(store: Store) -> Queue:
    return Queue(store)


def own(store: Store, name: str, owner: str = ANNA) -> Path:
    """Make photos an upload of a learner's; return its folder."""
    folder = make_photo_folder(uploads_folder() / name, per_class=2)
    row = Upload(owner, name, name, 4, 1000, time.time())
    with store.engine.begin() as connection:
        connection.execute(insert(uploads).values(**vars(row)))
    return folder


def ask(store: Store, photo: Path, owner: str = ANNA) -> None:
    """Bring a question."""
    photo.touch()
    Questions(store, photo.parent).note(owner, photo, 0)


def finished(store: Store, owner: str = ANNA) -> str:
    run = store.add_job("train", {}, owner=owner)
    store.start(run)
    store.end(run, "finished")
    return run


def ranking(data: object, *backbones: str) -> dict[str, Any]:
    names = list(backbones) or ["resnet_mini", "vgg_mini"]
    return {"data": str(data), "backbones": names, "seed": 0, "val_fraction": 0.3}


def preview(file: Path, **changes: object) -> dict[str, object]:
    return {
        "file": str(file), "augment": "none", "backbone": "resnet_mini", "input_size": 32, **changes
    }  # fmt: skip


def measurement(**changes: object) -> dict[str, object]:
    key = ProfileKey("resnet_mini", 64, "cpu", "fp32", 1)
    return {**dataclasses.asdict(key), **changes}


# --------------------------------------------------------------------------------- whose they are


def test_runs_of_ones_own_photos_and_of_known_sets(queue: Queue) -> None:
    mine = own(queue.store, "mine")
    plans = [quick(Path(data)).to_dict() for data in (mine, bundled_sets()[0].name)]
    assert len(accept(queue, "train", plans, owner=ANNA, comparison="c")) == 2
    accept(queue, "rank", [ranking(mine)], owner=ANNA)


@pytest.mark.parametrize("key", ["data", "test"])
@pytest.mark.parametrize("whose", ["of another", "gone", "of the server", "a way out"])
def test_nobody_trains_with_what_is_not_theirs(
    queue: Queue, key: str, whose: str, tmp_path: Path
) -> None:
    mine = own(queue.store, "mine")
    other = {
        "of another": own(queue.store, "theirs", BEN),
        "gone": uploads_folder() / "gone",
        "of the server": make_photo_folder(tmp_path / "private", per_class=2),
        "a way out": mine / ".." / "theirs",
    }[whose]
    fine = quick(mine).to_dict()
    for kind, payload in (("train", {**fine, key: str(other)}), ("rank", ranking(other))):
        with pytest.raises(DataError, match="no longer on this server, or not yours"):
            accept(queue, kind, [fine, payload] if kind == "train" else [payload], owner=ANNA)
    assert queue.store.jobs() == [], "all or none"


def test_the_photos_of_a_room_serve_its_members_while_it_is_open(queue: Queue) -> None:
    shared, rooms = own(queue.store, "shared", BEN), Rooms(queue.store)
    room = rooms.open("Friday", {"data": str(shared)})
    rooms.join(room.code, ANNA, "Anna")
    plan = [quick(shared).to_dict()]
    [run] = accept(queue, "train", plan, owner=ANNA)
    assert request(queue, ANNA, run, "pause")
    rooms.close(room.code)
    with pytest.raises(DataError):
        accept(queue, "train", plan, owner=ANNA)
    with pytest.raises(DataError):
        request(queue, ANNA, run, "resume")
    assert request(queue, ANNA, run, "cancel"), "a run that cannot go on can be ended"


@pytest.mark.parametrize("status", ["paused", "interrupted"])
def test_a_run_goes_on_only_with_its_photos(queue: Queue, status: str) -> None:
    mine, store = own(queue.store, "mine"), queue.store
    [run] = accept(queue, "train", [quick(mine).to_dict()], owner=ANNA)
    if status == "paused":
        store.request(run, "pause")
    else:
        store.start(run)
        store.end(run, status)
    mine.rename(mine.with_name("elsewhere"))
    with pytest.raises(DataError, match="photos are removed 24 hours after"):
        request(queue, ANNA, run, "resume")
    mine.with_name("elsewhere").rename(mine)
    assert request(queue, ANNA, run, "resume")


def test_nothing_is_asked_of_another_learners_job(queue: Queue) -> None:
    [run] = accept(queue, "train", [quick(own(queue.store, "mine")).to_dict()], owner=ANNA)
    for what in ("cancel", "pause", "resume"):
        assert not request(queue, BEN, run, what)
    job = queue.store.job(run)
    assert job is not None and job.status == "waiting"
    with pytest.raises(UserError, match="somebody else's"):
        plan = quick(own(queue.store, "theirs", BEN)).to_dict()
        store = queue.store
        store.add_job("train", {}, owner=ANNA, comparison="hers")
        accept(queue, "train", [plan], owner=BEN, comparison="hers")


def test_only_ones_own_networks_are_asked_about_a_question(queue: Queue, tmp_path: Path) -> None:
    mine, theirs = finished(queue.store), finished(queue.store, BEN)
    questions_folder().mkdir(parents=True)
    photo, other = questions_folder() / "1.png", tmp_path / "2.png"
    other.touch()
    ask(queue.store, photo)
    ask(queue.store, questions_folder() / "3.png", BEN)
    second = questions_folder() / "2.png"
    ask(queue.store, second)
    accept(queue, "predict", [{"photos": [str(photo), str(second)], "runs": [mine]}], owner=ANNA)
    accept(queue, "predict", [{"photo": str(photo), "runs": [mine]}], owner=ANNA)  # as it was
    for asked, runs in (
        (other, [mine]), (questions_folder() / "3.png", [mine]), (photo, [mine, theirs]),
        (photo, []), (photo, [mine, mine]),
        (photo, ["unknown"]), (questions_folder() / "gone.png", [mine]),
        (questions_folder() / ".." / "questions" / "1.png", ["unknown"]),
    ):  # fmt: skip
        for photos in ([asked], [second, asked]):
            payload = {"photos": [str(one) for one in photos], "runs": runs}
            with pytest.raises(UserError):
                accept(queue, "predict", [payload], owner=ANNA)


def test_a_question_is_about_each_photo_once_and_about_so_many(queue: Queue) -> None:
    mine = finished(queue.store)
    questions_folder().mkdir(parents=True)
    photos = [questions_folder() / f"{number}.png" for number in range(MOST_ITEMS + 1)]
    for photo in photos:
        ask(queue.store, photo)

    def submit(asked: list[Path]) -> list[str]:
        payload = {"photos": [str(one) for one in asked], "runs": [mine]}
        return accept(queue, "predict", [payload], owner=ANNA)

    submit(photos[:MOST_ITEMS])
    for asked in ([], photos, [photos[0], photos[0]]):
        with pytest.raises(UserError, match=f"at most {MOST_ITEMS}"):
            submit(asked)


def test_a_preview_opens_what_its_learner_may_open(queue: Queue, tmp_path: Path) -> None:
    mine, theirs = own(queue.store, "mine"), own(queue.store, "theirs", BEN)
    [file, other] = (next(folder.rglob("*.jpg")) for folder in (mine, theirs))
    accept(queue, "preview", [preview(file)], owner=ANNA)
    accept(queue, "preview", [preview(bundled_sets()[0].pictures(1)[0])], owner=ANNA)
    out = mine / ".." / "theirs" / other.relative_to(theirs)
    for wanted in (
        preview(other), preview(out), preview(Path("/etc/passwd")), preview(mine),
        preview(file, input_size=9999), preview(file, backbone="none"),
    ):  # fmt: skip
        with pytest.raises(TLError):
            accept(queue, "preview", [wanted], owner=ANNA)


# --------------------------------------------------------------------------------------- how many


def test_how_many_runs_may_wait(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = quick(own(queue.store, "mine")).to_dict()
    monkeypatch.delenv("TL_MAX_WAITING", raising=False)
    accept(queue, "train", [plan] * 8, owner=ANNA)
    with pytest.raises(UserError, match="At most 8 of your runs may wait; there are 8 in line"):
        accept(queue, "train", [plan], owner=ANNA)
    monkeypatch.setenv("TL_MAX_WAITING", "10")
    accept(queue, "train", [plan] * 2, owner=ANNA)


def test_a_pause_is_no_way_around_the_limit(queue: Queue) -> None:
    plan, store = quick(own(queue.store, "mine")).to_dict(), queue.store
    runs = accept(queue, "train", [plan] * 8, owner=ANNA)
    assert request(queue, ANNA, runs[0], "pause")
    with pytest.raises(UserError, match="At most 8"):
        accept(queue, "train", [plan], owner=ANNA)
    assert request(queue, ANNA, runs[0], "resume"), "it was counted all the time"
    store.start(runs[0])
    store.end(runs[0], "interrupted")
    accept(queue, "train", [plan], owner=ANNA)
    with pytest.raises(UserError, match="At most 8"):
        request(queue, ANNA, runs[0], "resume")


@pytest.mark.parametrize("kind", [kind for kind in job_limits.JOB_LIMITS if kind != "train"])
def test_every_kind_has_a_limit_for_each_learner(kind: str, queue: Queue) -> None:
    payload = a_job_of(kind, queue.store)
    most = job_limits.JOB_LIMITS[kind].each
    for _ in range(most):
        accept(queue, kind, [payload], owner=ANNA)
    with pytest.raises(UserError):
        accept(queue, kind, [payload], owner=ANNA)
    done = queue.store.jobs(kind=kind)[0]
    queue.store.end(done.id, "finished")
    accept(queue, kind, [payload], owner=ANNA)
    assert len(queue.store.jobs(kind=kind)) == most + 1


def a_job_of(kind: str, store: Store) -> dict[str, Any]:
    """Return what Anna may ask for."""
    mine = own(store, "mine")
    if kind == "predict":
        questions_folder().mkdir(parents=True)
        photo = questions_folder() / "1.png"
        ask(store, photo)
        return {"photos": [str(photo)], "runs": [finished(store)]}
    return {
        "preview": preview(next(mine.rglob("*.jpg"))),
        "rank": ranking(mine),
        "measure_costs": measurement(),
        "prefetch_data": {"name": "dtd"},
    }[kind]


def test_what_serves_everybody_is_limited_for_everybody(queue: Queue) -> None:
    for number in range(30):
        try:
            accept(queue, "measure_costs", [measurement()], owner=f"{number:032}")
        except UserError as error:
            assert "a little later" in str(error)
    assert len(queue.store.jobs(kind="measure_costs")) == 20


# ------------------------------------------------------------------------------- what is measured


def test_only_sizes_in_steps_are_measured(queue: Queue) -> None:
    for size in (32, 64, 224, 512):
        ProfileKey("resnet18", size, "auto", "auto", 1).check()
    refused = [
        measurement(input_size=size) for size in (33, 100, 223, 544, 9984, 0, -32)
    ] + [
        measurement(backbone="unknown"), measurement(device="../x"), measurement(precision="int8"),
        measurement(threads=0), measurement(threads=1000),
    ]  # fmt: skip
    for what in refused:
        with pytest.raises(TLError):
            accept(queue, "measure_costs", [what], owner=ANNA)
    assert queue.store.jobs() == []


def test_names_have_to_be_known(queue: Queue) -> None:
    mine = own(queue.store, "mine")
    for kind, payload in (
        ("prefetch_data", {"name": "everything"}),
        ("rank", ranking(mine, "resnet_mini", "unknown")),
        ("rank", ranking(mine, "resnet_mini", "resnet_mini")),
        ("train", {**quick(mine).to_dict(), "epochs": 10**9}),
        ("train", {**quick(mine).to_dict(), "surprise": 1}),
    ):
        with pytest.raises(UserError):
            accept(queue, kind, [payload], owner=ANNA)


def test_public_sets_are_the_instructors_to_allow(queue: Queue) -> None:
    wanted = [{"name": "dtd"}]
    accept(queue, "prefetch_data", wanted, owner=ANNA)
    visitors.led_by_instructor(True)
    visitors.note_instructor(BEN)
    own(queue.store, "mine")
    Rooms(queue.store).join(Rooms(queue.store).open("Friday", {}).code, ANNA, "Anna")
    with pytest.raises(UserError, match="your instructor brings public sets"):
        accept(queue, "prefetch_data", wanted, owner=ANNA)
    accept(queue, "prefetch_data", wanted, owner=BEN)
    let_learners_fetch(queue.store, True)
    accept(queue, "prefetch_data", wanted, owner=ANNA)


def test_measurements_and_previews_leave_nothing_behind(queue: Queue) -> None:
    store = queue.store
    gone = [store.add_job(kind, {}, owner=ANNA) for kind in ("measure_costs", "preview")]
    run, active = finished(store), store.add_job("measure_costs", {}, owner=ANNA)
    for job in gone:
        store.append(job, 1, [{"event": "x"}])
        store.end(job, "finished")
    sweep(store)
    assert len(store.jobs()) == 4, "whoever asked has not looked yet"
    later = PASSING_SECONDS + 60
    clock = Clock(store, lambda: time.time() + later, lambda: time.monotonic() + later, "later")
    sweep(store, clock)
    assert [job.id for job in store.jobs()] == [run, active]
    assert not any(store.events(job) for job in gone)
