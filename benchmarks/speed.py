"""Time this project's training beside its peers: ratios, measured side by side.

    python benchmarks/speed.py --data photos [--quick] [--only PART ...] [--fastai PYTHON]

``photos`` has train/ and val/ with class folders (the PyTorch tutorial's ants and bees, say). Each
side runs in a process of its own with the same weights (random ones do), photos, batch size, epochs
and threads; sides take turns, A B A B; the median counts. fastai is needed for its own row only:
give the Python of an environment that holds it beside torch.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
NETWORKS = {"resnet18": 224, "resnet_mini": 96}
PARTS = ("extraction", "last", "everything", "comparison")
Seconds = dict[str, list[float]]
Row = tuple[str, float, str]
"""What was measured, its value and its bar."""


def side(name: str, python: str = sys.executable, **job: Any) -> dict[str, Any]:
    """Run one side once, in a fresh process."""
    threads = {"OMP_NUM_THREADS": str(job["threads"])}
    done = subprocess.run(
        [python, "-W", "ignore", str(HERE / "speed_sides.py"), name, json.dumps(job)],
        capture_output=True, text=True, env={**os.environ, **threads},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {name} {job['trainable']} {job.get('precision', '')}: {answer}", flush=True)
    return answer


class Bench:
    """One network's measurements.

    Parameters
    ----------
    args
        Of the command line.
    backbone
        Its name.
    """

    def __init__(self, args: argparse.Namespace, backbone: str) -> None:
        self.args, self.backbone = args, backbone
        self.job = {
            "data": str(args.data), "backbone": backbone, "size": NETWORKS[backbone], "batch": 32,
            "epochs": 3 if args.quick else 10, "threads": args.threads, "trainable": "none",
        }  # fmt: skip

    @cached_property
    def workers(self) -> int:
        """Return the number of loader processes with which the tutorial is fastest here."""
        job = {**self.job, "epochs": 1}
        times = {n: side("tutorial", **{**job, "workers": n})["seconds"] for n in (0, 1, 2)}
        return min(times, key=times.__getitem__)

    def turns(self, **sides: dict[str, Any]) -> Seconds:
        """Run some sides in turn, as often as asked; a side's ``side`` names the function."""
        seconds: Seconds = {label: [] for label in sides}
        for _ in range(self.args.rounds):
            for label, changes in sides.items():
                job = {**self.job, "workers": self.workers, **changes}
                seconds[label].append(side(job.pop("side"), **job)["seconds"])
        return seconds

    def extraction(self) -> list[Row]:
        """Measure feature extraction beside both peers and the floor."""
        seconds = self.turns(
            tutorial={"side": "tutorial"},
            ours={"side": "ours"},
            auto={"side": "ours", "precision": "auto"},
            floor={"side": "floor"},
            **self._fastai(),
        )
        allowed = 1.15 * median(seconds["floor"]) + 1
        rows = [
            ("feature extraction: ours / tutorial", ratio(seconds, "ours", "tutorial"), "0.10"),
            ("  with --precision auto", ratio(seconds, "auto", "tutorial"), "0.06"),
            ("  ours / (1.15 x floor + 1 s)", median(seconds["ours"]) / allowed, "1"),
        ]
        if "fastai" in seconds:
            rows.append(("  ours / fastai", ratio(seconds, "ours", "fastai"), "0.12"))
        return rows

    def last(self) -> list[Row]:
        """Measure fine-tuning of the last stage."""
        seconds = self.turns(
            tutorial={"side": "tutorial", "trainable": "last:1"},
            ours={"side": "ours", "trainable": "last:1"},
        )
        what = "fine-tune the last stage: ours / tutorial"
        return [(what, ratio(seconds, "ours", "tutorial"), "0.42")]

    def everything(self) -> list[Row]:
        """Measure fine-tuning of all stages."""
        seconds = self.turns(
            tutorial={"side": "tutorial", "trainable": "all"},
            ours={"side": "ours", "trainable": "all"},
            bf16={"side": "ours", "trainable": "all", "precision": "bf16"},
        )
        return [
            ("fine-tune everything: ours / tutorial", ratio(seconds, "ours", "tutorial"), "0.9"),
            ("  bf16 / fp32", ratio(seconds, "bf16", "ours"), "0.6"),
        ]

    def comparison(self) -> list[Row]:
        """Measure a comparison of three strategies beside the three alone."""
        names = ("feature_extraction", "hybrid", "fine_tune")
        alone = {name: {"side": "ours_comparison", "only": [name]} for name in names}
        seconds = self.turns(together={"side": "ours_comparison"}, **alone)
        apart = sum(median(seconds[name]) for name in names)
        what = "comparison of three / the three alone"
        return [(what, median(seconds["together"]) / apart, "0.87")]

    def _fastai(self) -> dict[str, dict[str, Any]]:
        python = self.args.fastai
        return {"fastai": {"side": "fastai", "python": python}} if python else {}


