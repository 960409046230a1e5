"""The rehearsal before class: what it looks at, its verdict, and that it touches nothing else."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tl_core import cli
from tl_core.cli import ready
from tl_core.cli.ready import machine, rehearsal
from tl_core.cli.ready.check import Check, fail, guarded, note, ok
from tl_core.errors import UserError
from tl_core.home import home
from tl_core.server.load import Load
from tl_core.store.database import Job, Store
from tl_core.store.schema import SCHEMA_VERSION


def steps(*checks: Check) -> dict[str, Any]:
    return {check.name: lambda name, check=check: check for check in checks}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal.Rehearsal, "__enter__", lambda self: self)
    monkeypatch.setattr(rehearsal.Rehearsal, "__exit__", lambda self, *_: None)
    monkeypatch.setattr(rehearsal.Rehearsal, "train_once", lambda self, name: ok(name, "5 s"))
    monkeypatch.setattr(rehearsal.Rehearsal, "hold_class", lambda self, name: ok(name, "all"))


# ------------------------------------------------------------------------------------- verdict


def test_ready_leaves_with_0(
    no_training: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ready, "MACHINE_CHECKS", steps(ok("Disk", "much"), note("Net", "no", "x")))
    assert cli.main(["ready", "--learners", "12"]) == 0
    said = capsys.readouterr().out
    assert said.endswith("Ready for 12 learners.\n")
    assert "note  Net: no\n      -> x\n" in said


def test_not_ready_leaves_with_1_and_says_what_to_fix(
    no_training: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = steps(fail("Memory", "0.1 GB free", "Close other programs."), ok("Disk", "much"))
    monkeypatch.setattr(ready, "MACHINE_CHECKS", checks)
    assert cli.main(["ready", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["ready"] is False and result["learners"] == 30
    assert result["verdict"] == "Not ready: memory."
    assert [check["name"] for check in result["checks"]][:2] == ["Memory", "Disk"]
    assert result["checks"][0]["fix"] == "Close other programs."


@pytest.mark.parametrize("learners", ["0", "-3", "many", "1.5"])
def test_a_class_has_a_whole_number_of_learners(
    learners: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["ready", "--learners", learners])
    assert left.value.code == 2
    assert "whole number" in capsys.readouterr().err


def test_a_check_that_breaks_is_a_finding() -> None:
    def refuse(name: str) -> Check:
        raise UserError("No photos here.")

    def break_down(name: str) -> Check:
        raise ZeroDivisionError("division by zero")

    assert guarded("Photos", refuse) == Check(
        "Photos", "fail", "No photos here.", "Fix this, then run the rehearsal again."
    )
    assert guarded("Sums", break_down).status == "fail"
    assert "ZeroDivisionError" in guarded("Sums", break_down).text


# ------------------------------------------------------------------------------------- machine


def test_versions_are_compared_with_the_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.versions("Versions").status in ("ok", "note")
    pins = tmp_path / "requirements.txt"
    monkeypatch.setattr(machine, "REQUIREMENTS", pins)
    pins.write_text("pytest==0.0.1\n")
    assert "instead of 0.0.1" in machine.versions("Versions").text
    pins.write_text("no_such_package==1.0\n")
    assert machine.versions("Versions").status == "fail"


@pytest.mark.parametrize(("free", "status"), [(64e9, "ok"), (0.2e9, "fail")])
def test_memory(free: float, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = Load(cores=2, waiting=0.0, memory=(0, int(free)), gpus=())
    monkeypatch.setattr(machine, "machine_load", lambda: load)
    monkeypatch.setenv("TL_SLOTS", "1")
    assert machine.memory("Memory").status == status


def test_limits_that_do_not_fit_the_machine_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tl_core.machine.total_memory", lambda: 8 * 2**30)
    assert machine.limits("Memory limits").status == "ok"
    monkeypatch.setenv("TL_SLOTS", "2")
    monkeypatch.setenv("TL_RUN_MEMORY_MB", "4096")
    found = machine.limits("Memory limits")
    assert found.status == "fail" and "unset TL_SLOTS, TL_RUN_MEMORY_MB" in found.fix
    monkeypatch.delenv("TL_SLOTS")
    monkeypatch.delenv("TL_RUN_MEMORY_MB")
    monkeypatch.setattr("tl_core.machine.total_memory", lambda: 2**30)
    assert machine.limits("Memory limits").status == "note"


def test_damaged_weights_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.weights("Weights").status == "ok"
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"half of it")
    right = machine.weights_path
    monkeypatch.setattr(
        machine, "weights_path", lambda s: broken if s.name == "resnet_mini" else right(s)
    )
    found = machine.weights("Weights")
    assert found.status == "fail" and "resnet_mini" in found.text


def test_a_damaged_sample_photo_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.photos import make_photo_folder
    from tl_core.data.catalog import BundledSet

    folder = make_photo_folder(tmp_path / "set", per_class=2)
    monkeypatch.setattr(machine, "bundled_sets", lambda: [BundledSet("set", "", folder)])
    assert machine.samples("Sample sets").status == "ok"
    next(folder.rglob("*.jpg")).write_bytes(b"no picture")
    assert machine.samples("Sample sets").status == "fail"


# --------------------------------------------------------------------------------------- store


def kept() -> dict[str, bytes]:
    """Return what is kept; a reader of the database may leave empty files of its own beside it."""
    files = [p for p in home().iterdir() if p.is_file() and not p.name.endswith(("-wal", "-shm"))]
    return {p.name: p.read_bytes() for p in sorted(files)}


def test_the_store_is_looked_at_and_left_alone() -> None:
    assert "nothing is kept yet" in machine.store("Store").text
    store = Store()
    store.add_job("train", {"strategy": "x"}, owner="somebody")
    store.close()
    before = kept()
    assert machine.store("Store").status == "ok"
    assert kept() == before


def test_a_damaged_or_newer_store_is_told() -> None:
    Store().close()
    path = home() / "lab.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET schema_version = ?", (SCHEMA_VERSION + 1,))
    connection.close()
    assert "newer version" in machine.store("Store").text
    path.write_bytes(b"no database at all, only text" * 100)
    assert guarded("Store", machine.store).status == "fail"


# ------------------------------------------------------------------------------------- fairness


def job(owner: str, created: float, started: float) -> Job:
    empty = {field.name: None for field in dataclasses.fields(Job)}
    return Job(**{**empty, "owner": owner, "created": created, "started": started})  # type: ignore[arg-type]


def test_a_fair_queue_goes_round() -> None:
    assert rehearsal.unfair([job("a", 0, 5), job("b", 1, 6), job("a", 0, 7), job("b", 1, 8)]) == 0


def test_a_second_run_must_not_overtake_a_first() -> None:
    assert rehearsal.unfair([job("a", 0, 5), job("a", 0, 6), job("b", 1, 7)]) == 1


def test_a_second_run_may_start_before_anybody_else_has_come() -> None:
    assert rehearsal.unfair([job("a", 0, 5), job("a", 0, 6), job("b", 5.9, 7)]) == 0


# -------------------------------------------------------------------------------- the real thing


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TL_SLOTS", "2")
    monkeypatch.setattr(rehearsal, "TYPICAL", rehearsal.SMALL)
    yield


@pytest.mark.slow
def test_a_class_of_two_trains_in_a_home_of_its_own(one_thread: None) -> None:
    store = Store()
    store.add_job("train", {"strategy": "x"}, owner="somebody")
    store.close()
    before, where = kept(), home()
    with rehearsal.Rehearsal(2, 2) as lesson:
        assert home() != where and home().parent == where
        for name, step in lesson.steps.items():
            check = guarded(name, step)
            assert check.status != "fail", check.text
    assert lesson.round_seconds is not None and lesson.round_seconds > 0
    assert home() == where and kept() == before
    assert not list(where.glob("rehearsal-*"))


# ---------------------------------------------------------------------------- instructor's code


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("", "ok", "closed"),
        ("1234", "fail", "needs 8"),
        ("short-one", "note", "9 characters"),
        ("123456789012", "note", "digits"),
        ("x7Kp-93qd-Tz4w", "ok", "random"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "secrets"])
def test_a_code_that_could_be_guessed_is_noted_and_never_shown(
    place: str, code: str, status: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    monkeypatch.setattr(machine, "SECRETS", secrets)
    monkeypatch.delenv("TL_INSTRUCTOR_CODE", raising=False)
    if place == "environment":
        monkeypatch.setenv("TL_INSTRUCTOR_CODE", code)
    elif code:
        secrets.write_text(f'instructor_code = "{code}"\n')
    check = machine.instructor("Instructor's code")
    assert check.status == status and said in check.text
    assert not code or code not in f"{check.text} {check.fix}"
