from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, event, insert
from sqlalchemy.exc import IntegrityError

from tests.core.test_imports import ROOT
from tl_core.errors import UserError
from tl_core.home import home
from tl_core.server.cleanup import remove_job
from tl_core.store.database import FINAL, WAITING, Bound, Store
from tl_core.store.learner_code import owner_of
from tl_core.store.schema import KEPT_STEPS, events, shrink

VERSION_1 = """
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (1);
CREATE TABLE jobs (id VARCHAR(32) PRIMARY KEY, position INTEGER NOT NULL UNIQUE,
    kind VARCHAR(32) NOT NULL, owner VARCHAR(64) NOT NULL, comparison VARCHAR(32),
    payload JSON NOT NULL, status VARCHAR(16) NOT NULL, request VARCHAR(16) NOT NULL,
    reason VARCHAR, created FLOAT NOT NULL, started FLOAT, ended FLOAT);
INSERT INTO jobs VALUES ('j1', 1, 'train', 'a', NULL, '{"n": 1}', 'finished', '', NULL, 1, 2, 3);
CREATE TABLE events (job VARCHAR(32), number INTEGER, data JSON NOT NULL,
    PRIMARY KEY (job, number));
CREATE TABLE workspaces (owner VARCHAR(64) PRIMARY KEY, state JSON NOT NULL);
"""


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


def status(store: Store, job: str) -> tuple[str, str]:
    found = store.job(job)
    assert found is not None
    return found.status, found.request


def test_a_job_that_waits_is_moved_at_once(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    assert store.request(job, "pause") and status(store, job) == ("paused", "")
    assert not store.start(job)
    assert store.request(job, "resume") and status(store, job) == ("waiting", "")
    assert store.request(job, "pause") and store.request(job, "cancel")
    assert status(store, job) == ("cancelled", "")
    assert not any(store.request(job, what) for what in ("cancel", "pause", "resume"))
    with pytest.raises(ValueError, match="cannot be asked"):
        store.request(job, "explode")


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        (["pause"], "paused"),
        (["pause", "resume"], "waiting"),
        (["pause", "cancel"], "cancelled"),
        (["cancel", "pause"], "cancelled"),
        (["cancel", "resume"], "cancelled"),
    ],
)
def test_a_running_job_does_what_it_was_asked_last(
    asked: list[str], then: str, store: Store
) -> None:
    job = store.add_job("train", {}, owner="a")
    store.start(job)
    for what in asked:
        store.request(job, what)
        assert status(store, job)[0] == "running"
    assert store.hold(job)
    assert status(store, job) == (then, "")
    assert not store.hold(job)


def test_only_an_interrupted_job_comes_back(store: Store) -> None:
    for final in FINAL:
        job = store.add_job("train", {}, owner="a")
        store.end(job, final, "because")
        assert store.request(job, "resume") == (final == "interrupted")
    back = store.job(job)
    assert back is not None
    assert (back.status, back.reason, back.ended) == ("waiting", None, None)


def test_jobs_beyond_the_limit_are_refused_together(store: Store) -> None:
    bounds = [Bound(4, "{most} at most, {there} there, {added} more", (WAITING,))]
    first = store.add_jobs("train", [{"n": 0}] * 3, owner="a", bounds=bounds)
    with pytest.raises(UserError, match="4 at most, 3 there, 2 more"):
        store.add_jobs("train", [{"n": 1}] * 2, owner="a", bounds=bounds)
    store.start(first[0])  # a running one does not count, nor does another's, nor another kind
    store.add_jobs("train", [{"n": 1}] * 2, owner="a", bounds=bounds)
    store.add_jobs("train", [{"n": 1}] * 4, owner="b", bounds=bounds)
    store.add_jobs("rank", [{"n": 1}] * 4, owner="a", bounds=bounds)
    assert len(store.jobs(owner="a", kind="train")) == 5


def test_a_bound_may_count_everybody(store: Store) -> None:
    bounds = [Bound(2, "too many", of_all=True)]
    for owner in "ab":
        store.add_jobs("rank", [{}], owner=owner, bounds=bounds)
    with pytest.raises(UserError, match="too many"):
        store.add_jobs("rank", [{}], owner="c", bounds=bounds)


def test_going_on_is_bounded_too(store: Store) -> None:
    interrupted, other = store.add_jobs("train", [{}] * 2, owner="a")
    store.start(interrupted)
    store.end(interrupted, "interrupted")
    with pytest.raises(UserError, match="1 there, 1 more"):
        store.request(interrupted, "resume", [Bound(1, "{there} there, {added} more")])
    assert status(store, interrupted) == ("interrupted", "")
    store.request(other, "cancel")
    assert store.request(interrupted, "resume", [Bound(1, "no")])


