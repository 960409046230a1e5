"""Who in a class got furthest, said no more strongly than the photos allow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tl_core.analysis.verdict import holm
from tl_core.runs.compare import SIGNIFICANT
from tl_core.statistics import mcnemar_exact, wilson_interval
from tl_core.store.database import Job
from tl_core.training.record import RunRecord


@dataclass(frozen=True)
class Outcome:
    """What counts of a finished run.

    Attributes
    ----------
    right
        For each photo of record whether it was classified rightly.
    photos
        Digest of the data set and of those photos: equal where two runs may be ranked together.
    tested
        Whether they are test photos; if not, they are those that also chose the best epoch.
    """

    right: tuple[bool, ...]
    photos: str
    tested: bool

    @property
    def accuracy(self) -> float:
        """Share of right answers, from 0 to 1."""
        return sum(self.right) / len(self.right)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the accuracy."""
        return wilson_interval(sum(self.right), len(self.right))


@dataclass(frozen=True)
class Entry:
    """One learner's place: their best run.

    Attributes
    ----------
    job, outcome
        The run and what came out.
    tries
        Runs of this learner in the ranking; the best of many is also the luckiest of many.
    p_value
        Of the exact McNemar test against the first, adjusted for the number of learners; 1 for the
        first.
    place
        1 for everyone who is too close to the first to call.
    """

    job: Job
    outcome: Outcome
    tries: int
    p_value: float
    place: int

    @property
    def level_with_first(self) -> bool:
        """Whether luck alone explains the distance to the first well enough."""
        return self.p_value >= SIGNIFICANT


def outcome(run_dir: Path) -> Outcome | None:
    """Read what counts of a run; None if nothing was predicted.

    Raises
    ------
    UserError
        If the folder holds no whole record.
    """
    record = RunRecord.load(run_dir, probabilities=False)
    if not record.headline:
        return None
    digest = hashlib.sha256(json.dumps(record.headline_key).encode()).hexdigest()
    return Outcome(tuple(p.right for p in record.headline), digest, bool(record.test))


def rankings(runs: Sequence[tuple[Job, Outcome]]) -> list[list[Entry]]:
    """Rank learners by their best run, apart for each set of photos; the largest ranking first."""
    groups: dict[str, list[tuple[Job, Outcome]]] = {}
    for job, result in runs:
        groups.setdefault(result.photos, []).append((job, result))
    return sorted((_rank(group) for group in groups.values()), key=len, reverse=True)


def _rank(runs: Sequence[tuple[Job, Outcome]]) -> list[Entry]:
    owners = [job.owner for job, _ in runs]
    best: dict[str, tuple[Job, Outcome]] = {}
    # Of equals the earlier run counts, and comes first.
    for job, result in sorted(runs, key=lambda run: (-sum(run[1].right), run[0].position)):
        best.setdefault(job.owner, (job, result))
    first, *others = best.values()
    p_values = [1.0, *holm([_against(first[1].right, result.right) for _, result in others])]
    return [
        Entry(job, result, owners.count(job.owner), p, 1 if p >= SIGNIFICANT else position)
        for position, ((job, result), p) in enumerate(
            zip(best.values(), p_values, strict=True), start=1
        )
    ]


def _against(first: Sequence[bool], other: Sequence[bool]) -> float:
    pairs = list(zip(first, other, strict=True))
    return mcnemar_exact(pairs.count((True, False)), pairs.count((False, True)))
