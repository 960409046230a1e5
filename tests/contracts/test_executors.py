"""Every executor passes this contract; a new one is added to the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs import ENDLESS, job_of, learning, names, over, payload, submit, told, wait
from tl_core.errors import UserError
from tl_core.execution import Executor, run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.local import LocalExecutor, stop_supervisor
from tl_core.store.database import FINAL, Bound
from tl_core.training.events import from_dict
from tl_core.training.record import CHECKPOINT, RunRecord


@pytest.fixture(params=["inline", "local"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    executor = InlineExecutor() if request.param == "inline" else LocalExecutor()
    yield executor
    if request.param == "local":
        stop_supervisor()
    executor.store.close()


@pytest.fixture
def background(executor: Executor) -> Executor:
    if isinstance(executor, InlineExecutor):
        pytest.skip("an inline job is over before anything can be asked of it")
    return executor


def test_jobs_end_as_they_should(executor: Executor, photos: Path, tmp_path: Path) -> None:
    runs = executor.submit_all(
        "train", [payload(photos, seed=seed) for seed in (0, 1)],
        owner="ada", comparison="c", room="r",
    )  # fmt: skip
    slip = submit(executor, tmp_path / "nowhere")
    for run in runs:
        job = wait(executor, run, over)
        assert (job.status, job.reason, job.room) == ("finished", None, "r")
        assert names(executor, run)[-1] == "RunEnded"
        assert [from_dict(data) for _, data in executor.store.events(run)]
        assert RunRecord.load(run_folder(run)).status == "finished"
        assert not (run_folder(run) / CHECKPOINT).exists()
        for what in ("cancel", "pause", "resume"):
            assert not executor.request(run, what)
        assert job_of(executor, run) == job

    failed = wait(executor, slip, over)
    assert failed.status == "failed" and "nowhere" in (failed.reason or "")
    assert names(executor, slip)[-1] == "RunFailed"

    photo = next(photos.rglob("*.jpg"))
    question = executor.submit("predict", {"photo": str(photo), "runs": runs}, owner="ada")
    assert wait(executor, question, over).status == "finished"
    answers = [data for _, data in executor.store.events(question)]
    assert [answer["run"] for answer in answers] == runs
    assert all(sum(a["probabilities"].values()) == pytest.approx(1) for a in answers)


def test_an_interrupted_run_goes_on_as_the_same_job(executor: Executor, photos: Path) -> None:
    run = executor.store.add_job("train", payload(photos), owner="ada")
    executor.store.start(run)
    executor.store.append(run, 1, [{"event": "PreparationAdvanced", "what": "photos"}])
    executor.store.end(run, "interrupted", "The machine was switched off.")
    assert executor.request(run, "resume")
    job = wait(executor, run, over)
    assert (job.status, job.reason) == ("finished", None)
    assert names(executor, run)[-1] == "RunEnded"


def test_too_many_runs_are_refused_and_none_is_kept(executor: Executor, photos: Path) -> None:
    bounds = [Bound(2, "At most {most}.")]
    with pytest.raises(UserError, match="At most 2"):
        executor.submit_all("train", [payload(photos)] * 3, owner="ada", bounds=bounds)
    assert executor.store.jobs() == []


def test_nobody_holds_the_only_slot_while_others_wait(
    background: Executor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_SLOTS", "1")
    monkeypatch.setenv("TL_TURN_SECONDS", "1")
    long = submit(background, photos, epochs=ENDLESS)
    wait(background, long, learning(background))
    quick = submit(background, photos, "bob", epochs=1)
    assert wait(background, quick, over).status == "finished"
    assert "RunPaused" in names(background, long)
    wait(background, long, lambda _: "RunResumed" in names(background, long))
    [paused, resumed] = [e for e in told(background, long) if e["event"] in TURNS][:2]
    assert resumed["epoch"] == paused["epoch"] >= 1, "an epoch was cut"
    assert background.request(long, "cancel")
    assert wait(background, long, over).status == "cancelled"


TURNS = ("RunPaused", "RunResumed")


def test_a_paused_run_goes_on_or_is_cancelled(background: Executor, photos: Path) -> None:
    going, stopped = (submit(background, photos, epochs=ENDLESS) for _ in range(2))
    for run in (going, stopped):
        wait(background, run, learning(background))
        assert background.request(run, "pause")
    for run in (going, stopped):
        wait(background, run, lambda job: job.status == "paused")
        assert names(background, run)[-1] == "RunPaused"
        assert (run_folder(run) / CHECKPOINT).exists()
    done = len(names(background, going))
    assert background.request(going, "resume")
    wait(background, going, lambda _: "EpochEnded" in names(background, going)[done:])
    assert "RunResumed" in names(background, going)[done:]
    assert "RunStarted" not in names(background, going)[done:]
    for run in (going, stopped):
        assert background.request(run, "cancel")
        assert wait(background, run, over).status == "cancelled"
        assert not (run_folder(run) / CHECKPOINT).exists()
        assert sum(name in FINAL_EVENTS for name in names(background, run)) <= 1
    assert {job.status for job in background.store.jobs()} <= set(FINAL)


FINAL_EVENTS = ("RunEnded", "RunFailed", "RunCancelled")