def test_who_gives_a_slot_back_waits_again(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    assert not store.ask_to_yield(job)
    store.start(job)
    started = store.served("train")["a"]
    assert store.ask_to_yield(job) and status(store, job) == ("running", "yield")
    assert not store.ask_to_yield(job)
    assert store.hold(job) and status(store, job) == ("waiting", "")
    assert store.served("train")["a"] >= started, "its owner was served until now"
    store.start(job)
    store.request(job, "pause")
    assert not store.ask_to_yield(job) and status(store, job) == ("running", "pause")


def test_a_store_knows_when_another_has_written(store: Store) -> None:
    other = Store()
    store.changed()
    assert not store.changed()
    other.add_job("train", {}, owner="a")
    assert store.changed() and not store.changed()
    other.close()


def test_what_the_line_needs_to_know(store: Store) -> None:
    one, two, _ = (store.add_job("train", {}, owner=owner) for owner in "aab")
    store.start(one)
    store.start(two)
    store.end(two, "finished")
    store.end(one, "failed")
    assert store.served("train").keys() == {"a"}
    assert len(store.durations("train")) == 1


def test_events_are_kept_in_order_and_never_twice(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    store.append(job, 1, [{"n": 1}, {"n": 2}])
    store.append(job, 3, [{"n": 3}])
    assert store.events(job) == [(1, {"n": 1}), (2, {"n": 2}), (3, {"n": 3})]
    assert store.events(job, after=2) == [(3, {"n": 3})]
    assert store.last_event(job) == (3, {"n": 3})
    assert store.last_event("another") == (0, {})
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


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as old:
        old.executescript(VERSION_1)
    store = Store(url)
    [job] = store.jobs(owner="a")
    assert (job.id, job.room, job.payload) == ("j1", None, {"n": 1})
    store.add_job("train", {}, owner="a", room="r")
    assert len(store.jobs(room="r")) == 1
    store.close()
    Store(url).close()  # and is not migrated again


def test_learners_tokens_of_an_older_version_become_digests(tmp_path: Path) -> None:
    token = "0123456789abcdef" * 2
    file = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(VERSION_1.replace("'a'", f"'{token}'"))
        connection.execute("INSERT INTO workspaces VALUES (?, ?)", (token, '{"data": "x"}'))
    store = Store(f"sqlite:///{file}")
    assert [job.id for job in store.jobs(owner=owner_of(token))] == ["j1"]
    assert store.workspace(owner_of(token)) == {"data": "x"}
    assert store.jobs(owner=token) == [] and store.workspace(token) == {}
    store.close()


def pages(store: Store) -> int:
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        count: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return count


def many_events(store: Store, job: str, count: int = 3000) -> None:
    step = {"event": "StepEnded", "epoch": 1, "loss": 1.0}
    store.append(job, 1, [{**step, "step": number} for number in range(count)])


def test_the_file_shrinks_when_rows_are_removed(store: Store) -> None:
    before = pages(store)
    job = store.add_job("train", {}, owner="a")
    many_events(store, job)
    full = pages(store)
    store.end(job, "finished")
    assert remove_job(store, job)
    shrink(store.engine, most=10)
    assert pages(store) == full - 10
    shrink(store.engine)
    assert full > 20 and pages(store) <= before + 2
    file = home() / "lab.sqlite3"
    assert file.stat().st_size <= (before + 2) * 4096
    shrink(store.engine)  # and there is nothing to do


def test_the_file_of_an_older_version_shrinks_too(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1)
    store = Store(f"sqlite:///{file}")
    many_events(store, "j1")
    full = pages(store)
    with store.engine.begin() as connection:
        connection.execute(delete(events))
    assert pages(store) == full
    shrink(store.engine)
    assert pages(store) < full / 2
    many_events(store, "j1")
    with store.engine.begin() as connection:
        connection.execute(delete(events))
    shrink(store.engine)  # from now on piece by piece
    assert pages(store) < full / 2
    store.close()


def test_a_file_in_use_is_left_as_it_is(store: Store) -> None:
    job = store.add_job("train", {}, owner="a")
    many_events(store, job)
    with store.engine.begin() as connection:
        connection.execute(delete(events))
    with store.engine.begin() as writer:
        writer.execute(insert(events).values(job=job, number=1, data={}))
        impatient = Store(store.url)
        event.listen(impatient.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=0"))
        impatient.engine.dispose()
        shrink(impatient.engine)
        impatient.close()
    assert len(store.events(job)) == 1


def test_steps_of_an_older_version_are_thinned(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1)
    store = Store(f"sqlite:///{file}")
    told = [{"event": "RunStarted"}, *({"event": "StepEnded", "step": n} for n in range(1, 5001))]
    told.insert(2500, {"event": "EpochEnded"})
    store.append("j1", 1, told)
    store.append("j2", 1, told[:100])
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET schema_version = 5")
    store.close()
    store = Store(f"sqlite:///{file}")
    kept = store.events("j1")
    assert 500 < len(kept) <= KEPT_STEPS + 3
    assert kept == [(number, told[number - 1]) for number, _ in kept]
    others = [told["event"] for _, told in kept if told["event"] != "StepEnded"]
    assert others == ["RunStarted", "EpochEnded"]
    assert kept[1] == (2, told[1]) and store.last_event("j1") == (5002, told[-1])
    assert len(store.events("j2")) == 100
    store.append("j1", 5003, [{"event": "RunEnded"}])  # numbers go on
    store.close()


def test_a_database_of_a_newer_program_is_refused(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET schema_version = 999")
    with pytest.raises(UserError, match="newer version"):
        Store()


def test_settings_are_shared(store: Store) -> None:
    assert store.setting("queue_paused", False) is False
    store.set_setting("queue_paused", True)
    other = Store()
    assert other.setting("queue_paused") is True
    other.close()


def test_what_this_process_opens_beside_harms_no_other_process(store: Store) -> None:
    """Closing any handle of a file drops the locks of all: https://www.sqlite.org/howtocorrupt.html"""
    store.set_setting("first", 1)
    Store(store.url).close()  # as the clean-up does once a minute

    opened = f"from tl_core.store.database import Store; s = Store({store.url!r})"

    def elsewhere(code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", f"{opened}; {code}; s.close()"],
            capture_output=True, text=True, check=True, cwd=ROOT,
        ).stdout.strip()  # fmt: skip

    elsewhere("s.set_setting('second', 2)")  # as a worker does, which comes and goes
    store.set_setting("third", 3)
    assert elsewhere("print(s.setting('second'), s.setting('third'))") == "2 3"
    assert store.setting("second") == 2
