"""Whose photos these are, how much of them, for how long; and what goes when somebody asks."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.photos import make_photo, make_photo_folder, zip_folder
from tl_core import cache
from tl_core.data import open_dataset
from tl_core.data.limits import MB
from tl_core.errors import ArchiveError
from tl_core.execution import Executor, run_folder
from tl_core.home import home
from tl_core.modalities.photo import PHOTO
from tl_core.server.cleanup import forget, sweep
from tl_core.server.clock import Clock
from tl_core.server.limits import UploadLimits
from tl_core.server.rooms import Rooms
from tl_core.server.upload_spool import UploadSpool, spool_folder
from tl_core.server.uploads import Upload, Uploads, questions_folder, uploads_folder
from tl_core.store.database import Store

ANNA, BEN = "a" * 32, "b" * 32
DAY = 24 * 3600


class Queue(Executor):
    """Accepts jobs and does nothing."""

    def dispatch(self, identifiers: Any) -> None:
        pass


@pytest.fixture
def uploads(store: Store) -> Uploads:
    return Uploads(store)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("zips")
    return zip_folder(make_photo_folder(root / "set", per_class=2), root / "set.zip").read_bytes()


@pytest.fixture
def taken(
    uploads: Uploads, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """Take uploads in without a process of its own: only what stands around it is tested here."""

    def check(
        self: UploadSpool, kind: str, target: Path, room: int, report: Any = None, how: Any = None
    ) -> Any:
        files = make_photo_folder(tmp_path / "unpacked" / str(time.time_ns()), per_class=2)
        target.parent.mkdir(exist_ok=True)
        files.rename(target)
        (target / ".tl_upload.json").write_text(
            f'{{"name": "{self.name}", "skipped": {{}}, "files": {{"ant/1.jpg": '
            '"ant/ant_0001.jpg", "bee/1.jpg": "bee/bee_0003.jpg"}}'
        )
        return {}

    monkeypatch.setattr(UploadSpool, "check", check)
    yield


def send(uploads: Uploads, owner: str = ANNA, content: bytes = b"zip", name: str = "x") -> Upload:
    return uploads.take_zip(owner, io.BytesIO(content), name)


def at(store: Store, now: float) -> Clock:
    """Return a clock that shows a time."""
    return Clock(store, wall=lambda: now)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


# ------------------------------------------------------------------------------------- taking in


def test_the_real_way_in(uploads: Uploads, archive: bytes) -> None:
    said: list[str] = []
    upload = uploads.take_zip(
        ANNA, io.BytesIO(archive), "C:\\my\\Größe.zip", lambda done, total, what: said.append(what)
    )
    assert upload.name == "Größe" and upload.photos == 4 and "photos checked" in said
    spec, _ = open_dataset(upload.path)
    assert spec.name == "Größe" and len(spec.items) == 4
    assert uploads.of(ANNA) == [upload] and uploads.of(BEN) == []
    assert uploads.total(ANNA) == uploads.total() == upload.bytes > 0
    photo = io.BytesIO()
    make_photo(0).save(photo, "JPEG")
    sent = [("me.jpg", io.BytesIO(photo.getvalue()))]
    [(name, question)] = uploads.take_question(ANNA, PHOTO, sent).items
    assert name == "me.jpg" and question.parent == questions_folder() and question.is_file()
    assert list(spool_folder().glob("tmp*")) == []


def test_a_folder_is_named_after_itself(uploads: Uploads, taken: None) -> None:
    files = [("pets/a/1.jpg", io.BytesIO(b"1")), ("pets/b/2.jpg", io.BytesIO(b"2"))]
    assert uploads.take_folder(ANNA, files).name == "pets"
    assert uploads.take_folder(ANNA, [("a/1", io.BytesIO()), ("b/2", io.BytesIO())]).name == (
        "Uploaded folder"
    )


def test_the_same_photos_are_stored_once(uploads: Uploads, taken: None) -> None:
    first, second, other = send(uploads), send(uploads, BEN), send(uploads, BEN, b"other")
    assert first.folder == second.folder != other.folder
    assert len(list(uploads_folder().iterdir())) == 2
    assert uploads.total() == first.bytes + other.bytes
    assert send(uploads).created >= first.created and len(uploads.of(ANNA)) == 1


def test_a_learner_may_keep_so_much(uploads: Uploads, taken: None, store: Store) -> None:
    size = send(uploads).bytes
    tight = Uploads(store, UploadLimits(learner_bytes=size + 1))
    with pytest.raises(ArchiveError, match=r"only 0.0 MB are left.*Remove photos"):
        send(tight, content=b"other")
    full = Uploads(store, UploadLimits(learner_bytes=size))
    with pytest.raises(ArchiveError, match="each learner may keep"):
        send(full, content=b"other")
    assert len(full.of(ANNA)) == len(list(uploads_folder().iterdir())) == 1
    send(full)  # what is there already may be sent again
    send(full, BEN, b"other")  # others have room of their own


def test_a_server_may_keep_so_much(uploads: Uploads, taken: None, store: Store) -> None:
    size = send(uploads).bytes
    full = Uploads(store, UploadLimits(server_bytes=size))
    with pytest.raises(ArchiveError, match=r"no room for more photos.*after 24 hours"):
        send(full, BEN, b"other")


def test_too_large_a_file_is_not_even_stored(uploads: Uploads, store: Store) -> None:
    tight = Uploads(store, UploadLimits(sent_bytes=MB))
    with pytest.raises(ArchiveError, match="larger than 1 MB"):
        send(tight, content=bytes(2 * MB))
    large = io.BytesIO(bytes(2 * MB))
    kept, [(name, reason)] = tight.take_question(ANNA, PHOTO, [("x.png", large)])
    assert kept == [] and name == "x.png" and "larger than 1 MB" in reason
    assert list(spool_folder().iterdir()) == []


# ---------------------------------------------------------------------------------- who may open


def test_who_may_open_what(uploads: Uploads, taken: None, store: Store, tmp_path: Path) -> None:
    mine, theirs = send(uploads), send(uploads, BEN, b"other")
    assert uploads.may_use(ANNA, str(mine.path))
    assert not uploads.may_use(ANNA, str(theirs.path))
    assert uploads.may_use(ANNA, "produce/market") and uploads.may_use(ANNA, "flowers102")
    for path in (
        "", ".", "/", "/etc", str(home()), str(uploads_folder()), str(run_folder("x")),
        f"{mine.path}/files", f"{mine.path}/../{theirs.folder}", str(tmp_path), "../x",
    ):  # fmt: skip
        assert not uploads.may_use(ANNA, path)


def test_a_room_shares_its_photos_with_its_members(
    uploads: Uploads, taken: None, store: Store
) -> None:
    upload = send(uploads, BEN)
    rooms = Rooms(store)
    room = rooms.open("Friday", {"data": str(upload.path)})
    assert not uploads.may_use(ANNA, str(upload.path))
    rooms.join(room.code, ANNA, "Anna")
    assert uploads.may_use(ANNA, str(upload.path))
    rooms.close(room.code)
    assert not uploads.may_use(ANNA, str(upload.path))


def test_a_room_shares_nothing_but_uploads(uploads: Uploads, store: Store) -> None:
    rooms = Rooms(store)
    rooms.join(rooms.open("Friday", {"data": "/etc"}).code, ANNA, "Anna")
    assert not uploads.may_use(ANNA, "/etc")


# ---------------------------------------------------------------------------------------- removal


def test_photos_are_removed_after_a_day(uploads: Uploads, taken: None, store: Store) -> None:
    upload = send(uploads)
    age(upload.path, DAY)
    uploads.clean_up(at(store, upload.created + DAY - 1))
    assert upload.path.is_dir() and uploads.of(ANNA)
    assert uploads.left(upload) == pytest.approx(DAY, abs=60)
    uploads.clean_up(at(store, upload.created + DAY + 1))
    assert not upload.path.exists() and uploads.of(ANNA) == []


def test_sending_them_again_keeps_them(uploads: Uploads, taken: None) -> None:
    first = send(uploads)
    second = send(uploads, BEN)
    uploads.delete(ANNA, first.folder)
    assert second.path.is_dir() and uploads.of(BEN) == [second]
    uploads.delete(BEN, first.folder)
    assert not second.path.exists()


def test_deleting_what_is_not_mine_does_nothing(uploads: Uploads, taken: None) -> None:
    theirs = send(uploads, BEN)
    uploads.delete(ANNA, theirs.folder)
    assert theirs.path.is_dir() and uploads.of(BEN) == [theirs]


@pytest.mark.parametrize("status", ["waiting", "running"])
@pytest.mark.parametrize("key", ["data", "test"])
def test_a_run_in_line_keeps_its_photos(
    uploads: Uploads, taken: None, store: Store, status: str, key: str
) -> None:
    upload = send(uploads)
    job = store.add_job("train", {key: str(upload.path)}, owner=ANNA)
    if status == "running":
        store.start(job)
    uploads.clean_up(at(store, upload.created + 2 * DAY))
    assert upload.path.is_dir() and uploads.of(ANNA) == []
    store.end(job, "finished")
    uploads.clean_up(at(store, upload.created + 2 * DAY))
    assert not upload.path.exists()


def test_a_paused_run_holds_its_photos_until_their_time_and_no_longer(
    uploads: Uploads, taken: None, store: Store
) -> None:
    upload = send(uploads)
    store.request(store.add_job("train", {"data": str(upload.path)}, owner=ANNA), "pause")
    uploads.clean_up(at(store, upload.created + DAY - 60))
    assert upload.path.is_dir()
    age(upload.path, DAY)
    uploads.clean_up(at(store, upload.created + DAY + 60))
    assert not upload.path.exists()


def test_an_open_room_keeps_its_photos(uploads: Uploads, taken: None, store: Store) -> None:
    upload = send(uploads)
    room = Rooms(store).open("Friday", {"data": str(upload.path)})
    uploads.clean_up(at(store, upload.created + 2 * DAY))
    assert upload.path.is_dir() and uploads.of(ANNA) == [upload]
    Rooms(store).close(room.code)
    uploads.clean_up(at(store, upload.created + 2 * DAY))
    assert not upload.path.exists()


def test_what_belongs_to_nobody_is_removed(uploads: Uploads, taken: None) -> None:
    orphan, fresh = uploads_folder() / "orphan", uploads_folder() / "fresh"
    lost, coming = spool_folder() / "tmp1", spool_folder() / "tmp2"
    asked, asking = questions_folder() / "1.png", questions_folder() / "2.png"
    stale, data = home() / "data" / ".taking-in-1", home() / "data" / "of-the-command-line"
    for folder in (orphan, fresh, lost, coming, stale, data):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    questions_folder().mkdir()
    asked.touch()
    asking.touch()
    for old in (orphan, lost, asked, stale, data):
        age(old, 2 * DAY)
    uploads.clean_up()
    assert not any(path.exists() for path in (orphan, lost, asked, stale))
    assert all(path.exists() for path in (fresh, coming, asking, data))


# ------------------------------------------------------------------------------ "delete my data"


def test_to_be_forgotten(uploads: Uploads, taken: None, store: Store) -> None:
    mine, shared = send(uploads), send(uploads, content=b"shared")
    send(uploads, BEN, b"shared")
    questions_folder().mkdir()
    question, *others = (questions_folder() / f"{number}.png" for number in range(3))
    for file in (question, *others):
        file.touch()
    room = Rooms(store).open("Friday", {})
    Rooms(store).join(room.code, ANNA, "Anna")
    store.save_workspace(ANNA, {"data": str(mine.path)})
    done = store.add_job("train", {"data": str(mine.path)}, owner=ANNA)
    asked = store.add_job("predict", {"photo": str(question), "runs": [done]}, owner=ANNA)
    several = store.add_job("predict", {"photos": [*map(str, others)], "runs": [done]}, owner=ANNA)
    waiting = store.add_job("train", {"data": str(mine.path)}, owner=ANNA)
    theirs = store.add_job("train", {"data": "produce/market"}, owner=BEN)
    for job in (done, asked, several):
        store.start(job)
        store.append(job, 1, [{"event": "x"}])
        store.end(job, "finished")
    run_folder(done).mkdir(parents=True)
    forget(Queue(store), ANNA)
    assert store.jobs(owner=ANNA) == [] and store.workspace(ANNA) == {}
    assert [store.job(job) for job in (done, asked, several, waiting)] == [None] * 4
    assert store.events(done) == [] and not run_folder(done).exists()
    assert not mine.path.exists() and not any(file.exists() for file in (question, *others))
    assert uploads.of(ANNA) == [] and Rooms(store).members() == []
    assert shared.path.exists() and store.job(theirs) is not None


def test_a_run_that_is_going_on_is_cancelled_and_then_removed(
    uploads: Uploads, taken: None, store: Store
) -> None:
    upload = send(uploads)
    job = store.add_job("train", {"data": str(upload.path)}, owner=ANNA)
    store.start(job)
    forget(Queue(store), ANNA)
    running = store.job(job)
    assert running is not None and running.request == "cancel" and running.owner != ANNA
    assert upload.path.exists()  # its process still reads them
    store.end(job, "cancelled")
    age(upload.path, DAY)
    sweep(store)
    assert store.job(job) is None and not upload.path.exists()


def test_a_question_leads_to_no_other_file(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.touch()
    job = store.add_job("predict", {"photo": str(file), "runs": []}, owner=ANNA)
    store.end(job, "cancelled")
    forget(Queue(store), ANNA)
    assert store.job(job) is None and file.exists()


def test_what_was_computed_from_the_photos_goes_too(
    uploads: Uploads, taken: None, store: Store
) -> None:
    import numpy as np

    key = cache.digest("x")
    cache.fetch(key, lambda: [np.zeros(3)], 24)
    sweep(store)
    assert list(cache.entries()) == [key]
    age(home() / "cache" / "arrays" / f"{key}.json", 2 * DAY)
    sweep(store)
    assert list(cache.entries()) == []
    cache.fetch(key, lambda: [np.zeros(3)], 24)
    forget(Queue(store), BEN)
    assert list(cache.entries()) == [key]
    send(uploads)
    forget(Queue(store), ANNA)
    assert list(cache.entries()) == []
