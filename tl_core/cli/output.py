"""How results and progress look in a terminal."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from tl_core.runs.compare import p_text
from tl_core.words import bytes_text


class Progress:
    """One line on stderr that is written over; lines of their own where that is no terminal."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title, self._stream = title, stream or sys.stderr
        self.live = self._stream.isatty()
        self._shown = -1

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and self._shown >= 0:
            self._stream.write("\n")

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` is reached."""
        tenth = 10 * done // max(total, 1)
        text = f"{self._title}: {done}/{total} {note}"
        if self.live:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
        elif tenth != self._shown:
            self._stream.write(text + "\n")
        self._shown = tenth


def show_backbones(result: list[dict[str, Any]]) -> None:
    """Print a table of the backbones."""
    where = {"bundled": "bundled", "cached": "downloaded", "download": "to download"}
    print(f"{'name':<20} {'parameters':>12} {'input':>6} {'source top-1':>12}  weights")
    for b in result:
        size = f" ({bytes_text(b['download_bytes'])})" if b["download_bytes"] else ""
        print(
            f"{b['name']:<20} {b['total_parameters']:>12,} {b['input_size']:>6} "
            f"{b['source_top1']:>12.1%}  {where[b['location']]}{size}; {b['source_task']}"
        )


def show_report(result: dict[str, Any]) -> None:
    """Print a health report."""
    print(result["layout"]["text"])
    for other in result["layout"]["others"]:
        print(f"It could also be read so (--layout {other['layout']}): {other['text']}")
    if result["layout"]["encodings"]:
        others = ", ".join(result["layout"]["encodings"])
        print(
            f"Names read as {result['layout']['encoding']}, which is a guess; the other candidates "
            f"(--zip-names): {others}"
        )
    print(f"Classes: {', '.join(map(repr, result['classes']))}")
    for split, counts in result["splits"].items():
        print(f"{split}: " + ", ".join(f"{name!r} {count}" for name, count in counts.items()))
    for entry in result["unreadable"]:
        print(f"Left out: {entry['file']!r}: {entry['reason']}")
    for rule, number in result["passed_over"].items():
        print(f"Passed over: {number} {rule}")
    print(f"Files brought: {result['brought']}")
    for kind, groups in result["duplicates"].items():
        for group in groups:
            print(f"Copies ({kind.replace('_', ' ')}): {', '.join(map(repr, group))}")
    for problem in result["problems"]:
        print(f"To solve before training: {problem}")
    for warning in result["warnings"]:
        print(f"Note: {warning}")


def show_prefetched(result: list[dict[str, str]]) -> None:
    """Print where weights or sets of photos are."""
    for entry in result:
        print(f"{entry['name']}: {entry['location']}")


def show_set_aside(result: dict[str, str]) -> None:
    """Print where a damaged database lies now."""
    print(
        f"The damaged database lies in {result['location']} now, and the next start makes an empty "
        "one. Runs keep their folders."
    )


def show_ranking(result: dict[str, Any]) -> None:
    """Print the backbones in the order of their forecast, and how far to trust it."""
    print(f"{'':>3} {'backbone':<20} {'LogME':>8} {'H-score':>8}")
    for place, entry in enumerate(result["forecasts"], 1):
        scores = f"{entry['log_me']:>8.3f} {entry['h_score']:>8.3f}"
        print(f"{place:>2}. {entry['backbone']:<20} {scores}")
    print(
        "A forecast from the training photos, before any training; higher is better. In published "
        "tests its order agreed with the outcome well (rank correlation 0.8, CIFAR-10) or only "
        "partly (0.4, Pets): train the first few and compare."
    )


def show_run(result: dict[str, Any]) -> None:
    """Print the headline of one run."""
    low, high = result["val_interval"]
    print(
        f"{result['strategy']} on {result['backbone']}, seed {result['seed']}: "
        f"{result['best_val_accuracy']:.1%} of {result['val_count']} validation photos "
        f"(95 % interval {low:.1%} to {high:.1%}; best epoch {result['best_epoch']} of "
        f"{result['epochs']}, chosen on these photos)"
    )
    if result["test_accuracy"] is not None:
        print(f"  test: {result['test_accuracy']:.1%} of {result['test_count']} photos")
    print(
        f"  {result['trainable_parameters']:,} of {result['total_parameters']:,} parameters "
        f"learned, {result['seconds']:.1f} s, {result['run_dir']}"
    )
    if "profile" in result:
        show_profile(result["profile"], result["seconds"])


def show_cost(result: dict[str, Any]) -> None:
    """Print what a run is predicted to take."""
    print(
        f"{result['strategy']} on {result['backbone']} ({result['device']}, "
        f"{result['precision']}): about {result['seconds']:.1f} s"
    )
    for phase in result["phases"]:
        print(f"  {phase['name']}: {phase['epochs']} x {phase['seconds_an_epoch']:.2f} s")
    print(
        f"  memory about {bytes_text(result['memory_bytes'])}, kept features "
        f"{bytes_text(result['cache_bytes'])}"
    )
    show_profile(result["parts"], result["seconds"])
    if result["busy"]:
        print("  Measured while this machine was busy: it is probably too much.")


def show_profile(profile: dict[str, float], total: float) -> None:
    """Print where the time of a run went, the longest part first."""
    for part, seconds in sorted(profile.items(), key=lambda item: -item[1]):
        print(f"  {part:<12} {seconds:>8.2f} s {seconds / total:>6.1%}")


def show_comparison(result: dict[str, Any]) -> None:
    """Print every run and what the paired tests say."""
    for run in result["runs"]:
        show_run(run)
    names = {run["run_dir"]: f"{run['strategy']} (seed {run['seed']})" for run in result["runs"]}
    for test in result["tests"]:
        verdict = "too close to call"
        if test["better"]:
            verdict = f"{names[test['better']]} is better"
        print(
            f"{names[test['first']]} against {names[test['second']]}: {verdict} "
            f"(right alone: {test['only_first']} and {test['only_second']}, "
            f"{p_text(test['p_value'])})"
        )


def show_predictions(result: dict[str, Any]) -> None:
    """Print the answer for each photo, and on stderr what is none."""
    for answer in result["predictions"]:
        doubt = " (resembles nothing in training)" if answer["unfamiliar"] else ""
        print(f"{answer['file']}: {answer['class']!r} {answer['probability']:.1%}{doubt}")
    for entry in result["left_out"]:
        print(f"tl_core: left out: {entry['file']}: {entry['reason']}", file=sys.stderr)
    for rule, number in result["passed_over"].items():
        print(f"tl_core: passed over: {number:,} {rule}", file=sys.stderr)
