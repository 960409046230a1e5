"""What the rehearsal looks at before anything trains."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sqlite3
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from safetensors import SafetensorError, safe_open

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.backbones.weights import location, weights_path
from tl_core.cli.ready.check import Check, fail, note, ok
from tl_core.data import open_dataset
from tl_core.data.catalog import bundled_sets
from tl_core.data.limits import megabytes
from tl_core.download import is_whole
from tl_core.execution.local import supervisor_alive
from tl_core.home import ASSETS, home
from tl_core.machine import MEMORY_SETTINGS, default_threads, memory_plan, slots
from tl_core.server.address import lan_address
from tl_core.server.instructor_login import SHORTEST, weakness
from tl_core.server.limits import UploadLimits
from tl_core.server.load import machine_load
from tl_core.store.damage import COMMAND, is_sound
from tl_core.store.schema import SCHEMA_VERSION
from tl_core.words import bytes_text

REQUIREMENTS = ASSETS.parent / "requirements.txt"
"""The tested versions: beside the assets in the repository and in the wheel."""

APP = ASSETS.parent / "app.py"
"""Of the repository; the wheel has no app."""

SECRETS = APP.parent / ".streamlit" / "secrets.toml"
"""Where the instructor's code may stand."""

APP_MB, RUN_MB = 450, 300
"""Megabytes of memory: the app, the supervisor and torch, which all runs share; and each run."""

DISK_NEEDED, DISK_WANTED = 2e9, 10e9
"""Free bytes without which a class cannot work, and with which it need not think of the disk."""


def versions(name: str) -> Check:
    """Compare what is installed with what the project was tested with."""
    found = f"Python {platform.python_version()}"
    other, missing = [], []
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if pin := re.fullmatch(r"([\w.-]+)==([\w.]+)\S*", line.strip()):
            try:
                version = importlib.metadata.version(pin[1])
            except importlib.metadata.PackageNotFoundError:
                if APP.exists():  # without it, pip has seen to what is needed
                    missing.append(pin[1])
                continue
            if version.split("+")[0] != pin[2]:
                other.append(f"{pin[1]} {version} instead of {pin[2]}")
    fix = f"python -m pip install -r {REQUIREMENTS.name if APP.exists() else REQUIREMENTS}"
    if missing:
        return fail(name, f"{found}; missing: {', '.join(missing)}", fix)
    if other:
        return note(name, f"{found}; not as tested: {', '.join(other)}", fix)
    return ok(name, f"{found}, and every package as tested")


def device(name: str) -> Check:
    """Find what trains, how precisely, and how many runs at once."""
    from tl_core.device import describe_device, resolve_device
    from tl_core.precision import resolve_precision

    kind = resolve_device("auto")
    threads = default_threads()
    spec = next(iter(backbones()))
    precision = resolve_precision("auto", kind, threads, [(spec.name, spec.input_size)])
    return ok(
        name,
        f"{describe_device(kind)}, {precision}; {slots()} runs at once with {threads} threads each",
    )


def memory(name: str) -> Check:
    """Compare free memory with what the app and its runs take."""
    measured = machine_load().memory
    if measured is None:
        return note(name, "this system does not say how much is free", "Look yourself.")
    free = (measured[1] - measured[0]) / 1e6
    needed = APP_MB + RUN_MB * slots()
    text = f"{free / 1e3:.1f} GB free, about {needed / 1e3:.1f} GB needed"
    if free < needed:
        return fail(name, text, "Close other programs, or set TL_SLOTS to a smaller number.")
    return ok(name, text)


def limits(name: str) -> Check:
    """Add up what everything may take at once."""
    plan = memory_plan()
    if plan.total is None:
        return note(name, "this system does not say how much memory it has", "Look yourself.")
    text = (
        f"pages and system {bytes_text(plan.base)}, checks {plan.checks} x "
        f"{bytes_text(plan.check)}, runs {plan.slots} x {bytes_text(plan.run)}, predictions and "
        f"the like {bytes_text(plan.beside)}: together {bytes_text(plan.needed)} of "
        f"{bytes_text(plan.total)}"
    )
    if plan.fits:
        return ok(name, text)
    if chosen := [variable for variable in MEMORY_SETTINGS if os.environ.get(variable)]:
        fix = f"Set less, or leave it to the machine: unset {', '.join(chosen)}."
        return fail(name, text, fix)
    return note(name, text, "A machine with more memory, or one learner at a time.")


def disk(name: str) -> Check:
    """Look at how much room is left where everything is kept."""
    free = shutil.disk_usage(home()).free
    limits = UploadLimits.from_environment()
    text = (
        f"{free / 1e9:.1f} GB free in {home()}; each learner may keep "
        f"{megabytes(limits.learner_bytes)}, and nothing new is accepted below "
        f"{megabytes(limits.disk_floor)}"
    )
    fix = "Make room, or set TL_HOME to a folder on a larger disk."
    if free < max(DISK_NEEDED, limits.disk_floor):
        return fail(name, text, fix)
    return ok(name, text) if free >= DISK_WANTED else note(name, text, fix)


