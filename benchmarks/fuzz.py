"""Feed the way in with broken and hostile things, for as long as there is time.

    python benchmarks/fuzz.py --minutes 5
    python benchmarks/fuzz.py --only photo,run --minutes 60
    python benchmarks/fuzz.py --only run --seed 123456     # the same inputs as once before
    python benchmarks/fuzz.py --minutes 5 --series 1       # the same seeds each time, as CI does

What has to hold, and what is fed, stands in ``tests/fuzz``. Each round tries every property on some
new inputs. A failure is made as small as it gets and printed with the seed that finds it again; it
belongs into a test, as an example of its own. Peak memory counts as a property, too.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

_PLACE = tempfile.TemporaryDirectory(prefix="tl-fuzz-")
os.environ["TL_HOME"] = str(Path(_PLACE.name) / "home")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.fuzz.properties import PROPERTIES, Property  # noqa: E402

ROUND = 3
"""A round tries a property on a share of the inputs that the tests try: one in so many."""

PATIENCE = 120
"""Seconds for a share; what takes longer hangs."""

MOST_MEMORY = 2 * 2**30
"""Bytes that this process may have taken at its peak."""


def main() -> int:
    """Try the properties in turn until the time is over; 1 if one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, help="of one round; by chance unless given")
    parser.add_argument("--series", type=int, help="of rounds; by chance unless given")
    parser.add_argument("--only", default="", metavar="NAME,...", help=", ".join(PROPERTIES))
    args = parser.parse_args()
    warnings.simplefilter("error")
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _hangs)
    chosen = [PROPERTIES[name] for name in args.only.split(",") if name] or PROPERTIES.values()
    tried, failed = dict.fromkeys((one.name for one in chosen), 0), set[str]()
    end = time.monotonic() + 60 * args.minutes
    place, chance = Path(_PLACE.name), random.Random(args.series)
    while len(failed) < len(tried):
        for one in chosen:
            if one.name in failed:
                continue
            seed = chance.randrange(2**32) if args.seed is None else args.seed
            count = one.share if args.seed is not None else max(1, one.share // ROUND)
            print(f"{one.name} --seed {seed}", file=sys.stderr, flush=True)  # if it kills us
            if not _holds(one, place / "work", seed, count):
                failed.add(one.name)
            tried[one.name] += count
            if time.monotonic() > end:
                break
        if time.monotonic() > end or args.seed is not None:
            break
    return _report(tried, failed)


def _holds(one: Property, place: Path, seed: int, count: int) -> bool:
    signal.alarm(PATIENCE)
    try:
        one.test(place, seed, count)
    except Exception:
        signal.alarm(0)
        traceback.print_exc()
        print(f"\n{one.name} does not hold: {one.says}", file=sys.stderr)
        print(f"Once more: python benchmarks/fuzz.py --only {one.name} --seed {seed}", flush=True)
        return False
    finally:
        signal.alarm(0)
    return True


def _report(tried: dict[str, int], failed: set[str]) -> int:
    for name, count in tried.items():
        held = "FAILED" if name in failed else "held"
        print(f"{held:6}  {count:9,} inputs  {name}: {PROPERTIES[name].says}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    held = "held" if peak <= MOST_MEMORY else "FAILED"
    print(f"{held:6}  {peak / 2**20:9,.0f} MB      peak memory, at most {MOST_MEMORY / 2**20:,.0f}")
    return 1 if failed or peak > MOST_MEMORY else 0


def _hangs(*_: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE} s")


if __name__ == "__main__":
    with _PLACE:
        sys.exit(main())
