"""What goes wrong in a lesson, made to happen: the run says so, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from classroom_kit.laboratory import Laboratory, laboratory
from classroom_kit.learner import SET, Learner
from classroom_kit.records import check, open_store
from classroom_kit.report import Row
from classroom_kit.server import Server
from tl_core.data.catalog import bundled_sets

BAR = "others unharmed, a final state with its reason, nothing half-written"
LONG = {"per_class": 10, "epochs": 200}
SHORT = {"per_class": 10, "epochs": 5}
LOCKED_SECONDS = 5.0
SMALL_DISK_MB = 256


def faults(home: Path) -> Iterator[Row]:
    """Make every fault happen once."""
    photos = bundled_sets()[-1].folder
    for name, (happen, env) in FAULTS.items():
        with laboratory(home.with_name(name), photos, **env) as lab:
            yield _row(name, happen(lab))
    if os.name == "posix" and os.geteuid() == 0:
        floor = {"TL_DISK_FLOOR_MB": "1"}  # the disk is smaller than what a server keeps free
        disk = small_disk(home.with_name("disk"))
        with disk as folder, laboratory(folder, photos, **floor) as lab:
            yield _row("disk full", disk_full(lab))
    else:
        yield Row("disk full", BAR, "not tried: only root can mount a small disk", False)
    for name, befall in AROUND_THE_APP.items():
        yield _row(name, asyncio.run(befall(home.with_name(name.replace(" ", "-")))))


def _row(name: str, result: tuple[str, bool]) -> Row:
    return Row(name, BAR, *result)


def kill_worker(lab: Laboratory) -> tuple[str, bool]:
    """``kill -9`` the process of one of two runs."""
    hit, other = lab.start("hit", **LONG), lab.start("other", **SHORT)
    ready = lab.until_epoch(hit)
    os.kill(lab.process(hit), signal.SIGKILL)
    over = lab.until_over(hit, other)
    held = lab.job(hit).status in ("failed", "interrupted") and lab.job(other).status == "finished"
    return _told(lab, hit, other), ready and over and held and lab.whole(hit, other)


def kill_supervisor(lab: Laboratory) -> tuple[str, bool]:
    """``kill -9`` the supervisor; resume what it interrupted."""
    hit, other = lab.start("hit", **LONG), lab.start("other", **LONG)
    ready = lab.until_epoch(hit) and lab.until_epoch(other)
    os.kill(lab.supervisor(), signal.SIGKILL)
    over = lab.until_over(hit, other)
    told = _told(lab, hit, other)
    held = {lab.job(hit).status, lab.job(other).status} == {"interrupted"} and lab.whole(hit, other)
    lab.executor.request(hit, "resume")
    resumed = lab.until(lambda: lab.job(hit).status == "running")
    lab.executor.request(hit, "cancel")
    return f"{told}; goes on when asked to", ready and over and held and resumed and (
        lab.until_over(hit)
    )


def out_of_memory(lab: Laboratory) -> tuple[str, bool]:
    """Let one run need more memory than a run may have."""
    hit = lab.start("hit", strategy="fine_tune", input_size=512, batch_size=256, precision="fp32")
    other = lab.start("other", **SHORT)
    over = lab.until_over(hit, other)
    held = lab.job(hit).status == "failed" and lab.job(other).status == "finished"
    return _told(lab, hit, other), over and held and lab.whole(hit, other)


def nan(lab: Laboratory) -> tuple[str, bool]:
    """Let one run's loss explode."""
    hit = lab.start("hit", strategy="fine_tune", lr=10.0, optimizer="sgd", weight_decay=0.5, **LONG)
    other = lab.start("other", **SHORT)
    over = lab.until_over(hit, other)
    held = lab.job(hit).status == "failed" and lab.job(other).status == "finished"
    return _told(lab, hit, other), over and held and lab.whole(hit, other)