def ratio(seconds: Seconds, one: str, other: str) -> float:
    """Return the median time of one side as a share of another's."""
    return median(seconds[one]) / median(seconds[other])


def many_photos(folder: Path, count: int) -> Path:
    """Make photos of 500 x 375 pixels of two classes, as a camera's JPEG would be."""
    draw = np.random.default_rng(0)
    for number in range(count):
        pixels = draw.integers(0, 256, (24, 32, 3), np.uint8)
        target = folder / ("ant", "bee")[number % 2] / f"{number:05}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).resize((500, 375), Image.Resampling.BICUBIC).save(target)
    return folder


def peak_memory(data: Path, threads: int) -> dict[str, int]:
    """Train ``resnet_mini`` from the command line; return its largest ``Pss`` and ``RssAnon``."""
    peaks = {"Pss": 0, "RssAnon": 0}
    command = [sys.executable, "-m", "tl_core", "train", str(data), "--epochs", "2"]
    command += ["--backbone", "resnet_mini", "--strategy", "feature_extraction"]
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "TL_HOME": home, "OMP_NUM_THREADS": str(threads)}
        process = subprocess.Popen(command, cwd=HERE.parent, env=env, stdout=subprocess.DEVNULL)
        while process.poll() is None:
            for kind in peaks:
                peaks[kind] = max(peaks[kind], memory(process.pid, kind))
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"training on {data} failed")
    print(f"  {data}: {peaks}", flush=True)
    return peaks


def memory(pid: int, kind: str) -> int:
    """Return the ``Pss`` or ``RssAnon`` of a process in bytes, 0 if it has ended."""
    file = Path(f"/proc/{pid}/{'smaps_rollup' if kind == 'Pss' else 'status'}")
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) * 1024
    return 0


def memory_rows(args: argparse.Namespace) -> list[Row]:
    """Measure the memory of feature extraction, and what 10,000 photos add to it."""
    usual = peak_memory(args.data, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        few = peak_memory(many_photos(Path(folder) / "few", 400), args.threads)
        many = peak_memory(many_photos(Path(folder) / "many", args.photos), args.threads)
    added = (many["RssAnon"] - few["RssAnon"]) / 1e6
    return [
        ("resnet_mini feature extraction, peak PSS (MB)", usual["Pss"] / 1e6, "450"),
        (f"{args.photos} photos, RssAnon above 400 photos (MB)", added, "300"),
    ]


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="3 epochs instead of 10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--fastai", metavar="PYTHON", help="of an environment with fastai")
    parser.add_argument("--photos", type=int, default=10_000, help="of the large set; 0 skips it")
    args = parser.parse_args()
    benches = {network: Bench(args, network) for network in args.networks}
    found = [(n, row) for n in benches for part in args.only for row in getattr(benches[n], part)()]
    if args.photos:
        found += [("memory", row) for row in memory_rows(args)]
    print("\n| network | what | measured | bar, at most |\n| --- | --- | --- | --- |")
    for network, (what, value, bar) in found:
        print(f"| {network} | {what.strip()} | {value:.2f} | {bar} |")


if __name__ == "__main__":
    main()
