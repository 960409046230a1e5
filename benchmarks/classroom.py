"""Hold a class against this machine and print the table of what it was promised.

    python benchmarks/classroom.py                       # thirty learners, 200 cycles
    python benchmarks/classroom.py --quick               # six learners, 5 cycles
    python benchmarks/classroom.py --only memory,faults  # some parts
    python benchmarks/classroom.py --only hostile --attacks file-urls,flood
    python benchmarks/classroom.py --only hostile --root ../before  # the same on another checkout

Learners speak Streamlit's own protocol with a server that is started for each part, in a home that
is thrown away. Everything is on this machine, so the learners take a share of its processor.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
ROOT.add_argument("--root", type=Path, default=HERE.parent, help="the checkout that is measured")
# Before the imports: what is measured is the checkout in which these find tl_core.
sys.path[:0] = [str(ROOT.parse_known_args()[0].root.resolve()), str(HERE)]

from classroom_kit.alone import first_point, growth, memory, reaction  # noqa: E402
from classroom_kit.attacks.play import hostile, names  # noqa: E402
from classroom_kit.faults import faults  # noqa: E402
from classroom_kit.lesson import lesson  # noqa: E402
from classroom_kit.report import Row, table  # noqa: E402


def main() -> int:
    """Run the parts and print the table; 1 if a bar is not held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], parents=[ROOT])
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="6 learners, 5 cycles")
    parser.add_argument("--only", default="", metavar="PART,...")
    parser.add_argument(
        "--attacks", default="", metavar="NAME,...", help=f"of hostile: {', '.join(names())}"
    )
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every server is taken down
    learners, cycles = (6, 5) if args.quick else (args.learners, args.cycles)
    attacks = args.attacks.split(",") if args.attacks else []
    if unknown := set(attacks) - set(names()):
        parser.error(f"no attack {', '.join(unknown)}; there are {', '.join(names())}")
    parts: dict[str, Callable[[Path], Iterable[Row]]] = {
        "memory": memory,
        "first_point": first_point,
        "reaction": reaction,
        "lesson": lambda home: lesson(home, learners),
        "hostile": lambda _: hostile(learners, attacks),
        "faults": faults,
        "growth": lambda home: growth(home, cycles),
    }
    chosen = args.only.split(",") if args.only else list(parts)
    if unknown := set(chosen) - set(parts):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(parts)}")
    rows: list[Row] = []
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="classroom-") as folder:
            for row in parts[name](Path(folder) / "home"):
                rows.append(row)
                print(f"{row.what}: {row.measured}", file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