def store_locked(lab: Laboratory) -> tuple[str, bool]:
    """Hold the database's write lock for some seconds while two runs train."""
    hit, other = lab.start("hit", **SHORT | {"epochs": 30}), lab.start("other", **SHORT)
    ready = lab.until_epoch(hit)
    with closing(sqlite3.connect(lab.home / "lab.sqlite3", timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_SECONDS)
        connection.rollback()
    over = lab.until_over(hit, other)
    held = lab.job(hit).status == lab.job(other).status == "finished"
    return f"{_told(lab, hit, other)} after {LOCKED_SECONDS:.0f} s", ready and over and held and (
        lab.whole(hit, other)
    )


def disk_full(lab: Laboratory) -> tuple[str, bool]:
    """Fill the disk while a run trains; make room again, and train another."""
    hit = lab.start("hit", strategy="fine_tune", **LONG)
    ready = lab.until_epoch(hit)
    filler = lab.home / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    lab.until(lambda: not lab.job(hit).active or _died(lab, hit))
    filler.unlink()
    over = lab.until_over(hit)
    other = lab.start("other", **SHORT)
    held = lab.until_over(other) and lab.job(other).status == "finished"
    ended = lab.job(hit).status in ("failed", "interrupted")
    return _told(lab, hit, other), ready and over and held and ended and lab.whole(hit, other)


def _died(lab: Laboratory, identifier: str) -> bool:
    return not Path(f"/proc/{lab.process(identifier)}").exists()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = SMALL_DISK_MB) -> Iterator[Path]:
    """Mount a disk that has room for some runs."""
    folder.mkdir(parents=True)
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _told(lab: Laboratory, hit: str, other: str) -> str:
    return f"the run {lab.ended(hit)} / the other's {lab.ended(other)}"


async def _training(server: Server) -> Learner:
    learner = await Learner(server.url, 0).arrive()
    await learner.tab.go("data")
    await learner.tab.click(SET)
    await learner.start(Epochs=12.0)
    await learner.tab.until(lambda: learner.tab.page.points() > 0)
    return learner


async def _after(server: Server, learner: Learner) -> tuple[str, bool]:
    """Come back, see the runs to their end, and look at what was kept."""
    await learner.arrive("train")
    await learner.wait()
    await learner.leave()
    count, wrong = check(server.home)
    states = [job.status for job in open_store(server.home).jobs(kind="train")]
    text = f"{states.count('finished')} of {count} runs finished without a pause"
    return text + (f"; {wrong[0]}" if wrong else ""), not wrong and states == ["finished"] * 2


async def kill_app(home: Path) -> tuple[str, bool]:
    """``kill -9`` the app and start it again."""
    with Server(home, TL_SLOTS="2") as server:
        learner = await _training(server)
        server.kill()
        server.start()
        return await _after(server, learner)


async def restart(home: Path) -> tuple[str, bool]:
    """Restart the app in the middle."""
    with Server(home, TL_SLOTS="2") as server:
        learner = await _training(server)
        server.process.terminate()
        server.process.wait(30)
        server.start()
        return await _after(server, learner)


async def connection_lost(home: Path) -> tuple[str, bool]:
    """Close the laptop."""
    with Server(home, TL_SLOTS="2") as server:
        learner = await _training(server)
        learner.tab.drop()
        await asyncio.sleep(3)
        return await _after(server, learner)


FAULTS: dict[str, tuple[Callable[[Laboratory], tuple[str, bool]], dict[str, str]]] = {
    "kill -9 of a worker": (kill_worker, {}),
    "kill -9 of the supervisor": (kill_supervisor, {}),
    "out of memory": (out_of_memory, {"TL_RUN_MEMORY_MB": "700"}),
    "loss is NaN": (nan, {}),
    "store locked": (store_locked, {}),
}
AROUND_THE_APP = {
    "kill -9 of the app": kill_app,
    "server restarted": restart,
    "connection lost": connection_lost,
}
