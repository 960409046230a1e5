"""One budget over everything that a learner keeps, a floor of free disk, and when runs go."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

import tl_core.server.budget
from tests.jobs import QUICK, payload, quick
from tests.photos import make_photo
from tests.trained import TrainedBefore
from tl_core.data.limits import MB
from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.modalities.photo import PHOTO
from tl_core.server import admission
from tl_core.server.budget import Budget, run_bytes
from tl_core.server.cleanup import NOBODY, forget, remove_job, sweep
from tl_core.server.clock import Clock
from tl_core.server.limits import UploadLimits
from tl_core.server.load import folder_bytes
from tl_core.server.previews import picture_of
from tl_core.server.uploads import Uploads, questions_folder
from tl_core.store.database import Job, Store
from tl_core.store.schema import jobs
from tl_core.training.config import make_config
from tl_core.training.loop import train

ANNA, BEN = "a" * 32, "b" * 32
DAY = 24 * 3600.0
KEPT = 3 * MB


def write(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "weights.safetensors").open("wb") as file:
        file.truncate(size)


def ended(store: Store, status: str = "finished", owner: str = ANNA, ago: float = 60.0) -> str:
    """Leave a run behind that has ended a while ago."""
    run = store.add_job("train", payload(Path("x")), owner=owner)
    store.start(run)
    write(run_folder(run), KEPT)
    store.end(run, status)
    this = update(jobs).where(jobs.c.id == run)
    with store.engine.begin() as connection:
        connection.execute(this.values(ended=time.time() - ago))
    return run


def job(store: Store, identifier: str) -> Job:
    found = store.job(identifier)
    assert found is not None
    return found


def disk(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    usage = SimpleNamespace(free=int(free), used=0, total=10**12)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)


# ------------------------------------------------------------------------------------ what is kept


def test_ended_runs_count_as_they_lie_on_the_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [ended(store), ended(store, "interrupted"), ended(store, "cancelled")]
    ended(store, owner=BEN)
    looked: list[Path] = []

    def look(folder: Path) -> int:
        looked.append(folder)
        return folder_bytes(folder)

    monkeypatch.setattr(tl_core.server.budget, "folder_bytes", look)
    for _ in range(3):
        assert Budget(store).kept(ANNA).runs == 3 * KEPT
    assert sorted(looked) == sorted(run_folder(run) for run in runs), "folders were walked again"
    assert job(store, runs[0]).bytes == KEPT


def test_a_run_that_has_just_ended_is_looked_at_again(store: Store) -> None:
    run = ended(store, "cancelled", ago=0)
    assert Budget(store).kept(ANNA).runs == KEPT and job(store, run).bytes is None
    write(run_folder(run), MB)  # its checkpoint has gone
    assert Budget(store).kept(ANNA).runs == MB


def test_a_run_that_goes_on_counts_as_one_that_trains(store: Store) -> None:
    run = ended(store, "interrupted")
    assert Budget(store).kept(ANNA).runs == KEPT
    store.request(run, "resume")
    assert Budget(store).kept(ANNA).runs == run_bytes(payload(Path("x"))) != KEPT
    store.end(run, "cancelled")
    assert job(store, run).bytes is None


def test_a_removed_run_takes_nothing(store: Store) -> None:
    run = ended(store, "interrupted")
    assert remove_job(store, run)
    assert Budget(store).kept(ANNA).total == 0 and not run_folder(run).exists()


def test_an_interrupted_run_can_be_cancelled_and_loses_its_checkpoint(store: Store) -> None:
    run = ended(store, "interrupted")
    checkpoint = run_folder(run) / "checkpoint.pt"
    checkpoint.touch()
    assert InlineExecutor(store).request(run, "cancel")
    assert job(store, run).status == "cancelled" and not checkpoint.exists()


def test_the_estimate_is_no_smaller_than_what_a_run_takes(
    store: Store, photos: Path, trained_before: TrainedBefore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for strategy in ("feature_extraction", "fine_tune"):
        config = quick(photos, strategy=strategy)
        run = trained_before.run(store, config, owner=ANNA)
        taken, most = folder_bytes(run_folder(run)), run_bytes(config.to_dict())
        assert 0 < taken < most
    assert Budget(store).kept(ANNA).runs < 2 * most


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_estimate_is_what_a_checkpoint_and_the_weights_take(
    tmp_path: Path, photos: Path, optimizer: str
) -> None:
    config = quick(photos, strategy="fine_tune", trainable="all", epochs=3, optimizer=optimizer)
    files: dict[str, int] = {}
    for _ in train(config, tmp_path / "run"):
        files |= {path.name: path.stat().st_size for path in (tmp_path / "run").glob("*")}
    files |= {path.name: path.stat().st_size for path in (tmp_path / "run").glob("*")}
    most = run_bytes(config.to_dict())
    assert {"checkpoint.pt", "weights.safetensors"} < files.keys()
    assert 0.9 * most < sum(files.values()) < most


def test_large_networks_take_much() -> None:
    config = make_config("x", backbone="vit_b_16", strategy="fine_tune", trainable="all")
    assert 1600 * MB < run_bytes(config.to_dict()) < 1800 * MB
    frozen = make_config("x", backbone="vit_b_16", strategy="feature_extraction")
    assert 950 * MB < run_bytes(frozen.to_dict()) < 1000 * MB


# ------------------------------------------------------------------------------------- the refusal


def test_runs_are_refused_before_they_start(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = payload(Path("x"))
    room = Budget(store).limits.learner_bytes
    monkeypatch.setenv("TL_LEARNER_MB", str((KEPT + 2 * run_bytes(one)) // MB + 1))
    ended(store)
    admission.check(store, ANNA, "train", [one, one])
    with pytest.raises(UserError, match=r"These runs may take .* You keep 3 MB, and each learner"):
        admission.check(store, ANNA, "train", [one, one, one])
    store.add_jobs("train", [one, one], owner=ANNA)
    with pytest.raises(UserError, match=r"This run may take .*Remove runs or photos on Data"):
        admission.check(store, ANNA, "train", [one])
    admission.check(store, BEN, "train", [one])
    assert room == 4096 * MB


def test_what_is_accepted_may_go_on_within_the_same_budget(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = payload(Path("x"))
    monkeypatch.setenv("TL_LEARNER_MB", str(2 * run_bytes(one) // MB + 1))
    stopped, paused = ended(store, "interrupted"), store.add_job("train", one, owner=ANNA)
    store.request(paused, "pause")
    for run in (stopped, paused):
        admission.check_resumed(store, job(store, run))
    store.add_job("train", one, owner=ANNA)
    admission.check_resumed(store, job(store, paused))
    with pytest.raises(UserError, match="may take"):
        admission.check_resumed(store, job(store, stopped))
    disk(monkeypatch, MB)
    with pytest.raises(UserError, match="almost full"):
        admission.check_resumed(store, job(store, paused))


def test_whatever_a_learner_does_they_keep_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many runs as the line takes, again and again, of which each is interrupted."""
    monkeypatch.setenv("TL_LEARNER_MB", "40")
    accepted = 0
    for _ in range(30):
        try:
            admission.check(store, ANNA, "train", [payload(Path("x"))])
        except UserError:
            continue
        ended(store, "interrupted")
        accepted += 1
    assert 0 < accepted < 30 and Budget(store).kept(ANNA).total <= 40 * MB


