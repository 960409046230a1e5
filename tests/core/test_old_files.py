"""What an older version left in ``TL_HOME`` is still read, with the same content.

``tests/fixtures/README.md`` says which version that was and how the files came about. Settings may
have got other names since: what is asserted is what they mean.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import torch
from safetensors.torch import load_file, save_file

from tl_core.backbones.build import build_backbone
from tl_core.cost.profile import CostProfile, ProfileKey
from tl_core.data.scan import scan
from tl_core.execution import asked_about, run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.runs.compare import compare
from tl_core.runs.restore import predict_files
from tl_core.server.leaderboard import outcome
from tl_core.server.rooms import Rooms
from tl_core.server.uploads import Uploads
from tl_core.store.database import Store
from tl_core.store.learner_code import owner_of
from tl_core.training.config import RunConfig
from tl_core.training.events import RunEnded, RunPaused, from_dict
from tl_core.training.novelty import UNFAMILIAR, NoveltyDetector
from tl_core.training.record import CHECKPOINT, NOVELTY, WEIGHTS, RunRecord
from ui.shared.runs import view_runs
from ui.shared.state import AppState
from ui.train.link import decode

OLD = Path(__file__).parents[1] / "fixtures" / "old_home"
OWNER = owner_of("0123456789ABCDEFGHJK")
FIRST, SECOND, PAUSED, WAITING, QUESTION = (f"{number:024x}" for number in range(1, 6))
CLASSES = (
    "apple", "aubergine", "banana", "bell_pepper", "lemon", "orange", "pear", "tomato",
)  # fmt: skip
RENAMED = {"image_size": "input_size"}
"""Settings by their old names."""


@pytest.fixture
def home(own_home: Path) -> Path:
    shutil.copytree(OLD, own_home)
    return own_home


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def setting(values: Mapping[str, Any], old: str) -> Any:
    """Return a setting by the name that it has now, which is the only one it has."""
    [name] = {old, RENAMED[old]} & values.keys()
    return values[name]


def read(run: str, file: str) -> Any:
    return json.loads((OLD / "runs" / run / file).read_text())


def whole(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Put back what the fixtures leave out: the bundled network."""
    return build_backbone("mobilenet_mini", pretrained=True).state_dict() | state


# --------------------------------------------------------------------------------- folders of runs


@pytest.mark.parametrize("run", [FIRST, SECOND])
def test_a_record_opens_with_what_it_says(run: str, home: Path) -> None:
    record, values = RunRecord.load(home / "runs" / run), read(run, "record.json")
    assert (record.status, record.classes) == ("finished", CLASSES)
    assert record.fingerprint == values["fingerprint"] and record.split == values["split"]
    assert record.environment == values["environment"]
    assert [vars(epoch) for epoch in record.history] == values["history"]
    assert [vars(phase) for phase in record.phases] == values["phases"]
    assert [vars(cached) for cached in record.caches] == values["caches"]
    predictions = read(run, "predictions.json")
    assert [p.path for p in record.val] == record.split["val"]
    assert [list(p.probabilities) for p in record.val] == [
        p["probabilities"] for p in predictions["val"]
    ]


@pytest.mark.parametrize("run", [FIRST, SECOND])
def test_a_configuration_says_the_same_under_whichever_names(run: str, home: Path) -> None:
    kept = RunRecord.load(home / "runs" / run).config.to_dict()
    asked = read(run, "config.json")
    assert setting(kept, "image_size") == asked.pop("image_size") == 32
    assert {name: kept[name] for name in asked} == asked


def test_a_summary_is_what_the_run_ended_with(store: Store, home: Path) -> None:
    folder = home / "runs" / FIRST
    summary = RunRecord.load(folder).summary(folder)
    ended = from_dict(store.last_event(FIRST)[1])
    assert isinstance(ended, RunEnded)
    told = dict(ended.summary)
    del told["run_dir"]  # the home has moved
    assert {name: summary[name] for name in told} == told


