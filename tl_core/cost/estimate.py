"""What a run will cost, told before it starts; arithmetic, no torch.

The costs of each stage are measured once for a network on a machine
(:mod:`tl_core.cost.measure`); a run is then a sum of what it computes once and what it
computes in every epoch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from tl_core.cost.profile import CostProfile, Line, StageCost
from tl_core.data import HealthReport, Split
from tl_core.modalities import MODALITIES
from tl_core.prefix import default_views, inference_batch, prefix_bytes
from tl_core.strategies import Phase
from tl_core.training.config import CHECKPOINT_SHARE, REMEMBERED, RunConfig

OPTIMIZER_STATE = {"adamw": 2, "adam": 2, "sgd": 1}
"""Numbers that an optimiser keeps for each one that learns."""

DECODED = (0, 0)
"""Among what is kept: the decoded items."""


@dataclass(frozen=True)
class Amount:
    """How many items there are for each purpose, and how much a typical one has to decode."""

    train: int
    val: int
    test: int = 0
    item_work: float = 0.2

    @classmethod
    def of(cls, split: Split, report: HealthReport) -> Amount:
        """Return the amount of a split of checked items."""
        typical = {name: spread["median"] for name, spread in report.spreads.items()}
        work = MODALITIES.get(report.modality).work(typical)
        return cls(len(split.train), len(split.val), len(split.test), work)


@dataclass(frozen=True)
class CostEstimate:
    """What a run will cost.

    Attributes
    ----------
    parts
        Seconds by part, as :class:`~tl_core.stopwatch.Stopwatch` names them; ``learning`` is views,
        forward, backward and optimiser together.
    epoch_seconds
        Of one epoch, for each phase; what is computed once is not counted.
    memory_bytes
        Of its process, at most; on a GPU, of the GPU.
    cache_bytes
        What the frozen stages made of the items and is kept.
    """

    parts: Mapping[str, float]
    epoch_seconds: tuple[float, ...]
    memory_bytes: int
    cache_bytes: int

    @property
    def total_seconds(self) -> float:
        """From its start to its end."""
        return sum(self.parts.values())


def estimate_cost(
    config: RunConfig,
    costs: CostProfile,
    items: Amount,
    shared: Sequence[RunConfig] = (),
    kept: set[tuple[int, int]] | None = None,
) -> CostEstimate:
    """Predict what a run costs.

    Parameters
    ----------
    config
        The run.
    costs
        The profile for it (:meth:`~tl_core.cost.profile.ProfileKey.of`).
    items
        That it works with.
    shared
        The runs of its comparison, whose boundaries are kept on the way.
    kept
        What earlier runs of the comparison have left behind, as (boundary, view): view 0 is the
        validation items, :data:`DECODED` the decoded ones. What this run keeps is added.
    """
    return _Sum(config, costs, items, shared, set() if kept is None else kept).estimate()


class _Sum:
    """Adds up what one run computes, in the order of the training loop."""

    def __init__(
        self,
        config: RunConfig,
        costs: CostProfile,
        items: Amount,
        shared: Sequence[RunConfig],
        kept: set[tuple[int, int]],
    ) -> None:
        self.config, self.costs, self.items, self.kept = config, costs, items, kept
        self.depths = sorted({c.cached_depth(p) for c in (config, *shared) for p in c.phases} - {0})
        self.batch = inference_batch(costs.device)
        self.views = config.augment_views or default_views(config.epochs, items.train)
        if config.augment == "none":
            self.views = 1
        self.drawing = costs.views[config.augment]
        self.head_bytes = 4 * (config.spec.num_features + 1)
        self.state = sum(stage.state_bytes for stage in costs.stages) + self.head_bytes
        self.parts: dict[str, float] = defaultdict(float)
        self.cached = 0
        self._met: set[Line] = set()

    def estimate(self) -> CostEstimate:
        """Return the sum."""
        phases = self.config.phases
        self.parts["building"] = self.costs.building
        self._decode()
        epochs = []
        done = 0
        for phase in phases:
            depth = self._depth(phase)
            for epoch in range(done + 1, done + phase.epochs + 1) if depth else ():
                for view in (0, (epoch - 1) % self.views + 1):
                    self._keep(depth, view)
            done += phase.epochs
            epochs.append(self._epoch(phase, depth))
        self._record()
        self._save()
        memory = max(self._memory(phase) for phase in phases)
        self.parts["overhead"] += (memory - self.costs.base_bytes) / self.costs.touch_rate
        return CostEstimate(dict(self.parts), tuple(epochs), memory, self.cached)

    def _depth(self, phase: Phase) -> int:
        return self.config.cached_depth(phase) if self.config.cache else 0

    def _first(self, phase: Phase) -> int:
        """Return the position of the first stage that learns: the backward pass ends there."""
        names = self.config.spec.stage_names
        return next((n for n, s in enumerate(names) if s in phase.plan.trainable), len(names))

    def _work(self, lines: Iterable[Line], count: int, batch: int) -> float:
        """Return the seconds of some work; what its first time takes longer is overhead."""
        seconds = 0.0
        for line in lines:
            seconds += line.of(count, batch)
            if line not in self._met:
                self.parts["overhead"] += line.first
            self._met.add(line)
        return seconds

    def _decode(self) -> None:
        fresh = self.items.test
        if DECODED not in self.kept:
            fresh += self.items.train + self.items.val
        self.kept.add(DECODED)
        self.parts["decode"] = fresh * self.costs.decode.of(self.items.item_work, 10**9)

    def _keep(self, depth: int, view: int) -> None:
        """Run the frozen stages on a view, up to a boundary; the validation items are view 0."""
        count = self.items.train if view else self.items.val
        width = 1 if view and self.costs.precision == "bf16" else 2
        before = 0
        for boundary in (d for d in self.depths if d <= depth):
            if (boundary, view) not in self.kept:
                self.kept.add((boundary, view))
                size = prefix_bytes(self.config.spec, boundary, self.config.input_size)
                self.cached += count * size * width // 2
                stages = self.costs.stages[before:boundary]
                lines = [stage.frozen if view else stage.recorded for stage in stages]
                self.parts["prefix"] += self._work(lines, count, self.batch) + self.costs.opening
                if view and not before:
                    self.parts["prefix"] += count * self.drawing
            before = boundary

    def _epoch(self, phase: Phase, depth: int) -> float:
        """Return the seconds of one epoch behind a boundary: learning, then evaluation."""
        count, batch = self.items.train, self.config.batch_size
        names, first = self.config.spec.stage_names, self._first(phase)
        learning = 0.0 if depth else count * self.drawing
        stages = self.costs.stages
        lines = [stage.evaluated for stage in stages[depth:first]]
        lines += [stage.trained for stage in stages[max(depth, first) :]]
        learning += self._work([*lines, self.costs.head], count, batch)
        updates = [
            s.update for s, n in zip(stages, names, strict=True) if n in phase.plan.trainable
        ]
        learning += ceil(count / batch) * sum(updates)
        evaluation = self._forward(stages[depth:], self.items.val)
        self.parts["learning"] += phase.epochs * learning
        self.parts["evaluation"] += phase.epochs * evaluation
        return learning + evaluation

    def _forward(self, stages: Iterable[StageCost], count: int, record: bool = False) -> float:
        lines = [stage.recorded if record else stage.evaluated for stage in stages]
        return self._work(lines, count, self.batch)

    def _record(self) -> None:
        """Add the last answers, in fp32, and what is noted of the training items with them."""
        depth = min(self._depth(phase) for phase in self.config.phases)
        rest = self.costs.stages[depth:]
        noted = min(self.items.train, REMEMBERED)
        seconds = self._forward(rest, noted) + self._forward(rest, self.items.val, record=True)
        seconds += self._forward(self.costs.stages, self.items.test, record=True)
        self.parts["evaluation"] += seconds + (0.0 if depth else noted * self.drawing)

    def _save(self) -> None:
        """Add writing checkpoints, and the weights at the end."""
        learned = max(self._learned(phase) for phase in self.config.phases)
        size = 2 * self.state + OPTIMIZER_STATE[self.config.optimizer] * learned
        one = size / self.costs.write_rate
        epochs = self.parts["learning"] + self.parts["evaluation"]
        others = min((self.config.epochs - 1) * one, CHECKPOINT_SHARE * epochs)
        self.parts["saving"] = one + others + self.state / self.costs.write_rate

    def _learned(self, phase: Phase) -> int:
        """Return the bytes of the parameters that learn in a phase."""
        thawed = [s for s in self.config.spec.stages if s.name in phase.plan.trainable]
        return self.head_bytes + sum(4 * stage.parameters for stage in thawed)

    def _memory(self, phase: Phase) -> int:
        """Return the most bytes of a phase.

        Weights, their best copy, and a folded one for the training and one for the validation
        items; gradients and the optimiser's state; and what a batch keeps for its backward pass,
        or what a layer works with where nothing learns.
        """
        depth = self._depth(phase)
        behind = self.costs.stages[max(depth, self._first(phase)) :]
        learning = self.config.batch_size * sum(stage.saved_bytes for stage in behind)
        looking = self.batch * max(stage.working_bytes for stage in self.costs.stages)
        grown = (1 + OPTIMIZER_STATE[self.config.optimizer]) * self._learned(phase)
        copies = (4 if depth else 2) * self.state
        return self.costs.base_bytes + copies + grown + max(learning, looking)
