"""One job, from its payload to its final status. Importing this module loads torch."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from tl_core.analysis.backbone_ranking import forecasts
from tl_core.backbones.spec import backbones
from tl_core.cost.measure import measure_costs
from tl_core.cost.profile import ProfileKey
from tl_core.data.catalog import PUBLIC
from tl_core.data.preview import augmented_views
from tl_core.data.public import prefetch_data
from tl_core.errors import RunError, TLError
from tl_core.execution import asked_about, outcome, put_away, run_folder
from tl_core.execution.event_log import FLUSH_SECONDS, EventLog
from tl_core.machine import run_seconds
from tl_core.runs.restore import predict_files
from tl_core.steps import Progress
from tl_core.store.database import PAUSED, YIELD, Job, Store
from tl_core.throttle import Throttle
from tl_core.training.config import RunConfig, under_present_names
from tl_core.training.events import (
    ENDINGS,
    CancelRun,
    EpochEnded,
    PauseRun,
    PreparationAdvanced,
    RunFailed,
    RunResumed,
    StepEnded,
    to_dict,
)
from tl_core.training.loop import Events, train

TOLD_CLASSES = 5
"""Of which the answer for a new item says how probable they are, the most probable ones."""

log = logging.getLogger(__name__)


def run_job(url: str, identifier: str) -> None:
    """Do one job that was moved to running, and give it its final status."""
    store = Store(url)
    job = store.job(identifier)
    assert job is not None
    events = EventLog(store, identifier)
    try:
        status, reason = JOB_KINDS[job.kind](store, job, events)
    except KeyboardInterrupt:  # where it runs inline
        events.flush()
        _end(store, identifier, "cancelled", "Stopped from the keyboard.")
        raise
    except OperationalError:
        raise  # The store is out of reach: whoever looks after this process says so, later.
    except TLError as error:
        status, reason = "failed", str(error)
    except Exception as error:
        log.exception("job %s", identifier)
        status = "failed"
        reason = f"Something unexpected went wrong: {type(error).__name__}. The log tells more."
    if status == "failed" and job.kind == "train":
        events.add(to_dict(RunFailed(reason or "")), urgent=True)
    events.flush()
    if status == PAUSED:
        store.hold(identifier)
        held = store.job(identifier)
        if held is not None and held.status == "cancelled":  # asked for while it stopped
            put_away(store, identifier, held.status, "Stopped on request.")
    else:
        _end(store, identifier, status, reason)
    store.close()


def _end(store: Store, identifier: str, status: str, reason: str | None) -> None:
    put_away(store, identifier, status, reason)
    store.end(identifier, status, reason)


def _train(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    config = RunConfig.from_dict(job.payload)
    compared = store.jobs(comparison=job.comparison, kind=job.kind) if job.comparison else []
    beside = [RunConfig.from_dict(other.payload) for other in compared]
    stream = train(config, run_folder(job.id), beside)
    epochs = sum(phase.epochs for phase in config.phases)
    last: dict[str, Any] = {}
    try:
        for event in _controlled(stream, store, job.id, epochs):
            last = to_dict(event)
            if not isinstance(event, RunFailed):  # it is written with the status
                # The first step is the first point that a learner sees.
                urgent = not isinstance(event, StepEnded) or event.step == 1
                events.add(last, urgent=urgent)
    except OperationalError:
        with contextlib.suppress(StopIteration):
            stream.throw(PauseRun())  # the checkpoint stays
        raise
    return outcome(last) or (PAUSED, None)


def _controlled(stream: Events, store: Store, identifier: str, epochs: int) -> Events:
    """Pass a stream on; stop it when the store says so, or when its time is over.

    Who is only asked to let others go on does so between two epochs, where nothing is lost; after
    the last of all ``epochs`` it is all but done, and stays.
    """
    reading, deadline = Throttle(FLUSH_SECONDS), time.monotonic() + run_seconds()
    request = ""
    for event in stream:
        yield event
        if isinstance(event, RunResumed):
            deadline -= event.seconds
        if isinstance(event, ENDINGS):
            continue
        if look := reading.take():
            request = _request(store, identifier)
        turned = isinstance(event, EpochEnded) and event.epoch < epochs and request == YIELD
        if not look and not turned:
            continue
        if stop := _reason_to_stop(request, turned, time.monotonic() > deadline):
            yield stream.throw(stop)
            return


def _reason_to_stop(request: str, turned: bool, late: bool) -> Exception | None:
    if request == "cancel":
        return CancelRun()
    if request == "pause" or turned:
        return PauseRun()
    if late:
        return RunError(
            f"A run may take {run_seconds() / 60:g} minutes on this server, and this one was not "
            "done by then. Try fewer epochs or smaller photos, or freeze more stages."
        )
    return None


def _request(store: Store, identifier: str) -> str:
    job = store.job(identifier)
    return job.request if job else "cancel"


def _predict(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    items = asked_about(job.payload)
    for run in job.payload["runs"]:
        told = predict_files(run_folder(run), items)
        for answer in told.predictions:
            ranked = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
            answer["probabilities"] = dict(ranked[:TOLD_CLASSES])
            events.add({"event": "Predicted", "run": run, **answer}, urgent=False)
        for entry in told.left_out:  # it was removed meanwhile
            events.add({"event": "LeftOut", "run": run, **entry}, urgent=False)
        events.flush()
    return "finished", None


def _preview(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    wanted = under_present_names(job.payload)
    spec = backbones().get(wanted["backbone"])
    preprocessing = spec.preprocessing.at(wanted["input_size"])
    augmentation = spec.kind.augmentations.get(wanted["augment"])
    views = augmented_views(spec.kind, Path(wanted["file"]), preprocessing, augmentation)
    events.add({"event": "Previewed", "views": views}, urgent=True)
    return "finished", None


def _measure_costs(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    measure_costs(ProfileKey(**under_present_names(job.payload)))
    return "finished", None


def _rank(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    def work(report: Progress) -> None:
        names = job.payload["backbones"]
        for number, forecast in enumerate(forecasts(**job.payload, report=report), 1):
            events.add({"event": "Ranked", **vars(forecast)}, urgent=True)
            report(number, len(names), "networks")

    return _reporting(store, job, events, work)


def _prefetch_data(store: Store, job: Job, events: EventLog) -> tuple[str, str | None]:
    data = PUBLIC.get(job.payload["name"])
    return _reporting(store, job, events, lambda report: prefetch_data(data, report))


def _reporting(
    store: Store, job: Job, events: EventLog, work: Callable[[Progress], object]
) -> tuple[str, str | None]:
    """Do work that reports how far it is, until it is done or the job is to be cancelled."""

    def report(done: int, total: int, what: str) -> None:
        if not events.due:
            return
        events.add(to_dict(PreparationAdvanced(what, done, total)), urgent=True)
        if _request(store, job.id) == "cancel":
            raise CancelRun()

    try:
        work(report)
    except CancelRun:
        return "cancelled", "Stopped on request."
    return "finished", None


JOB_KINDS: dict[str, Callable[[Store, Job, EventLog], tuple[str, str | None]]] = {
    "train": _train,
    "predict": _predict,
    "preview": _preview,
    "measure_costs": _measure_costs,
    "rank": _rank,
    "prefetch_data": _prefetch_data,
}