def test_two_runs_are_compared(home: Path) -> None:
    records = [RunRecord.load(home / "runs" / run) for run in (FIRST, SECOND)]
    comparison = compare(records)
    assert comparison.differences == {"seed": (0, 1)} and comparison.tests == ()
    [test] = compare([records[0]] * 2).tests
    assert test.both == sum(p.right for p in records[0].val)
    ranked = outcome(home / "runs" / FIRST)
    assert ranked is not None and sum(ranked.right) == test.both


def test_a_finished_run_answers_as_it_did(home: Path) -> None:
    weights = home / "runs" / FIRST / WEIGHTS
    save_file(whole(load_file(weights)), weights)
    record = RunRecord.load(home / "runs" / FIRST)
    photos = Path(__file__).parents[2] / "assets" / "samples" / "produce" / "dusk"
    files = [photos / p.path for p in record.val[:4]]
    answers = predict_files(home / "runs" / FIRST, files).predictions
    for said, answer in zip(record.val, answers, strict=False):
        assert list(answer["probabilities"].values()) == pytest.approx(said.probabilities, abs=1e-3)
        assert answer["unfamiliar"] == (answer["novelty"] > UNFAMILIAR)
    known = NoveltyDetector.load(home / "runs" / FIRST, record.config.spec.num_features)
    assert known is not None
    kept = load_file(OLD / "runs" / FIRST / NOVELTY)
    assert torch.equal(known.features, kept["features"])
    assert torch.equal(known.distances, kept["distances"])


# -------------------------------------------------------------------------------------- the store


def test_jobs_and_events_are_there(store: Store) -> None:
    jobs = {job.id: job for job in store.jobs(owner=OWNER)}
    assert {name: (job.kind, job.status) for name, job in jobs.items()} == {
        FIRST: ("train", "finished"),
        SECOND: ("train", "finished"),
        PAUSED: ("train", "paused"),
        WAITING: ("train", "waiting"),
        QUESTION: ("predict", "finished"),
    }
    for job in store.jobs(owner=OWNER, kind="train"):
        config = RunConfig.from_dict(job.payload)
        assert (config.data, config.backbone, config.epochs, config.per_class) == (
            "produce/dusk", "mobilenet_mini", 4, 5,
        )  # fmt: skip
        assert setting(config.to_dict(), "image_size") == 32
    for run in (FIRST, SECOND, PAUSED):
        events = [from_dict(data) for _, data in store.events(run)]
        assert isinstance(events[-1], RunPaused if run == PAUSED else RunEnded)


def test_runs_are_shown_from_their_events(store: Store) -> None:
    jobs = [job for job in store.jobs(kind="train") if job.id != WAITING]
    first, second, paused = view_runs(store, jobs, {})
    assert first.accuracy == RunRecord.load(run_folder(FIRST)).summary(Path())["best_val_accuracy"]
    assert [len(view.epochs) for view in (first, second, paused)] == [4, 4, 2]
    assert paused.status_text() == "Paused after epoch 2 of 4"


def test_a_paused_run_goes_on_to_the_numbers_of_one_that_never_stopped(store: Store) -> None:
    file = run_folder(PAUSED) / CHECKPOINT
    values = torch.load(file, weights_only=True)
    values |= {name: whole(values[name]) for name in ("best", "classifier")}
    torch.save(values, file)
    assert InlineExecutor(store).request(PAUSED, "resume")
    job = store.job(PAUSED)
    assert job is not None and (job.status, job.reason) == ("finished", None)
    record, never_stopped = (RunRecord.load(run_folder(run)) for run in (PAUSED, FIRST))
    assert record.history[:2] == tuple(from_dict(data) for data in _epochs(store)[:2])
    for ours, theirs in zip(record.history, never_stopped.history, strict=True):
        assert ours.val_loss == pytest.approx(theirs.val_loss, abs=1e-3)
        assert ours.train_loss == pytest.approx(theirs.train_loss, abs=1e-3)
        assert ours.lr == pytest.approx(theirs.lr)
    assert record.best_epoch == never_stopped.best_epoch


