"""What the store's events tell about a run; no torch, no drawing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tl_core.backbones.spec import backbones
from tl_core.execution.queue import Place, in_order, places
from tl_core.machine import slots, turn_seconds
from tl_core.store.database import PAUSED, RUNNING, WAITING, YIELD, Job, Store
from tl_core.strategies import STRATEGIES
from tl_core.training import events
from tl_core.training.events import (
    EpochEnded,
    PhaseStarted,
    PrefixCached,
    PreparationAdvanced,
    RunEnded,
    RunResumed,
    RunStarted,
    StepEnded,
)
from tl_core.words import duration_text
from ui.shared.charts import CurvePoint, Series
from ui.shared.theme import Style, styles_for


@dataclass
class RunView:
    """A run as its events describe it up to now.

    Attributes
    ----------
    job
        Its place in the store.
    style
        How it is drawn beside the others that it is shown with.
    several_networks
        Whether those have different ones, so that its title has to name its own.
    read
        Number of the last event that was taken in.
    recorded, seconds
        Validation accuracy of record (fp32) and wall time, once the run has finished.
    steps
        Those of the first epoch, until it has ended.
    """

    job: Job
    style: Style
    several_networks: bool = False
    read: int = 0
    recorded: float | None = None
    seconds: float | None = None
    started: RunStarted | None = None
    preparing: PreparationAdvanced | None = None
    phases: list[PhaseStarted] = field(default_factory=list)
    epochs: list[EpochEnded] = field(default_factory=list)
    steps: list[StepEnded] = field(default_factory=list)
    step: int = 0

    @property
    def strategy(self) -> str:
        """The strategy's title."""
        return strategy_title(self.job)

    @property
    def network(self) -> str:
        """The network's title."""
        return network_title(self.job)

    @property
    def title(self) -> str:
        """What the run is called among those that it is shown with."""
        return f"{self.strategy} · {self.network}" if self.several_networks else self.strategy

    @property
    def total_epochs(self) -> int:
        """Epochs over all phases."""
        return self.started.epochs if self.started else int(self.job.payload["epochs"])

    @property
    def progress(self) -> float:
        """Share of the steps that are done, from 0 to 1."""
        if self.job.status == "finished":
            return 1.0
        return min(1.0, self.step / self.started.steps) if self.started else 0.0

    @property
    def drawn(self) -> bool:
        """Whether there is a point to draw."""
        return bool(self.epochs or self.steps)

    @property
    def best(self) -> EpochEnded | None:
        """The best epoch so far."""
        return next((e for e in reversed(self.epochs) if e.best), None)

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy of record, before that the best so far; None at first."""
        if self.recorded is None and self.best is not None:
            return self.best.val_accuracy
        return self.recorded

    def remaining_seconds(self) -> float | None:
        """Estimate from the epochs so far; None before the first has ended."""
        if not self.epochs or not self.job.active:
            return None
        recent = [e.seconds for e in self.epochs[-5:]]
        return sum(recent) / len(recent) * (self.total_epochs * (1 - self.progress))

    def take(self, event: events.TrainEvent) -> None:
        """Take one event in."""
        if isinstance(event, RunStarted):
            self.started, self.preparing = event, None
            self._go_back(0, 0)
        elif isinstance(event, RunResumed):
            self._go_back(event.epoch, event.step)
        elif isinstance(event, PhaseStarted):
            self.phases.append(event)
        elif isinstance(event, EpochEnded):
            self.epochs.append(event)
            self.steps.clear()
        elif isinstance(event, StepEnded):
            self.step, self.preparing = event.step, None
            if not self.epochs:
                self.steps.append(event)
        elif isinstance(event, PreparationAdvanced):
            self.preparing = event
        elif isinstance(event, PrefixCached):
            self.preparing = None
        elif isinstance(event, RunEnded):
            self.recorded = event.summary["best_val_accuracy"]
            self.seconds = event.summary["seconds"]

    def _go_back(self, epoch: int, step: int) -> None:
        """Forget what was reported beyond the epoch from which the run goes on."""
        self.epochs = [e for e in self.epochs if e.epoch <= epoch]
        self.phases = [p for p in self.phases if p.first_epoch <= epoch]
        self.steps.clear()
        self.step = step

    def status_text(self, place: Place | None = None) -> str:
        """Say in a few words what the run is doing; ``place`` is where it stands in line."""
        job = self.job
        if job.status == WAITING:
            turn = "turn" if job.started is None else "next turn"
            return f"Waiting for its {turn}" + (f" · {_place_text(place)}" if place else "")
        if job.status == PAUSED:
            done = len(self.epochs)
            return (
                f"Paused after epoch {done} of {self.total_epochs}"
                if done
                else ("Paused before it began")
            )
        if job.status == RUNNING:
            return self._doing()
        if job.status == "finished":
            took = self.seconds or (job.ended or time.time()) - (job.started or job.created)
            return f"Finished in {duration_text(took)}"
        return job.reason or job.status.capitalize()

    def _doing(self) -> str:
        if self.job.request in ("cancel", "pause"):
            return "Stopping" if self.job.request == "cancel" else "Pausing"
        if self.started is None:
            return _preparing_text(self.preparing)
        if self.step >= self.started.steps:
            return "Measuring the best epoch once more"
        if self.preparing is not None:
            done, total = self.preparing.done, self.preparing.total
            return f"Running the frozen layers once: {done} of {total}"
        phase = self.phases[-1].name if self.phases else ""
        yields = " · then others have a turn" if self.job.request == YIELD else self._left()
        return f"Epoch {len(self.epochs) + 1} of {self.total_epochs} · {phase}{yields}"

    def _left(self) -> str:
        left = self.remaining_seconds()
        return f" · {duration_text(left)} left" if left is not None else ""

    def series(self, metric: str) -> Series:
        """Return the run's curve of ``accuracy`` or ``loss``.

        During the first epoch the loss of its steps is drawn, at fractions of the epoch.
        """
        points = [
            CurvePoint(e.epoch, getattr(e, f"train_{metric}"), getattr(e, f"val_{metric}"))
            for e in self.epochs
        ]
        if metric == "loss" and self.started:
            share = self.started.epochs / self.started.steps
            points += [CurvePoint(s.step * share, s.loss, None) for s in self.steps]
        changes = [(p.first_epoch - 1, p.name) for p in self.phases[1:]]
        best = self.best
        kept = best.epoch if best and not self.job.active else None
        return Series(self.title, self.style, points, changes, kept)


def view_runs(store: Store, jobs: Sequence[Job], known: dict[str, RunView]) -> list[RunView]:
    """Bring the views of several runs that are shown together up to date.

    Parameters
    ----------
    known
        Views by job, kept from one call to the next: only new events are read.
    """
    styles = styles_for([job.payload["strategy"] for job in jobs])
    several_networks = len({job.payload["backbone"] for job in jobs}) > 1
    views = []
    for job, style in zip(jobs, styles, strict=True):
        view = known.setdefault(job.id, RunView(job, style))
        view.job, view.style, view.several_networks = job, style, several_networks
        for number, values in store.events(job.id, after=view.read):
            view.take(events.from_dict(values))
            view.read = number
        views.append(view)
    return views


def strategy_title(job: Job) -> str:
    """Return the title of a run's strategy."""
    return STRATEGIES.get(job.payload["strategy"]).title


def network_title(job: Job) -> str:
    """Return the title of a job's network; its name if this version does not know it."""
    name = str(job.payload["backbone"])
    return backbones().get(name).title if name in backbones() else name


def line_of(store: Store) -> dict[str, Place]:
    """Return the place in line of each run that waits on this server, by job."""
    waiting = store.jobs(kind="train", status=WAITING)
    if not waiting:
        return {}
    running = store.jobs(kind="train", status=RUNNING)
    ordered = in_order(waiting, running, store.served("train"))
    durations = store.durations("train")
    return places(
        ordered,
        running,
        slots=slots(),
        durations=durations,
        turn=turn_seconds(),
        now=time.time(),
    )


def _place_text(place: Place) -> str:
    """Write a place for people: "3rd in line, about 2 min"."""
    number = place.position
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    text = "next in line" if number == 1 else f"{number}{ending or 'th'} in line"
    if not place.seconds:
        return text
    step = 5 if place.seconds < 60 else 60  # an estimate; and it has to stay on one line
    return f"{text}, about {duration_text(max(step * round(place.seconds / step), 5))}"


def _preparing_text(event: PreparationAdvanced | None) -> str:
    if event is None:
        return "Starting"
    return f"Preparing: {event.done} of {event.total} {event.what}"
