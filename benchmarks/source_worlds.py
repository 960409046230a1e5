"""Measure which bundled backbone suits which photos, with the forecast of LogME beside it.

    python benchmarks/source_worlds.py --data ants_bees/ cats_dogs/ produce/market --out results/

Prints a Markdown table of backbones by targets: the mean validation accuracy of feature extraction
over the seeds with a 95 % interval, and LogME of the training photos; below it, each architecture
from scratch. What is in the folder already is not trained again, so a run that was interrupted, or
a new backbone, costs only what is missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from scipy.stats import kendalltau

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.strategies import Cell  # noqa: E402
from tl_core.analysis.backbone_ranking import forecasts  # noqa: E402
from tl_core.backbones.catalog import ARCHITECTURES  # noqa: E402
from tl_core.backbones.spec import backbones  # noqa: E402
from tl_core.training.config import make_config  # noqa: E402
from tl_core.training.events import RunEnded  # noqa: E402
from tl_core.training.loop import train  # noqa: E402
from tl_core.training.record import RunRecord, accuracy  # noqa: E402

RECORD = "record.json"


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--backbones", nargs="+", default=bundled())
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, required=True, help="folder for the records")
    parser.add_argument("--no-scratch", action="store_true", help="only feature extraction")
    args = parser.parse_args()

    scores = {data: log_me(data, args.backbones, args.seeds) for data in args.data}
    rows = {
        name: [cell(args, data, name, "feature_extraction") for data in args.data]
        for name in args.backbones
    }
    print("| backbone | learned on |" + "".join(f" {Path(d).name} | LogME |" for d in args.data))
    print("| --- | --- |" + " --- | ---: |" * len(args.data))
    for name, cells in rows.items():
        pairs = zip(args.data, cells, strict=True)
        texts = [f"{c.text()} | {scores[data][name]:.3f}" for data, c in pairs]
        print(f"| `{name}` | {backbones().get(name).weights.source_task} | {' | '.join(texts)} |")
    agreement = [
        tau([scores[data][name] for name in rows], [cells[i].mean for cells in rows.values()])
        for i, data in enumerate(args.data)
    ]
    print("| Kendall's tau | |" + "".join(f" | {text} |" for text in agreement), flush=True)
    for name in [] if args.no_scratch else architectures(args.backbones):
        cells = [cell(args, data, name, "from_scratch") for data in args.data]
        print(f"| `{name}` from scratch | |" + "".join(f" {c.text()} | |" for c in cells))


def bundled() -> list[str]:
    """Return the names of the backbones that are part of this project."""
    return [spec.name for spec in backbones() if spec.weights.origin == "bundled"]


def architectures(names: list[str]) -> Iterator[str]:
    """Yield the first backbone of each architecture: from scratch, its namesakes are the same."""
    seen = set()
    for name in names:
        builder = ARCHITECTURES.get(name).builder
        if builder not in seen:
            seen.add(builder)
            yield name


def log_me(data: str, names: list[str], seeds: list[int]) -> dict[str, float]:
    """Return the mean score of each backbone over the training photos of each seed's split."""
    by_seed = [list(forecasts(data, names, seed=seed)) for seed in seeds]
    return {name: mean(found[i].log_me for found in by_seed) for i, name in enumerate(names)}


def tau(forecast: list[float], outcome: list[float]) -> str:
    """Write Kendall's rank correlation of forecast and outcome, if there is anything to rank."""
    return f"{kendalltau(forecast, outcome).statistic:.2f}" if len(forecast) > 2 else "-"


def cell(args: argparse.Namespace, data: str, backbone: str, strategy: str) -> Cell:
    """Return the runs of one strategy on one target, training those that are not there yet."""
    records = [record(args.out, data, backbone, strategy, seed) for seed in args.seeds]
    accuracies = tuple(accuracy(r.val) or 0.0 for r in records)
    result = Cell(accuracies, len(records[0].val), mean(r.seconds for r in records))
    print(f"{data} {backbone} {strategy}: {result.text()}", file=sys.stderr, flush=True)
    return result


def record(out: Path, data: str, backbone: str, strategy: str, seed: int) -> RunRecord:
    """Return the record of a run, from the folder or by training it."""
    folder = out / Path(data).name / backbone / f"{strategy}-{seed}"
    if not (folder / RECORD).exists():
        config = make_config(data, backbone=backbone, strategy=strategy, seed=seed)
        last = list(train(config, folder))[-1]
        if not isinstance(last, RunEnded):
            raise SystemExit(f"{strategy} of {backbone} on {data} did not finish: {last}")
    return RunRecord.load(folder)


if __name__ == "__main__":
    main()
