"""A run as a download: whole, piece by piece, for its owner alone, and not too often."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from tl_core.data.limits import MB
from tl_core.errors import UserError
from tl_core.execution import run_folder
from tl_core.server.downloads import AN_HOUR, AT_ONCE, WINDOW_SECONDS, Downloads, NoSuchRun, zipped
from tl_core.store.database import Job, Store

ANNA, BEN = "a" * 32, "b" * 32


def run(store: Store, owner: str = ANNA, status: str = "finished") -> Job:
    identifier = store.add_job("train", {}, owner=owner)
    folder = run_folder(identifier)
    folder.mkdir(parents=True)
    (folder / "record.json").write_text("{}")
    (folder / "weights.safetensors").write_bytes(os.urandom(3 * MB))
    (folder / "checkpoint.pt").touch()
    (folder / ".weights.tmp").touch()
    if status != "running":
        store.end(identifier, status)
    found = store.job(identifier)
    assert found is not None
    return found


def test_it_is_the_folder_in_small_pieces(store: Store) -> None:
    job = run(store)
    downloads = Downloads()
    pieces = list(downloads.begin(store, job.id, downloads.key(job)))
    assert len(pieces) > 10 and max(map(len, pieces)) < MB
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        names = [f"run-{job.id}/{name}" for name in ("record.json", "weights.safetensors")]
        assert archive.namelist() == names
        folder = run_folder(job.id)
        assert archive.read(names[1]) == (folder / "weights.safetensors").read_bytes()


def test_only_its_owner_has_the_key(store: Store) -> None:
    mine, theirs = run(store), run(store, BEN)
    downloads = Downloads()
    for key in ("", "0" * 64, downloads.key(theirs), Downloads().key(mine), "ü"):
        with pytest.raises(NoSuchRun):
            downloads.begin(store, mine.id, key)
    for other in (f"../{mine.id}", "", "nothing"):
        with pytest.raises(NoSuchRun):
            downloads.begin(store, other, downloads.key(mine))


def test_what_goes_on_is_not_sent(store: Store) -> None:
    job = run(store, status="running")
    downloads = Downloads()
    with pytest.raises(NoSuchRun):
        downloads.begin(store, job.id, downloads.key(job))


def test_one_at_a_time_for_each_and_few_for_all(store: Store) -> None:
    downloads = Downloads()
    jobs = [run(store, f"{owner:032x}") for owner in range(AT_ONCE + 1)]
    going = []
    for job in jobs[:AT_ONCE]:
        going.append(downloads.begin(store, job.id, downloads.key(job)))
    for job in (jobs[0], jobs[-1]):
        with pytest.raises(UserError, match="Other downloads are under way"):
            downloads.begin(store, job.id, downloads.key(job))
    going.pop()  # the browser has left
    downloads.begin(store, jobs[-1].id, downloads.key(jobs[-1]))


def test_so_many_in_an_hour(store: Store) -> None:
    now = [0.0]
    downloads, job = Downloads(lambda: now[0]), run(store)
    for _ in range(AN_HOUR):
        list(downloads.begin(store, job.id, downloads.key(job)))
    with pytest.raises(UserError, match=f"At most {AN_HOUR} downloads"):
        downloads.begin(store, job.id, downloads.key(job))
    now[0] = WINDOW_SECONDS + 1
    list(downloads.begin(store, job.id, downloads.key(job)))


def test_an_empty_folder_is_an_empty_zip(store: Store) -> None:
    folder = run_folder("empty")
    folder.mkdir(parents=True)
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped(folder)))).namelist() == []
