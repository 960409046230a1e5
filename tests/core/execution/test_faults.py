"""What may go wrong on a server ends one run at most, with its reason, and leaves nothing torn."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sqlalchemy.exc import OperationalError

from tests.jobs import (
    ENDLESS,
    job_of,
    learning,
    names,
    over,
    payload,
    submit,
    supervisor_serving,
    wait,
    worker_of,
)
from tl_core.execution import Executor, run_folder
from tl_core.execution import supervisor as supervisor_module
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.local import LocalExecutor, supervisor_alive
from tl_core.execution.supervisor import Supervisor, Worker
from tl_core.execution.worker import run_job
from tl_core.home import home
from tl_core.memory import process_memory
from tl_core.store.database import Store
from tl_core.training.checkpoint import Checkpoints
from tl_core.training.config import RunConfig
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    RunFailed,
    RunStarted,
    StepEnded,
    TrainEvent,
    to_dict,
)
from tl_core.training.loop import train
from tl_core.training.record import CHECKPOINT, RECORD, RunRecord


@pytest.fixture
def inline() -> Iterator[Executor]:
    executor = InlineExecutor()
    yield executor
    executor.store.close()


def gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie has, too)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def pause_after_an_epoch(inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train one epoch and pause; return the run."""
    run = inline.store.add_job("train", payload(photos, epochs=ENDLESS), owner="ada")
    inline.store.start(run)
    save = Checkpoints.save

    def save_and_ask(self: Checkpoints, *parts: Any) -> None:
        save(self, *parts)
        inline.store.request(run, "pause")

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_and_ask)
        patch.setattr("tl_core.execution.worker.FLUSH_SECONDS", 0)  # look at requests always
        run_job(inline.store.url, run)
    return run


# --------------------------------------------------------------------------------- killed, limits


