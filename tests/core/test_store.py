from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError

from tl_core.runs.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def test_jobs_come_back_in_the_order_they_were_accepted(store: Store) -> None:
    ids = [store.add_job("train", {"n": n}, owner="a", comparison="c") for n in range(5)]
    assert [job.id for job in store.jobs(comparison="c")] == ids
    assert [job.payload["n"] for job in store.jobs(owner="a", kind="train")] == list(range(5))
    assert store.jobs(owner="b") == []


def test_a_job_starts_once_and_ends_once(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    assert store.start(job)
    assert not store.start(job)
    assert store.end(job, "failed", "because")
    assert not store.end(job, "finished")
    ended = store.job(job)
    assert ended is not None
    assert (ended.status, ended.reason, ended.active) == ("failed", "because", False)


def test_only_final_states_end_a_job(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    with pytest.raises(ValueError, match="not final"):
        store.end(job, "running")


def test_a_request_reaches_active_jobs_only(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    assert store.request(job, "pause")
    found = store.job(job)
    assert found is not None and found.request == "pause"
    store.end(job, "cancelled")
    assert not store.request(job, "cancel")
    with pytest.raises(ValueError, match="cannot be requested"):
        store.request(job, "explode")


def test_events_are_kept_in_order_and_never_twice(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    store.append(job, 1, [{"n": 1}, {"n": 2}])
    store.append(job, 3, [{"n": 3}])
    assert store.events(job) == [(1, {"n": 1}), (2, {"n": 2}), (3, {"n": 3})]
    assert store.events(job, after=2) == [(3, {"n": 3})]
    with pytest.raises(IntegrityError):
        store.append(job, 3, [{"n": 3}])


def test_a_workspace_is_kept_for_its_owner(store: Store) -> None:
    assert store.workspace("a") == {}
    store.save_workspace("a", {"backbone": "vgg16"})
    store.save_workspace("a", {"backbone": "resnet18"})
    assert store.workspace("a") == {"backbone": "resnet18"}
    assert store.workspace("b") == {}


def test_two_stores_share_one_database(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    other = Store()
    assert other.job(job) == store.job(job)
    other.close()
