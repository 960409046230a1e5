"""How one machine's cores, memory and GPUs are shared out; the same for whoever starts a run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tl_core.errors import ConfigError
from tl_core.memory import total_memory

CORES_PER_RUN = 2
MB = 2**20
MEMORY_PER_RUN = 1024 * MB
"""Bytes that a run should find free; most take less."""
APP_MEMORY = 640 * MB
"""For the pages (400 MB at most), the supervisor and torch, which all runs share."""
SYSTEM_SHARE = 10
"""One part in so many of the machine's memory is left to everything else."""
CHECKS, CHECK_MEMORY = 2, 1024 * MB
"""Uploads that are checked at once, and the most that each of them is given."""
SMALLEST = 512 * MB
"""With less nothing can be checked or trained, so on a small machine the parts may not all fit."""
UNKNOWN_TOTAL = 8192 * MB
"""What a machine that does not say is taken to have."""

MEMORY_SETTINGS = ("TL_SLOTS", "TL_RUN_MEMORY_MB", "TL_UPLOADS_AT_ONCE", "TL_UPLOAD_MEMORY_MB")
"""Variables that share memory out."""

RUNS_PER_GPU = 2

WAITING_SHARE = 0.2
"""Of the time, summed over threads: a process that waits longer for cores has to share them."""

RUN_MINUTES = 60
TURN_SECONDS = 300
M_ARENA_MAX = -8
"""Of glibc's ``mallopt(3)``."""

NICENESS = int(os.environ.get("TL_NICE", 5))
"""Of runs: 0 as important as the pages, 19 hardly at all."""


@dataclass(frozen=True)
class MemoryPlan:
    """How a server's memory is shared out, so that all its parts may take theirs at once.

    Attributes
    ----------
    total
        Bytes of the machine or container; None where that is unknown.
    base
        For the system, the pages and what all runs share.
    checks, check
        How many uploads are checked at once, and what each of them may take.
    slots, run
        How many runs train at once, and what each of them may take.
    beside
        What may be taken, together, by all that is done beside runs: predictions, previews,
        rankings, measurements.
    """

    total: int | None
    base: int
    checks: int
    check: int
    slots: int
    run: int
    beside: int

    @property
    def needed(self) -> int:
        """Bytes that all may take together."""
        return self.base + self.checks * self.check + self.slots * self.run + self.beside

    @property
    def fits(self) -> bool:
        """Whether there are so many, as far as is known."""
        return self.total is None or self.needed <= self.total