def test_a_killed_worker_interrupts_its_run_and_no_other(
    local: LocalExecutor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_SLOTS", "2")
    victim, other = submit(local, photos, epochs=ENDLESS), submit(local, photos, "bob", epochs=40)
    wait(local, victim, learning(local))
    wait(local, victim, lambda _: (run_folder(victim) / CHECKPOINT).exists())
    os.kill(worker_of(victim), signal.SIGKILL)
    ended = wait(local, victim, over)
    assert ended.status == "interrupted"
    assert "memory" in (ended.reason or "") and "Resume" in (ended.reason or "")
    done = len(names(local, victim))
    assert local.request(victim, "resume")
    wait(local, victim, lambda _: "EpochEnded" in names(local, victim)[done:])
    assert "RunResumed" in names(local, victim)[done:]
    assert wait(local, other, over).status == "finished"
    assert "RunResumed" not in names(local, other)


def test_a_killed_supervisor_takes_its_workers_along_and_is_replaced(
    local: LocalExecutor, photos: Path
) -> None:
    run = submit(local, photos, epochs=ENDLESS)
    wait(local, run, learning(local))
    worker = worker_of(run)
    os.kill(int((home() / "supervisor.pid").read_text()), signal.SIGKILL)
    wait(local, run, lambda _: gone(worker) and not supervisor_alive(), seconds=20)
    told = len(names(local, run))
    local.watch()  # as any page does that shows this run
    ended = wait(local, run, over)
    assert ended.status == "interrupted" and "restarted" in (ended.reason or "")
    assert len(names(local, run)) == told
    assert wait(local, submit(local, photos, epochs=1), over).status == "finished"


def test_too_much_memory_ends_the_run_with_the_limit(
    local: LocalExecutor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if process_memory(os.getpid()) is None:
        pytest.skip("this system does not tell the memory of a process")
    monkeypatch.setenv("TL_RUN_MEMORY_MB", "40")
    run = submit(local, photos, epochs=ENDLESS)
    ended = wait(local, run, over)
    assert ended.status == "failed"
    assert "more than 40 MB" in (ended.reason or "") and "smaller" in (ended.reason or "")
    assert names(local, run)[-1] == "RunFailed"
    assert not (run_folder(run) / CHECKPOINT).exists()


def test_what_is_done_beside_runs_shares_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "_context", lambda: multiprocessing.get_context("spawn"))
    monkeypatch.setattr(supervisor_module, "run_memory", lambda: (1000, 500))
    taken = {1: 900, 2: 200, 3: 250, 4: 100}
    monkeypatch.setattr(supervisor_module, "process_memory", taken.get)
    store = Store()
    supervisor = Supervisor(store, slots=1)
    for pid, kind in enumerate(("train", "predict", "rank", "preview"), 1):
        job = store.job(store.add_job(kind, {}, owner="ada"))
        process = SimpleNamespace(pid=pid)
        supervisor.workers[kind] = Worker(process, job, None, 1e9, ("", ""))  # type: ignore[arg-type]
    supervisor._watch_memory()
    ended = [kind for kind, worker in supervisor.workers.items() if worker.deadline == 0]
    assert ended == ["rank"] and "beside the runs" in supervisor.workers["rank"].verdict[1]
    store.close()


def test_a_worker_that_keeps_no_time_is_ended_and_its_record_written(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn = multiprocessing.get_context("spawn")
    monkeypatch.setattr("tl_core.execution.supervisor._context", lambda: spawn)
    store = Store()
    run = store.add_job("train", payload(photos), owner="ada")
    started = RunStarted(payload(photos), ["ant", "bee"], 20, 8, 0, 2, 6, 600)
    phase = PhaseStarted(1, "Head only", [], 10, 1, 2)
    epoch = EpochEnded(1, 1, 0.7, 0.5, 0.6, 0.75, 1e-3, 2.5, best=True)
    store.append(run, 1, [to_dict(event) for event in (started, phase, epoch)])
    supervisor = Supervisor(store, slots=1)
    store.start(run)
    process = spawn.Process(target=time.sleep, args=(600,))
    process.start()
    verdict = ("failed", "It was ended.")
    supervisor.workers[run] = Worker(process, store.job(run), None, 0.0, verdict)  # type: ignore[arg-type]
    executor = LocalExecutor(store)
    ended = wait(executor, run, over, meanwhile=supervisor.tick)
    assert (ended.status, ended.reason) == verdict and names(executor, run)[-1] == "RunFailed"
    store.close()
    record = RunRecord.load(run_folder(run))
    assert (record.status, record.reason) == verdict
    assert (record.history, record.phases, record.best_epoch) == ((epoch,), (phase,), 1)
    assert record.summary(run_folder(run))["seconds"] == 2.5


def test_a_run_that_broke_unexpectedly_has_its_record(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(Checkpoints, "save", explode)
    run = submit(inline, photos)
    record = RunRecord.load(run_folder(run))
    assert record.status == "failed" and "ValueError" in (record.reason or "")
    assert len(record.history) == names(inline, run).count("EpochEnded") == 1


def test_what_is_cancelled_in_a_pause_has_its_record(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pause_after_an_epoch(inline, photos, monkeypatch)
    assert not (run_folder(run) / RECORD).exists()
    assert inline.request(run, "cancel")
    record = RunRecord.load(run_folder(run))
    assert (record.status, len(record.history)) == ("cancelled", 1)
    assert not (run_folder(run) / CHECKPOINT).exists()


def test_a_cancellation_during_a_pause_s_last_moments_counts(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Store.hold

    def ask_and_hold(self: Store, identifier: str) -> bool:
        self.request(identifier, "cancel")
        return hold(self, identifier)

    monkeypatch.setattr(Store, "hold", ask_and_hold)
    run = pause_after_an_epoch(inline, photos, monkeypatch)
    assert job_of(inline, run).status == "cancelled"
    assert RunRecord.load(run_folder(run)).status == "cancelled"
    assert not (run_folder(run) / CHECKPOINT).exists()


def test_a_run_gives_way_between_epochs_but_not_after_the_last(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = inline.store.add_job("train", payload(photos, epochs=3), owner="ada")
    monkeypatch.setattr("tl_core.execution.worker.FLUSH_SECONDS", 0)

    def ask(event: TrainEvent) -> dict[str, Any]:
        if isinstance(event, StepEnded):
            inline.store.ask_to_yield(run)
        return to_dict(event)

    monkeypatch.setattr("tl_core.execution.worker.to_dict", ask)
    for turn in range(1, 4):
        inline.store.start(run)
        run_job(inline.store.url, run)
        told = names(inline, run)
        assert told.count("EpochEnded") == turn, "an epoch was cut, or done twice"
        if turn < 3:
            waiting = job_of(inline, run)
            assert (waiting.status, waiting.request, told[-1]) == ("waiting", "", "RunPaused")
    assert job_of(inline, run).status == "finished" and told.count("RunPaused") == 2


def test_a_run_that_takes_too_long_ends_with_its_record(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = 0.0

    def take_long(event: TrainEvent) -> dict[str, Any]:
        """Let the time be over once an epoch has ended, however quick this machine is."""
        nonlocal passed
        passed += 1e6 * isinstance(event, EpochEnded)
        return to_dict(event)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr("tl_core.execution.worker.time", clock)
    monkeypatch.setattr("tl_core.execution.worker.to_dict", take_long)
    run = submit(inline, photos, epochs=ENDLESS)
    ended = job_of(inline, run)
    assert ended.status == "failed" and "fewer epochs" in (ended.reason or "")
    assert names(inline, run)[-1] == "RunFailed"
    record = RunRecord.load(run_folder(run))
    assert record.status == "failed" and len(record.history) >= 1


def test_time_before_a_pause_counts(
    inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pause_after_an_epoch(inline, photos, monkeypatch)
    assert job_of(inline, run).status == "paused"
    checkpoint = torch.load(run_folder(run) / CHECKPOINT, weights_only=True)
    checkpoint["seconds"] = 10_000.0
    torch.save(checkpoint, run_folder(run) / CHECKPOINT)
    inline.request(run, "resume")
    assert "minutes" in (job_of(inline, run).reason or "")


# ---------------------------------------------------------------------------------- the disk, NaN


@pytest.mark.parametrize("file", [CHECKPOINT, "weights.safetensors", "record.json"])
def test_a_full_disk_ends_the_run_and_leaves_nothing_torn(
    file: str, inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == file:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    run = submit(inline, photos)
    ended = job_of(inline, run)
    assert ended.status == "failed" and "disk is full" in (ended.reason or "")
    assert names(inline, run)[-1] == "RunFailed"
    left = {path.name for path in run_folder(run).glob("*")}
    assert left <= {"config.json", "predictions.json", "record.json"} - {file}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.name != "posix" or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, photos: Path) -> None:
    config = RunConfig.from_dict(payload(photos, epochs=50, strategy="fine_tune"))
    last = list(train(config, small_disk / "run"))[-1]
    assert isinstance(last, RunFailed) and "disk is full" in last.reason
    left = {path.name for path in (small_disk / "run").iterdir()}
    assert left <= {"config.json", "predictions.json", "record.json"}


def test_a_loss_that_is_no_number_ends_the_run(inline: Executor, photos: Path) -> None:
    run = submit(
        inline, photos, epochs=30, strategy="from_scratch", batch_norm="frozen",
        optimizer="sgd", lr=10.0,
    )  # fmt: skip
    ended = job_of(inline, run)
    assert ended.status == "failed" and "learning rate" in (ended.reason or "")
    assert RunRecord.load(run_folder(run)).status == "failed"


# --------------------------------------------------------------------------------------- the store


class Lock:
    """Another connection that keeps writers out of the database of a store, until released."""

    def __init__(self) -> None:
        self._taken, self._released = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)

    def __enter__(self) -> Lock:
        self._thread.start()
        assert self._taken.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._released.set()
        self._thread.join()

    def _hold(self) -> None:
        with closing(sqlite3.connect(home() / "lab.sqlite3")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._taken.set()
            self._released.wait()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite itself wait for 50 ms only, so that the writer has to try again."""

    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=50")
        connection.execute("PRAGMA journal_mode=WAL")

    monkeypatch.setattr("tl_core.store.schema._configure_sqlite", configure)


def test_a_locked_store_loses_and_doubles_no_event(
    impatient: None, inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = inline.store.add_job("train", payload(photos, epochs=3), owner="ada")
    inline.store.start(run)
    refused: list[float] = []
    with Lock() as lock:

        def rest(seconds: float) -> None:
            refused.append(seconds)
            if len(refused) == 3:
                lock.release()

        clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=rest)
        monkeypatch.setattr("tl_core.store.database.time", clock)
        run_job(inline.store.url, run)
    assert len(refused) >= 3
    assert job_of(inline, run).status == "finished"
    told = names(inline, run)
    record = RunRecord.load(run_folder(run))
    assert told.count("EpochEnded") == len(record.history) == 3
    assert told.count("RunStarted") == told.count("RunEnded") == 1


def test_a_store_that_stays_locked_leaves_a_run_that_can_go_on(
    impatient: None, inline: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_core.execution.worker.Store", lambda url: Store(url, patience=0))
    run = inline.store.add_job("train", payload(photos, epochs=ENDLESS), owner="ada")
    inline.store.start(run)
    lock = Lock()

    def lock_after_an_epoch(event: TrainEvent) -> dict[str, Any]:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            lock.__enter__()
        return to_dict(event)

    monkeypatch.setattr("tl_core.execution.worker.to_dict", lock_after_an_epoch)
    with pytest.raises(OperationalError):
        run_job(inline.store.url, run)
    lock.release()
    assert (run_folder(run) / CHECKPOINT).exists()
    assert job_of(inline, run).status == "running"  # until the supervisor finds its process gone


def test_the_supervisor_outlives_a_locked_store(local: LocalExecutor, photos: Path) -> None:
    run = submit(local, photos, epochs=ENDLESS)
    wait(local, run, learning(local))
    supervisor = supervisor_serving()
    with Lock():
        worker = worker_of(run)
        os.kill(worker, signal.SIGKILL)  # so there is something to write
        wait(local, run, lambda _: gone(worker))
    assert wait(local, run, over).status == "interrupted"
    assert supervisor_serving() == supervisor and not gone(supervisor)


def test_the_supervisor_looks_again_when_the_store_cannot_be_used(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def tick(_: Supervisor) -> bool:
        looks.append("look")
        if len(looks) == 1:
            raise OperationalError("", {}, sqlite3.OperationalError("database is locked"))
        raise KeyboardInterrupt

    monkeypatch.setattr(Supervisor, "tick", tick)
    monkeypatch.setattr(supervisor_module, "WATCH_SECONDS", 0)
    monkeypatch.setattr(supervisor_module, "_context", lambda: multiprocessing.get_context("spawn"))
    monkeypatch.setattr(supervisor_module.signal, "signal", lambda *_: None)
    badge = own_home / "badge"
    store = Store()
    badge.touch()
    supervisor_module._serve(store, badge)
    assert len(looks) == 2