def test_photos_runs_and_questions_share_the_budget(store: Store) -> None:
    photo = io.BytesIO()
    make_photo(0).save(photo, "JPEG")
    photo.seek(0)
    uploads = Uploads(store)
    [(_, file)] = uploads.take_question(ANNA, PHOTO, [("me.jpg", photo)]).items
    kept = Budget(store).kept(ANNA)
    size = file.stat().st_size + picture_of(file).stat().st_size
    assert kept.questions == kept.total == size > 0
    ended(store)
    assert Budget(store).kept(ANNA).total == kept.questions + KEPT
    full = Uploads(store, UploadLimits(learner_bytes=KEPT))
    with pytest.raises(UserError, match=r"you keep 3.* of photos and runs .* may keep 3 MB"):
        full.take_question(ANNA, PHOTO, [("me.jpg", photo)])
    with pytest.raises(UserError, match="each learner may keep"):
        full.take_zip(ANNA, io.BytesIO(b"zip"), "x.zip")
    assert set(questions_folder().iterdir()) == {file, picture_of(file)}


def test_the_disk_must_hold_what_has_been_promised(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = payload(Path("x"))
    disk(monkeypatch, 1024 * MB + 2.5 * run_bytes(one))
    admission.check(store, ANNA, "train", [one])
    store.add_jobs("train", [one, one], owner=BEN)
    with pytest.raises(UserError, match="disk has no room for that beside the runs"):
        admission.check(store, ANNA, "train", [one])


def test_below_the_floor_nothing_new_is_accepted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, 1023 * MB)
    said = r"almost full \(1,?023 MB free\), so it takes nothing new"
    for kind in ("train", "predict", "preview", "rank", "prefetch_data"):
        with pytest.raises(UserError, match=said):
            admission.check(store, ANNA, kind, [{}])
    with pytest.raises(UserError, match=said):
        admission.check(store, NOBODY, "measure_costs", [{}])
    uploads, unread = Uploads(store), Unread()
    for bring in (
        lambda: uploads.take_zip(ANNA, unread, "x.zip"),
        lambda: uploads.take_folder(ANNA, [("a/1.jpg", unread)]),
        lambda: uploads.take_question(ANNA, PHOTO, [("x.jpg", unread)]),
        lambda: uploads.keep(ANNA, "x", "digest", lambda *_: None),
    ):
        with pytest.raises(UserError, match=said):
            bring()
    monkeypatch.setenv("TL_DISK_FLOOR_MB", "1000")
    admission.check(store, ANNA, "rank", [{}])