def memory_plan(environment: Mapping[str, str] = os.environ) -> MemoryPlan:
    """Share this machine's memory out.

    What the environment sets stays so, whether or not it fits: ``TL_SLOTS``, ``TL_RUN_MEMORY_MB``,
    ``TL_UPLOADS_AT_ONCE`` and ``TL_UPLOAD_MEMORY_MB``. What it does not set takes what is left.
    """
    total = total_memory()
    known = total or UNKNOWN_TOTAL
    chosen = {name: whole_number(name, environment) for name in MEMORY_SETTINGS}
    base = APP_MEMORY + known // SYSTEM_SHARE
    left = known - base
    third = left // 3
    check = (chosen["TL_UPLOAD_MEMORY_MB"] or _between(SMALLEST, third, CHECK_MEMORY) // MB) * MB
    checks = chosen["TL_UPLOADS_AT_ONCE"] or int(_between(1, third // check, CHECKS))
    left -= checks * check
    run = (chosen["TL_RUN_MEMORY_MB"] or 0) * MB
    enough_for = (left - SMALLEST) // (run or MEMORY_PER_RUN)
    number = chosen["TL_SLOTS"] or max(1, min(_slots(), enough_for))
    beside = max(SMALLEST, left // (2 * number + 1))
    run = run or max(SMALLEST, (left - beside) // number)
    return MemoryPlan(total, base, checks, check, number, run, beside)


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _slots() -> int:
    """Return the number of runs that the cores and GPUs are enough for."""
    return min(cores(), RUNS_PER_GPU * len(gpus())) if gpus() else cores() // CORES_PER_RUN


def slots() -> int:
    """Return the number of runs that this machine trains at once.

    ``TL_SLOTS``; else one for two cores, or for one core where a GPU does the work, and never more
    than there is memory for.
    """
    return memory_plan().slots


def default_threads() -> int:
    """Return the threads of one run: the cores shared out among the slots."""
    return max(1, cores() // slots())


def run_memory() -> tuple[int, int] | None:
    """Return the bytes that one run, and all that is done beside runs, may take; None if unknown.

    ``TL_RUN_MEMORY_MB``; else their shares of the machine's memory.
    """
    plan = memory_plan()
    known = plan.total is not None or whole_number("TL_RUN_MEMORY_MB")
    return (plan.run, plan.beside) if known else None


def run_seconds() -> float:
    """Return the seconds that one run may take without pauses: ``TL_RUN_MINUTES``, else an hour."""
    return 60.0 * (whole_number("TL_RUN_MINUTES") or RUN_MINUTES)


def turn_seconds() -> float:
    """Return the seconds that a run may go on while others wait: ``TL_TURN_SECONDS``, else 300."""
    return float(whole_number("TL_TURN_SECONDS", usual=TURN_SECONDS) or TURN_SECONDS)


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy() -> bool:
    """Tell whether the cores had nothing to spare in the last minute, as far as the system says."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] >= cores()


class Contention:
    """Tells whether this process has had to share its cores since this was made.

    Linux counts how long each thread was ready and waited for a core: measured on two cores, all
    threads together for 2 % of the time on an idle machine, and for 67 % beside one busy process.
    """

    def __init__(self) -> None:
        self._began, self._waited = time.monotonic(), _waited()

    def found(self) -> bool:
        """Return whether it had to; where that is not counted, whether the machine is busy."""
        waited = _waited()
        if waited is None or self._waited is None:
            return busy()
        return waited - self._waited > WAITING_SHARE * (time.monotonic() - self._began)


def _waited() -> float | None:
    """Return the seconds for which threads of this process were ready and had no core."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        files = Path("/proc/self/task").glob("*/schedstat")
        if counts := [int(file.read_text().split()[1]) for file in files]:
            return sum(counts) / 1e9
    return None


def gpus() -> list[str]:
    """Return the CUDA devices that runs may use, by the names that CUDA_VISIBLE_DEVICES takes.

    Found without torch: CUDA must not be touched in a process that forks.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    known = Path("/proc/driver/nvidia/gpus")
    return [str(n) for n in range(len(list(known.iterdir())))] if known.is_dir() else []


def step_back() -> None:
    """Give this process a low priority: the pages come first.

    Where the kernel shares cores out among sessions first (autogroup), the niceness of a process
    counts only inside its own; so it gets a session to itself, and that gets the priority too.
    """
    if NICENESS and hasattr(os, "nice"):
        os.nice(NICENESS)
        with contextlib.suppress(PermissionError):  # it leads its own session already
            os.setsid()
        with contextlib.suppress(OSError):  # no autogroups here
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def share_heaps() -> None:
    """Let the threads of this process share two heaps, where glibc would give each its own.

    Threads that decode photos leave holes in every heap they use; measured, training from the
    command line takes about 50 MB less with two.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def give_back_memory() -> None:
    """Hand freed memory back to the system, where glibc keeps it for later.

    Measured: after the trial of precisions 50 MB, which a small server has use for.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def whole_number(
    name: str, environment: Mapping[str, str] = os.environ, usual: int | None = None
) -> int | None:
    """Return a setting from the environment; None where it is not set.

    Parameters
    ----------
    name
        Of the variable.
    environment
        Where it is looked up.
    usual
        An example for whoever sets it wrongly.

    Raises
    ------
    ConfigError
        If it is no whole number above zero.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        example = f", such as {usual}" if usual else ""
        raise ConfigError(f"{name} is {text!r}; it has to be a whole number above zero{example}.")
    return int(text)
