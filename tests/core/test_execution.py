"""Every executor passes the same contract; the local one survives what workers do to it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.photos import make_photo_folder
from tl_core.execution import Executor, run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.local import LocalExecutor, stop_supervisor, supervisor_alive
from tl_core.home import home
from tl_core.runs.store import Job
from tl_core.training.config import make_config
from tl_core.training.events import from_dict
from tl_core.training.record import RunRecord

QUICK = {"epochs": 2, "image_size": 32, "batch_size": 8, "precision": "fp32", "threads": 1}


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photo_folder(tmp_path_factory.mktemp("photos") / "set", per_class=14)


@pytest.fixture
def local() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    stop_supervisor()
    executor.store.close()


@pytest.fixture(params=["inline", "local"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "local":
        yield request.getfixturevalue("local")
    else:
        inline = InlineExecutor()
        yield inline
        inline.store.close()


def submit(executor: Executor, photos: Path, **choices: object) -> str:
    config = make_config(str(photos), **{**QUICK, **choices})  # type: ignore[arg-type]
    return executor.submit("train", config.to_dict(), owner="ada", comparison="c")


def wait(executor: Executor, job: str, until: Callable[[Job], bool], seconds: float = 120) -> Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = executor.store.job(job)
        assert found is not None
        if until(found):
            return found
        time.sleep(0.05)
    pytest.fail(f"still {found.status} after {seconds} s: {executor.store.events(job)[-3:]}")


def over(job: Job) -> bool:
    return not job.active


def event_names(executor: Executor, job: str) -> list[str]:
    return [data["event"] for _, data in executor.store.events(job)]


def test_a_run_finishes_with_events_and_a_record(executor: Executor, photos: Path) -> None:
    job = submit(executor, photos)
    assert wait(executor, job, over).status == "finished"
    events = executor.store.events(job)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert [from_dict(data) for _, data in events]
    assert event_names(executor, job)[-1] == "RunEnded"
    assert RunRecord.load(run_folder(job)).status == "finished"


def test_a_user_s_slip_fails_the_run_with_its_sentence(executor: Executor, tmp_path: Path) -> None:
    job = submit(executor, tmp_path / "nowhere")
    ended = wait(executor, job, over)
    assert ended.status == "failed"
    assert ended.reason is not None and "nowhere" in ended.reason
    assert event_names(executor, job)[-1] == "RunFailed"


def test_a_photo_is_predicted_by_every_run(executor: Executor, photos: Path) -> None:
    runs = [submit(executor, photos, seed=seed) for seed in (0, 1)]
    for run in runs:
        wait(executor, run, over)
    photo = next(photos.rglob("*.jpg"))
    job = executor.submit("predict", {"photo": str(photo), "runs": runs}, owner="ada")
    assert wait(executor, job, over).status == "finished"
    answers = [data for _, data in executor.store.events(job)]
    assert [answer["run"] for answer in answers] == runs
    assert all(sum(a["probabilities"].values()) == pytest.approx(1) for a in answers)


def test_both_executors_give_the_same_numbers(local: LocalExecutor, photos: Path) -> None:
    inline = InlineExecutor(local.store)
    jobs = [submit(inline, photos), submit(local, photos)]
    for job in jobs:
        wait(local, job, over)
    one, two = (RunRecord.load(run_folder(job)) for job in jobs)
    assert one.val == two.val


def test_a_running_job_is_cancelled(local: LocalExecutor, photos: Path) -> None:
    job = submit(local, photos, epochs=5000)
    wait(local, job, lambda _: "EpochEnded" in event_names(local, job))
    local.request(job, "cancel")
    assert wait(local, job, over).status == "cancelled"


def test_a_waiting_job_is_cancelled_and_the_next_one_runs(
    local: LocalExecutor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_SLOTS", "1")
    long, waiting, short = (submit(local, photos, epochs=n) for n in (5000, 1, 1))
    wait(local, long, lambda job: job.status == "running")
    local.request(waiting, "cancel")
    assert wait(local, waiting, over).status == "cancelled"
    assert event_names(local, waiting) == []
    local.request(long, "cancel")
    assert wait(local, short, over).status == "finished"


def test_a_paused_job_stands_still_and_goes_on(local: LocalExecutor, photos: Path) -> None:
    job = submit(local, photos, epochs=40)
    wait(local, job, lambda _: "EpochEnded" in event_names(local, job))
    local.request(job, "pause")
    still = -1
    while len(local.store.events(job)) != still:  # until two looks, a pause apart, see the same
        still = len(local.store.events(job))
        time.sleep(0.6)
    local.request(job, "")
    assert wait(local, job, over).status == "finished"


def test_a_killed_worker_fails_its_run_and_no_other(
    local: LocalExecutor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_SLOTS", "1")
    victim, next_one = submit(local, photos, epochs=5000), submit(local, photos, epochs=1)
    wait(local, victim, lambda _: "EpochEnded" in event_names(local, victim))
    os.kill(_worker_of(victim), signal.SIGKILL)
    ended = wait(local, victim, over)
    assert ended.status == "failed" and "memory" in (ended.reason or "")
    assert wait(local, next_one, over).status == "finished"


def test_a_killed_supervisor_is_replaced(local: LocalExecutor, photos: Path) -> None:
    job = submit(local, photos, epochs=5000)
    wait(local, job, lambda found: found.status == "running")
    os.kill(int((home() / "supervisor.pid").read_text()), signal.SIGKILL)
    while supervisor_alive():
        time.sleep(0.02)
    again = submit(local, photos, epochs=1)
    assert wait(local, again, over).status == "finished"
    interrupted = wait(local, job, over)
    assert interrupted.status == "interrupted" and "restarted" in (interrupted.reason or "")


def _worker_of(job: str) -> int:
    log = (home() / "logs" / "supervisor.log").read_text()
    found = re.search(rf"job {job} \(train\) runs in process (\d+)", log)
    assert found is not None
    return int(found[1])