class Unread:
    """An upload of which no byte must be read."""

    def read(self, size: int, /) -> bytes:
        raise AssertionError("it was read")

    def close(self) -> None:
        raise AssertionError("it was copied")


def test_a_full_disk_is_told_at_once_to_whoever_looks_on(store: Store) -> None:
    page = Store(impatient=True)
    with page.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        # No transaction may add a page: SQLite answers as on a full disk.
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
    waited: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tl_core.store.database.time.sleep", waited.append)
        for _ in range(2):
            with pytest.raises(UserError, match="cannot keep anything just now: its disk is full"):
                page.add_job("train", {"x": "y" * MB}, owner=ANNA)
            with pytest.raises(UserError, match="disk is full"):
                page.save_workspace(ANNA, {"x": "y" * MB})
    assert waited == [] and page.jobs() == [] and page.workspace(ANNA) == {}
    page.close()


def test_a_locked_store_is_told_in_a_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_core.store.database.IMPATIENT_SECONDS", 0.01)
    page = Store(impatient=True)
    with store.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="busy and could not keep this"):
            page.save_workspace(ANNA, {})
        other.rollback()
    page.save_workspace(ANNA, {"x": 1})
    page.close()


# -------------------------------------------------------------------------------------- expiry


def test_runs_go_after_some_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_RUN_DAYS", "2")
    old, fresh = ended(store, ago=2 * DAY + 60), ended(store, "interrupted", ago=2 * DAY - 60)
    asked = store.add_job("predict", {"photo": "x", "runs": []}, owner=ANNA)
    waiting, running, paused = (
        store.add_job("train", payload(Path("x")), owner=ANNA) for _ in range(3)
    )
    store.start(running)
    store.request(paused, "pause")
    store.end(asked, "finished")
    with store.engine.begin() as connection:
        them = update(jobs).where(jobs.c.id.in_([asked, waiting, running, paused]))
        connection.execute(them.values(created=1.0, started=1.0))
        connection.execute(them.where(jobs.c.id == asked).values(ended=time.time() - DAY - 60))
    sweep(store)
    assert {job.id for job in store.jobs()} == {fresh, waiting, running}
    assert not run_folder(old).exists() and run_folder(fresh).exists()


def test_a_jump_of_the_clock_removes_nothing(store: Store) -> None:
    photo = io.BytesIO()
    make_photo(0).save(photo, "JPEG")
    photo.seek(0)
    [(_, file)] = Uploads(store).take_question(ANNA, PHOTO, [("me.jpg", photo)]).items
    run = ended(store)
    clock = {"wall": time.time(), "steady": 1000.0}

    def look() -> None:
        sweep(store, Clock(store, lambda: clock["wall"], lambda: clock["steady"], "boot"))

    look()
    clock["wall"] += 30 * DAY
    look()
    assert file.exists() and store.job(run) is not None and run_folder(run).exists()
    clock["wall"], clock["steady"] = clock["wall"] + DAY + 60, clock["steady"] + DAY + 60
    os.utime(file)  # its record decides, not its file
    look()
    assert not file.exists() and store.job(run) is not None
    clock["wall"], clock["steady"] = clock["wall"] + 6 * DAY, clock["steady"] + 6 * DAY
    look()
    assert store.job(run) is None and not run_folder(run).exists()


def test_questions_go_with_their_learner(store: Store) -> None:
    photo = io.BytesIO()
    make_photo(0).save(photo, "JPEG")
    files = [
        Uploads(store).take_question(owner, PHOTO, [("me.jpg", io.BytesIO(photo.getvalue()))])
        for owner in (ANNA, BEN)
    ]
    files = [question.items[0][1] for question in files]
    forget(InlineExecutor(store), ANNA)
    assert [file.exists() for file in files] == [False, True]
    assert Budget(store).kept(ANNA).total == 0


def test_an_option_that_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
    monkeypatch.setenv("TL_RUN_DAYS", "soon")
    with pytest.raises(UserError, match=r"TL_RUN_DAYS is 'soon'.* such as 7"):
        admission.check(store, ANNA, "train", [{**QUICK}])
