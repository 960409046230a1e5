"""Hold the cost preview against what runs really take.

    python benchmarks/cost_preview.py [--threads 2] [--only resnet18]

Twelve pairs of a network and a plan, with random weights, on 64 made-up photos (48 train, 16
validate) for one epoch. Each network is measured in a process of its own, as in the app; each run
has a process of its own too, imports excluded, and finds nothing kept. Bars: median error of the
seconds at most 30 %, no prediction beyond a factor of 2.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAIRS = [
    ("resnet_mini", 96, "none"),
    ("resnet_mini", 96, "last:1"),
    ("resnet_mini", 96, "all"),
    ("resnet18", 224, "none"),
    ("resnet18", 224, "last:1"),
    ("resnet18", 224, "all"),
    ("mobilenet_v3_small", 224, "none"),
    ("mobilenet_v3_small", 224, "last:2"),
    ("mobilenet_v2", 160, "all"),
    ("resnet50", 160, "last:1"),
    ("efficientnet_b0", 160, "last:2"),
    ("densenet121", 160, "none"),
]
"""Network, side of its photos in pixels, stages that learn."""

PHOTOS = 64


def make_photos(folder: Path) -> None:
    """Make photos of 500 x 375 pixels of two classes, as a camera's JPEG would be."""
    draw = np.random.default_rng(0)
    for number in range(PHOTOS):
        pixels = draw.integers(0, 256, (24, 32, 3), np.uint8)
        split = "train" if number < 3 * PHOTOS // 4 else "val"
        target = folder / split / ("ant", "bee")[number % 2] / f"{number:02}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).resize((500, 375), Image.Resampling.BICUBIC).save(target)


def _config(job: dict[str, Any]) -> Any:
    from tl_core.training.config import make_config

    return make_config(
        job["data"], backbone=job["backbone"], input_size=job["size"],
        strategy="feature_extraction" if job["trainable"] == "none" else "fine_tune",
        trainable=job["trainable"], weights="none", batch_norm="frozen", epochs=1,
        precision="fp32", device="cpu", threads=job["threads"],
    )  # fmt: skip


def measured(job: dict[str, Any]) -> dict[str, float]:
    """Measure the network; return the seconds that it took."""
    from tl_core.cost import measure
    from tl_core.cost.profile import ProfileKey

    began = time.perf_counter()
    measure.measure_costs(ProfileKey.of(_config(job)))
    return {"seconds": time.perf_counter() - began}


def run(job: dict[str, Any]) -> dict[str, float]:
    """Predict a run, do it, and return both."""
    from tl_core import cache
    from tl_core.cost.estimate import Amount, estimate_cost
    from tl_core.cost.profile import CostProfile, ProfileKey
    from tl_core.data import open_dataset
    from tl_core.training.loop import train

    config = _config(job)
    open_dataset(config.data)  # photos are checked when they are brought, not when a run starts
    cache.clear()
    costs = CostProfile.load(ProfileKey.of(config))
    assert costs is not None
    said = estimate_cost(config, costs, Amount(48, 16, item_work=0.1875))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for _ in train(config, Path(folder) / "run"):
            pass
        seconds = time.perf_counter() - began
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"said": said.total_seconds, "took": seconds, "said_bytes": said.memory_bytes,
            "took_bytes": peak}  # fmt: skip


def side(name: str, job: dict[str, Any], home: str) -> dict[str, float]:
    """Do a part of the work in a fresh process."""
    environment = {"TL_HOME": home, "OMP_NUM_THREADS": str(job["threads"])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--side", name, json.dumps(job)],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Calibrate, run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", metavar="BACKBONE")
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        import torch

        import tl_core.training.loop  # noqa: F401

        job = json.loads(args.side[1])
        torch.set_num_threads(job["threads"])
        print(json.dumps({"measure": measured, "run": run}[args.side[0]](job)))
        return
    factors = []
    print("| network | learns | predicted (s) | took (s) | off by | memory predicted, peak (MB) |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as home:
        make_photos(Path(home) / "photos")
        known: dict[str, float] = {}
        for backbone, size, trainable in PAIRS:
            if args.only and backbone != args.only:
                continue
            job = {"backbone": backbone, "size": size, "trainable": trainable,
                   "threads": args.threads, "data": str(Path(home) / "photos")}  # fmt: skip
            if backbone not in known:
                known[backbone] = side("measure", job, home)["seconds"]
            found = side("run", job, home)
            factors.append(found["said"] / found["took"])
            memory = f"{found['said_bytes'] / 1e6:.0f}, {found['took_bytes'] / 1e6:.0f}"
            cells = (f"{backbone} {size} px", trainable, f"{found['said']:.2f}",
                     f"{found['took']:.2f}", f"{factors[-1] - 1:+.0%}", memory)  # fmt: skip
            print("| " + " | ".join(cells) + " |", flush=True)
    worst = max(max(f, 1 / f) for f in factors)
    print(f"\nMedian error {median(abs(f - 1) for f in factors):.0%}, worst factor {worst:.2f}.")
    print("Seconds of measuring costs: " + ", ".join(f"{k} {v:.1f}" for k, v in known.items()))


if __name__ == "__main__":
    main()
