"""The local executor: fair, in slots, within limits, and the same numbers as inline."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from tests.jobs import (
    ENDLESS,
    job_of,
    learning,
    names,
    over,
    submit,
    supervisor_serving,
    told,
    wait,
    worker_of,
)
from tl_core.execution import local as local_module
from tl_core.execution import run_folder
from tl_core.execution import supervisor as supervisor_module
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.local import LocalExecutor, stop_supervisor, supervisor_alive
from tl_core.execution.supervisor import Supervisor
from tl_core.store.database import RUNNING, Store
from tl_core.training.record import CHECKPOINT, RunRecord


def test_both_executors_give_the_same_numbers(local: LocalExecutor, photos: Path) -> None:
    inline = InlineExecutor(local.store)
    jobs = [submit(inline, photos), submit(local, photos)]
    for job in jobs:
        wait(local, job, over)
    one, two = (RunRecord.load(run_folder(job)) for job in jobs)
    assert one.val == two.val


def test_one_slot_is_shared_fairly(
    local: LocalExecutor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_SLOTS", "1")
    ada = [submit(local, photos, "ada", epochs=n) for n in (ENDLESS, 1, 1)]
    bob = submit(local, photos, "bob", epochs=1)
    wait(local, ada[0], lambda job: job.status == RUNNING)
    local.request(ada[1], "cancel")
    assert job_of(local, ada[1]).status == "cancelled" and names(local, ada[1]) == []
    wait(local, ada[0], learning(local))
    local.request(ada[0], "pause")  # its slot is free for the others
    starts = [wait(local, run, over).started for run in (bob, ada[2])]
    assert starts == sorted(starts, key=lambda start: start or 0)
    assert job_of(local, ada[0]).status == "paused"


def test_a_running_job_is_cancelled_with_its_record(local: LocalExecutor, photos: Path) -> None:
    run = submit(local, photos, epochs=ENDLESS)
    wait(local, run, learning(local))
    assert local.request(run, "cancel")
    assert wait(local, run, over).status == "cancelled"
    assert RunRecord.load(run_folder(run)).status == "cancelled"


def test_a_worker_that_does_not_listen_is_ended(local: LocalExecutor, photos: Path) -> None:
    run = submit(local, photos, epochs=ENDLESS)
    wait(local, run, learning(local))
    os.kill(worker_of(run), signal.SIGSTOP)
    local.request(run, "cancel")
    job = wait(local, run, over)
    assert (job.status, job.reason) == ("cancelled", "Stopped on request.")
    record = RunRecord.load(run_folder(run))
    assert (record.status, record.reason) == (job.status, job.reason)
    assert record == RunRecord.from_events(told(local, run), record.status, record.reason)
    assert len(record.history) == names(local, run).count("EpochEnded") > 0
    assert not (run_folder(run) / CHECKPOINT).exists()


def test_a_paused_queue_starts_no_run(photos: Path) -> None:
    store = Store()
    store.set_setting("queue_paused", True)
    run = store.add_job("train", {}, owner="ada")
    supervisor = Supervisor(store, slots=1)
    assert supervisor.tick() and supervisor.workers == {}
    store.request(run, "cancel")
    supervisor.shut_down()
    store.close()


def test_an_idle_supervisor_asks_the_store_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted, not timed: looks, and queries in a minute of a clock of its own."""
    now = [0.0]
    clock = SimpleNamespace(
        monotonic=lambda: now[0], time=time.time, sleep=lambda s: now.__setitem__(0, now[0] + s)
    )
    monkeypatch.setattr(supervisor_module, "time", clock)
    store, visitor = Store(), Store()
    supervisor = Supervisor(store, slots=1)
    queries: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *call: queries.append(call[2]))
    supervisor.rest()
    while now[0] < 60:
        supervisor.tick()
        supervisor.rest()
    assert len(queries) <= 15
    before = now[0]
    visitor.save_workspace("ada", {"data": None})  # as any page may write something
    supervisor.rest()
    assert now[0] - before <= 0.2, "it takes notice of new work at once"
    supervisor.shut_down()
    for one in (store, visitor):
        one.close()


def test_runs_that_had_their_turn_are_asked_to_wait_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store()
    store.set_setting("queue_paused", True)
    supervisor = Supervisor(store, slots=1)
    long = store.add_job("train", {}, owner="ada")
    store.start(long)
    store.add_job("train", {}, owner="bob")
    started = job_started(store, long)

    def asked_after(seconds: float) -> str:
        clock = SimpleNamespace(time=lambda: started + seconds, monotonic=time.monotonic)
        monkeypatch.setattr(supervisor_module, "time", clock)
        supervisor.tick()
        job = store.job(long)
        assert job is not None
        return job.request

    assert asked_after(400) == "", "while the queue is paused nobody could follow"
    store.set_setting("queue_paused", False)
    monkeypatch.setattr(supervisor, "_fill", lambda waiting: None)
    assert asked_after(200) == ""
    monkeypatch.setenv("TL_TURN_SECONDS", "500")
    assert asked_after(400) == ""
    monkeypatch.delenv("TL_TURN_SECONDS")
    assert asked_after(400) == "yield"
    store.close()


def job_started(store: Store, identifier: str) -> float:
    job = store.job(identifier)
    assert job is not None and job.started is not None
    return job.started


def test_only_one_supervisor_is_started(
    local: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = local_module._start

    def note(url: str) -> subprocess.Popen[bytes]:
        started.append(start(url))
        return started[-1]

    monkeypatch.setattr(local_module, "_start", note)
    threads = [threading.Thread(target=local.ensure_supervisor) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [process] = started
    assert supervisor_serving() == process.pid
    local.ensure_supervisor()
    assert len(started) == 1 and process.poll() is None
    stop_supervisor()
    assert not supervisor_alive() and process.poll() is not None


def test_a_supervisor_ends_when_its_home_is_gone(own_home: Path) -> None:
    executor = LocalExecutor()
    executor.ensure_supervisor()
    process = local_module._started[own_home]
    assert supervisor_serving() == process.pid
    executor.store.close()
    own_home.rename(own_home.with_name("moved"))
    assert process.wait(timeout=60) == 0