def weights(name: str) -> Check:
    """Check the files of all weights that are here."""
    here: list[str] = []
    damaged: list[str] = []
    for spec in backbones():
        if spec.weights.origin == "bundled" or location(spec) != "download":
            (here if _whole(spec) else damaged).append(spec.name)
    if damaged:
        fix = f"Get the project again, or run: python -m tl_core prefetch {' '.join(damaged)}"
        return fail(name, f"damaged or missing: {', '.join(damaged)}", fix)
    absent = len(list(backbones())) - len(here)
    text = f"{', '.join(here)}: here and whole"
    return ok(name, text + (f"; {absent} more can be had with 'prefetch'" if absent else ""))


def _whole(spec: BackboneSpec) -> bool:
    """Compare a file with its digest; a bundled one says in its head how long it has to be."""
    path = weights_path(spec)
    if spec.weights.sha256_prefix:
        return is_whole(path, f"sha256:{spec.weights.sha256_prefix}")
    try:
        with safe_open(path, framework="numpy") as tensors:
            return bool(tensors.keys())
    except (OSError, SafetensorError):
        return False


def samples(name: str) -> Check:
    """Decode every photo of the bundled sets."""
    sets = bundled_sets()
    if not sets:
        return fail(name, "there are none", "Get the project again, with its assets folder.")
    photos, bad = 0, []
    for entry in sets:
        dataset, report = open_dataset(entry.folder)
        photos += len(dataset.items)
        if report.left_out or report.problems:
            bad.append(entry.name)
    if bad:
        return fail(name, f"damaged: {', '.join(bad)}", "Get the project again.")
    return ok(name, f"{len(sets)} sets, {photos} photos, all readable")


def store(name: str) -> Check:
    """Write beside the store, and read the store itself without changing it."""
    if _journal_mode() != "wal":
        fix = "Set TL_HOME to a folder on a local disk; network drives cannot share a database."
        return fail(name, "this disk does not let several programs write at once", fix)
    database = home() / "lab.sqlite3"
    if not database.exists():
        return ok(name, "writable, write-ahead log works; nothing is kept yet")
    if not is_sound(database):
        text = f"{database} is damaged; runs keep their folders, and nothing was removed"
        return fail(name, text, f"{COMMAND} sets it aside and begins with an empty one.")
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        [[version]] = connection.execute("SELECT schema_version FROM meta").fetchall()
    if version > SCHEMA_VERSION:
        fix = f"Move {database} away, or set TL_HOME to another folder."
        return fail(name, f"written by a newer version ({version})", fix)
    return ok(name, f"writable, write-ahead log works; schema {version}, sound")


def _journal_mode() -> str:
    """Return the journal mode that a database in ``TL_HOME`` takes on for a write-ahead log."""
    with (
        tempfile.TemporaryDirectory(dir=home(), prefix="rehearsal-") as folder,
        closing(sqlite3.connect(Path(folder) / "try.sqlite3")) as connection,
    ):
        mode: str = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute("CREATE TABLE t (x)")
        return mode


def network(name: str) -> Check:
    """Tell where learners find the server; nothing is sent."""
    address = lan_address()
    if address is None:
        fix = "Join the class's network if learners bring their own devices."
        return note(name, "this machine is in no network", fix)
    return ok(name, f"learners will find this machine at {address}")


def alone(name: str) -> Check:
    """Tell whether learners' runs share the machine with the rehearsal."""
    if supervisor_alive():
        fix = "What follows takes longer than it would alone; repeat it before class."
        return note(name, "the laboratory is running, perhaps with learners' runs", fix)
    return ok(name, "no learner is training here now")


def instructor(name: str) -> Check:
    """Tell whether the instructor's code could be guessed."""
    code = _instructor_code()
    fix = 'Choose another one: python -c "import secrets; print(secrets.token_urlsafe(12))"'
    if not code:
        return ok(name, "none is set where this was started, so the instructor's screen is closed")
    if len(code) < SHORTEST:
        return fail(name, f"it has {len(code)} characters, and needs {SHORTEST}", fix)
    why = weakness(code)
    return note(name, why, fix) if why else ok(name, "it cannot be guessed if it is random")


def _instructor_code() -> str:
    """Return the code as the app finds it."""
    if code := os.environ.get("TL_INSTRUCTOR_CODE", "").strip():
        return code
    try:
        secrets = tomllib.loads(SECRETS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(secrets.get("instructor_code", "")).strip()


MACHINE_CHECKS: dict[str, Callable[[str], Check]] = {
    "Versions": versions,
    "Device": device,
    "Memory": memory,
    "Memory limits": limits,
    "Disk": disk,
    "Weights": weights,
    "Sample sets": samples,
    "Store": store,
    "Network": network,
    "Instructor's code": instructor,
    "Other work": alone,
}
