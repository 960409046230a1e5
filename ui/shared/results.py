"""Finished runs of a learner, with their records."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl_core.data import DatasetSpec
from tl_core.data.read_as import AS_FOUND
from tl_core.errors import TLError, UserError
from tl_core.execution import run_folder
from tl_core.server.shown import open_checked
from tl_core.store.database import Job
from tl_core.training.config import RunConfig
from tl_core.training.record import Prediction, RunRecord, accuracy, interval
from ui.shared.charts import Result, unique
from ui.shared.charts.base import RUN_NAME
from ui.shared.runs import RunView, view_runs
from ui.shared.state import my_jobs, owner, run_views, store, uploads


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: how it is shown, and its record."""

    view: RunView
    record: RunRecord

    @property
    def headline(self) -> tuple[Prediction, ...]:
        """Predictions that count."""
        return self.record.headline

    @property
    def result(self) -> Result:
        """Accuracy with its interval, for a chart."""
        share = accuracy(self.headline) or 0.0
        low, high = interval(self.headline) or (0.0, 1.0)
        return Result(self.view.title, self.view.style, share, low, high, self.record.seconds)


def comparisons() -> dict[str, list[Job]]:
    """Return this learner's comparisons with at least one finished run, the newest first."""
    groups: dict[str, list[Job]] = {}
    for job in my_jobs():
        groups.setdefault(job.comparison or job.id, []).append(job)
    done = {k: v for k, v in groups.items() if any(job.status == "finished" for job in v)}
    return dict(reversed(done.items()))


def comparison_titles(groups: Mapping[str, Sequence[Job]]) -> dict[str, str]:
    """Name each comparison by when it was started and what ran."""
    return told_apart({key: _comparison_title(jobs) for key, jobs in groups.items()})


def _comparison_title(jobs: Sequence[Job]) -> str:
    count = len(jobs)
    return f"{when_text(jobs[0])} · {jobs[0].payload['backbone']} · {count} run{'s' * (count != 1)}"


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the titles, equal ones numbered: a widget knows its options by title alone."""
    seen: Counter[str] = Counter()
    found = {}
    for key, title in titles.items():
        seen[title] += 1
        found[key] = f"{title} ({seen[title]})" if seen[title] > 1 else title
    return found


def when_text(job: Job) -> str:
    """Write when a job was handed in."""
    return datetime.datetime.fromtimestamp(job.created).strftime("%d %b, %H:%M")


def finished_runs(jobs: Sequence[Job]) -> list[FinishedRun]:
    """Return the finished ones among some runs that are shown together."""
    found = []
    for view in view_runs(store(), jobs, run_views()):
        if view.job.status == "finished":
            with contextlib.suppress(UserError):  # its folder was removed by hand
                found.append(FinishedRun(view, record(str(run_folder(view.job.id)))))
    return found


def names_of(runs: Sequence[FinishedRun]) -> list[str]:
    """Return a name for each of some runs that are shown together, the same as in their charts."""
    return unique((run.view.title for run in runs), RUN_NAME)


def earlier_runs(jobs: Sequence[Job]) -> dict[str, Job]:
    """Return this learner's other finished runs that saw the same photos as some runs, by id."""
    chosen = finished_runs(jobs)
    if not chosen:
        return {}
    known = {job.id for job in jobs}
    others = [job for job in my_jobs() if job.status == "finished" and job.id not in known]
    with_records = finished_runs(others)
    wanted = chosen[0].record.data_key
    return {r.view.job.id: r.view.job for r in with_records if r.record.data_key == wanted}


class PhotoFiles:
    """Where the photos of a data set lie, by their paths; empty if they are gone."""

    def __init__(self, dataset: DatasetSpec | None) -> None:
        self._dataset = dataset

    def __bool__(self) -> bool:
        return self._dataset is not None

    def __contains__(self, path: str) -> bool:
        return self._dataset is not None and path in self._dataset.positions

    def __getitem__(self, path: str) -> Path:
        if self._dataset is None:
            raise KeyError(path)
        return self._dataset.file(self._dataset.positions[path])


def photo_files(config: RunConfig) -> PhotoFiles:
    """Return the file of each item that measured a run; none if gone or not this learner's."""
    data, how = (config.test, AS_FOUND) if config.test else (config.data, config.read_as)
    if not uploads().may_use(owner(), data):
        return PhotoFiles(None)
    try:
        return PhotoFiles(open_checked(data, how)[0])
    except TLError:
        return PhotoFiles(None)


@functools.lru_cache(maxsize=100)
def record(folder: str) -> RunRecord:
    """Read a record, which never changes once it is written; all sessions share it."""
    return RunRecord.load(Path(folder), probabilities=False)