def _epochs(store: Store) -> list[dict[str, Any]]:
    return [data for _, data in store.events(PAUSED) if data["event"] == "EpochEnded"]


def test_a_waiting_run_is_run(store: Store) -> None:
    InlineExecutor(store).dispatch([WAITING])
    record = RunRecord.load(run_folder(WAITING))
    assert record.status == "finished" and record.config.seed == 2


def test_a_question_about_one_photo_is_answered(store: Store) -> None:
    weights = run_folder(FIRST) / WEIGHTS
    save_file(whole(load_file(weights)), weights)
    asked = store.job(QUESTION)
    assert asked is not None and len(asked_about(asked.payload)) == 1
    again = store.add_job("predict", asked.payload, owner=OWNER)
    InlineExecutor(store).dispatch([again])
    [(_, before)], [(_, now)] = store.events(QUESTION), store.events(again)
    assert now["file"] == before["file"] == str(asked_about(asked.payload)[0])
    assert now["run"] == before["run"] and now["class"] == before["class"]


def test_a_learner_finds_what_was_set_up(store: Store) -> None:
    state = AppState.from_dict(store.workspace(OWNER))
    assert (state.data_name, state.backbone, state.thawed) == (
        "insects", "mobilenet_mini", ("conv_last",),
    )  # fmt: skip
    assert state.strategies == ("feature_extraction", "hybrid")
    assert state.comparison == "comparison"
    assert state.guesses == {"comparison": {"winner": 1, "points": 5}}
    assert setting(state.settings, "image_size") == 32
    assert (state.settings["epochs"], state.settings["class_weights"]) == (4, True)


def test_a_room_starts_from_its_pack(store: Store) -> None:
    rooms = Rooms(store)
    room = rooms.room_of(OWNER)
    assert room is not None and room.title == "Friday, 10 o'clock"
    assert [member.name for member in rooms.members(room.code)] == ["Ada"]
    state = AppState.from_dict(room.pack)
    assert (state.data, state.thawed) == ("produce/dusk", ("layer4",))
    assert setting(state.settings, "image_size") == 48 and state.settings["epochs"] == 3


# ------------------------------------------------------------------------------------------ photos


def test_an_upload_holds_the_photos_that_were_checked(store: Store) -> None:
    [upload] = Uploads(store).of(OWNER)
    assert (upload.name, upload.photos) == ("insects", 8)
    kept = json.loads((upload.path / ".tl_scan.json").read_text())["files"]
    dataset, health = scan(upload.path)
    assert (dataset.name, dataset.classes) == ("insects", ("ant", "bee"))
    assert {i.path: i.sha256 for i in dataset.items} == {p: f["sha256"] for p, f in kept.items()}
    assert not health.left_out

    assert scan(upload.path, decode=False)[0] == dataset, "a photo was to be examined twice"


# --------------------------------------------------------------------------------- links, measures


def test_a_link_sets_up_what_it_says() -> None:
    linked = decode(dict(parse_qsl((OLD / "link.txt").read_text().strip())))
    assert linked.notes == []
    state = AppState.from_dict(linked.given)
    assert (state.data, state.backbone) == ("produce/dusk", "mobilenet_mini")
    assert state.thawed == ("bottleneck4", "conv_last")
    assert setting(state.settings, "image_size") == 32
    assert (state.settings["epochs"], state.settings["class_weights"]) == (4, True)


def test_a_measured_network_is_known(own_home: Path) -> None:
    """Under another torch or another name it is measured anew; what is written is still read."""
    [file] = (OLD / "calibrations").iterdir()
    config = RunConfig.from_dict(read(FIRST, "config.json"))
    key = ProfileKey.of(config)
    key.file.parent.mkdir(parents=True)
    shutil.copy(file, key.file)
    profile, values = CostProfile.load(key), json.loads(file.read_text())
    assert profile is not None and (profile.device, profile.precision) == ("cpu", "fp32")
    assert len(profile.stages) == len(values["stages"]) == 6
    assert vars(profile.stages[0].trained) == values["stages"][0]["trained"]
    assert dict(profile.views) == values["views"]
