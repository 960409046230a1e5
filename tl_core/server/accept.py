"""The one place where learners' jobs are accepted: nothing else of a page reaches the executor.

Whatever a page has shown or checked before, a job is looked at once more here: whose photos, whose
runs, how many jobs at once, whether there is room for them
(:mod:`~tl_core.server.admission`). So a stale page, a link or a forged message gets no further than
a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tl_core.backbones.spec import backbones
from tl_core.cost.profile import ProfileKey
from tl_core.data.catalog import PUBLIC, find
from tl_core.errors import ConfigError, DataError, UserError
from tl_core.execution import Executor, asked_about
from tl_core.server import admission
from tl_core.server.fetching import ASK_FOR_SETS, may_fetch
from tl_core.server.job_limits import bounds
from tl_core.server.questions import MOST_ITEMS
from tl_core.server.uploads import Uploads
from tl_core.store.database import PAUSED, Store
from tl_core.training.config import SETTINGS, RunConfig, under_present_names

MOST_ASKED = 50
"""Networks that photos may be shown to at once."""

Payload = Mapping[str, Any]


def accept(
    executor: Executor,
    kind: str,
    payloads: Sequence[Payload],
    *,
    owner: str,
    comparison: str | None = None,
    room: str | None = None,
) -> list[str]:
    """Hand a learner's jobs to the executor, all or none, and return their ids.

    Parameters
    ----------
    executor
        Who does them.
    kind, payloads
        As :class:`~tl_core.store.jobs.Job` has them.
    owner
        The learner, whose everything in the payloads has to be.
    comparison, room
        What the jobs belong to.

    Raises
    ------
    UserError
        In one sentence, if they name photos or runs that are not the learner's to use, if a setting
        is not allowed, if there is no room, or if too many jobs would be under way. Nothing is
        stored then.
    """
    store = executor.store
    if comparison and any(job.owner != owner for job in store.jobs(comparison=comparison)):
        raise UserError("This comparison is somebody else's. Start one of your own.")
    admission.check(store, owner, kind, payloads)
    for payload in payloads:
        _CHECKS[kind](store, owner, payload)
    return executor.submit_all(
        kind, payloads, owner=owner, comparison=comparison, room=room, bounds=bounds(kind)
    )


def request(executor: Executor, owner: str, identifier: str, what: str) -> bool:
    """Ask one of a learner's jobs to ``cancel``, ``pause`` or ``resume``; tell whether it can.

    Raises
    ------
    UserError
        In one sentence, if a run that is to go on cannot: its photos are gone or are no longer the
        learner's to use, or too many runs would wait.
    """
    store = executor.store
    job = store.job(identifier)
    if job is None or job.owner != owner:
        return False
    if what != "resume" or job.status not in (PAUSED, "interrupted"):
        return executor.request(identifier, what)
    admission.check_resumed(store, job)
    _CHECKS[job.kind](store, owner, job.payload)
    waits = job.status == PAUSED  # it is in line already, as far as the limit goes
    return executor.request(identifier, what, () if waits else bounds(job.kind))


def _check_run(store: Store, owner: str, payload: Payload) -> None:
    config = RunConfig.from_dict(payload)
    for data in filter(None, (config.data, config.test)):
        _check_data(store, owner, data)


def _check_data(store: Store, owner: str, data: str) -> None:
    uploads = Uploads(store)
    if find(data) is None or not uploads.may_use(owner, data):
        raise DataError(
            "The photos for this are no longer on this server, or not yours to use: photos are "
            f"removed {uploads.limits.hours} hours after they were sent. Choose or bring photos on "
            "the Data screen."
        )


def _check_question(store: Store, owner: str, payload: Payload) -> None:
    uploads, items = Uploads(store), asked_about(payload)
    if len(set(items)) != len(items) or not 0 < len(items) <= MOST_ITEMS:
        raise UserError(f"Ask about each photo once, and about at most {MOST_ITEMS} of them.")
    if not all(uploads.may_ask_about(owner, str(item)) for item in items):
        raise DataError("One of these photos is no longer on this server. Bring it once more.")
    runs = payload["runs"]
    if len(set(runs)) != len(runs) or not 0 < len(runs) <= MOST_ASKED:
        raise UserError(f"Ask each network once, and at most {MOST_ASKED} of them.")
    for identifier in runs:
        job = store.job(identifier)
        if job is None or (job.owner, job.kind, job.status) != (owner, "train", "finished"):
            raise UserError("One of these networks is not here any more. Choose others.")


def _check_preview(store: Store, owner: str, payload: Payload) -> None:
    wanted = under_present_names(payload)
    spec = backbones().get(wanted["backbone"])
    _check_size(wanted["input_size"])
    spec.kind.augmentations.get(wanted["augment"])
    if not Uploads(store).may_open(owner, Path(wanted["file"])):
        raise DataError("This photo is no longer on this server. Choose another one.")


def _check_size(size: int) -> None:
    setting = SETTINGS["input_size"]
    setting.check(size)
    least, most = setting.control
    if not least <= size <= most:
        raise ConfigError(f"An input size from {least:g} to {most:g} is allowed here, not {size}.")


def _check_ranking(store: Store, owner: str, payload: Payload) -> None:
    for name in payload["backbones"]:
        backbones().get(name)
    if len(set(payload["backbones"])) != len(payload["backbones"]):
        raise UserError("Rank each network once.")
    _check_data(store, owner, payload["data"])


def _check_measurement(store: Store, owner: str, payload: Payload) -> None:
    ProfileKey(**under_present_names(payload)).check()


def _check_set(store: Store, owner: str, payload: Payload) -> None:
    PUBLIC.get(payload["name"])
    if not may_fetch(store, owner):
        raise UserError(ASK_FOR_SETS)


_CHECKS: dict[str, Callable[[Store, str, Payload], None]] = {
    "train": _check_run,
    "predict": _check_question,
    "preview": _check_preview,
    "rank": _check_ranking,
    "measure_costs": _check_measurement,
    "prefetch_data": _check_set,
}
"""What a job of each kind has to be, before anything is stored."""
