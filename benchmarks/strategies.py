"""Compare strategies on photo sets over several seeds, and sweep from-scratch's learning rate.

    python benchmarks/strategies.py --data ants_bees/ cats_dogs/ --seeds 0 1 2

Prints a Markdown table of mean validation accuracy with a 95 % interval for each set and strategy.
From scratch gets the same photos and augmentation, at least as many epochs, and the best of three
learning rates, chosen by the mean over all seeds: the kindest choice for it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tl_core.statistics import wilson_interval  # noqa: E402
from tl_core.training.config import make_config  # noqa: E402
from tl_core.training.events import RunEnded  # noqa: E402
from tl_core.training.loop import train  # noqa: E402

SWEEP = (1e-3, 3e-3, 1e-2)
STRATEGIES = ("feature_extraction", "fine_tune", "hybrid", "from_scratch")


@dataclass(frozen=True)
class Cell:
    """Runs of one strategy on one set, one for each seed."""

    accuracies: tuple[float, ...]
    photos: int
    seconds: float

    @property
    def mean(self) -> float:
        """Mean accuracy over the seeds."""
        return mean(self.accuracies)

    def text(self) -> str:
        """Return the mean with the interval of one run's photo count."""
        low, high = wilson_interval(round(self.mean * self.photos), self.photos)
        return f"{100 * self.mean:.1f} % ({100 * low:.0f} to {100 * high:.0f})"


def run(
    data: Path, backbone: str, strategy: str, seed: int, **choices: object
) -> dict[str, object]:
    """Train one run in a folder that is thrown away, and return its summary."""
    config = make_config(str(data), backbone=backbone, strategy=strategy, seed=seed, **choices)
    with tempfile.TemporaryDirectory() as folder:
        last = list(train(config, Path(folder) / "run"))[-1]
    if not isinstance(last, RunEnded):
        raise SystemExit(f"{strategy} on {data} did not finish: {last}")
    return last.summary


def cell(data: Path, backbone: str, strategy: str, seeds: list[int], **choices: Any) -> Cell:
    """Train one strategy for every seed."""
    runs = [run(data, backbone, strategy, seed, **choices) for seed in seeds]
    accuracies = tuple(float(r["best_val_accuracy"]) for r in runs)  # type: ignore[arg-type]
    result = Cell(accuracies, int(runs[0]["val_count"]), mean(float(r["seconds"]) for r in runs))  # type: ignore[call-overload, arg-type]
    note = json.dumps(
        {"data": data.name, "strategy": strategy, **choices, "accuracies": accuracies}
    )
    print(note, f"{result.seconds:.1f} s a run", file=sys.stderr, flush=True)
    return result


def main() -> None:
    """Run everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--backbone", default="resnet_mini")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()

    sweeps: dict[Path, dict[float, Cell]] = {}
    table: dict[str, list[Cell]] = {name: [] for name in args.strategies}
    for data in args.data:
        for name in args.strategies:
            if name == "from_scratch":
                rates = {lr: cell(data, args.backbone, name, args.seeds, lr=lr) for lr in SWEEP}
                sweeps[data] = rates
                table[name].append(max(rates.values(), key=lambda c: c.mean))
            else:
                table[name].append(cell(data, args.backbone, name, args.seeds))

    print("| strategy | " + " | ".join(d.name for d in args.data) + " | mean | seconds a run |")
    print("| --- " * (len(args.data) + 3) + "|")
    for name, cells in table.items():
        texts = " | ".join(c.text() for c in cells)
        seconds = mean(c.seconds for c in cells)
        print(f"| {name} | {texts} | {mean(c.mean for c in cells):.1%} | {seconds:.0f} |")
    if sweeps:
        print("\n| from scratch, learning rate | " + " | ".join(d.name for d in sweeps) + " |")
        print("| --- " * (len(sweeps) + 1) + "|")
        for lr in SWEEP:
            print(f"| {lr:g} | " + " | ".join(f"{s[lr].mean:.1%}" for s in sweeps.values()) + " |")


if __name__ == "__main__":
    main()
