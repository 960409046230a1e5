"""A damaged database: noticed wherever it is met, copied, told in a sentence, and never deleted."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tl_core import cli
from tl_core.cli.ready import machine
from tl_core.errors import DamagedStore, UserError
from tl_core.execution import run_folder
from tl_core.execution import supervisor as supervisor_module
from tl_core.home import home
from tl_core.server.afresh import begin_afresh
from tl_core.store.database import Store

PAGE = 4096


def overwritten(file: Path) -> None:
    """Text where a database was: as a wrong restore leaves it."""
    file.write_bytes(b"no database at all, only text" * 400)


def torn(file: Path) -> None:
    """Pages of a table gone: as a dying disk leaves it; the head is still that of a database."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(PAGE)
        stream.write(os.urandom(size - PAGE))


@pytest.fixture
def kept() -> Path:
    """Return the file of a store in which something is kept, all of it in the file itself."""
    store = Store()
    run = store.add_job("train", {"text": "x" * 5000}, owner="ada")
    store.append(run, 1, [{"event": "x" * 100}] * 200)
    run_folder(run).mkdir(parents=True)
    store.close()
    file = home() / "lab.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.mark.parametrize("damage", [overwritten, torn])
def test_it_is_told_copied_once_and_never_deleted(
    damage: Callable[[Path], None], kept: Path
) -> None:
    damage(kept)
    content = kept.read_bytes()
    for _ in range(3):
        with pytest.raises(DamagedStore, match=r"Nothing was removed\. A copy lies in") as e:
            Store().jobs()
    assert "begin-afresh" in str(e.value) and str(home()) not in str(e.value)
    assert kept.read_bytes() == content
    [copy] = (home() / "damaged").rglob("lab.sqlite3")
    assert copy.read_bytes() == content


@pytest.mark.parametrize("damage", [overwritten, torn])
def test_a_server_begins_afresh_and_keeps_the_folders_of_runs(
    damage: Callable[[Path], None], kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(kept)
    content = kept.read_bytes()
    assert cli.main(["begin-afresh"]) == 0
    [said] = capsys.readouterr().out.splitlines()
    [moved] = (home() / "damaged").rglob("lab.sqlite3")
    assert str(moved.parent) in said and moved.read_bytes() == content
    store = Store()
    assert store.jobs() == []
    store.close()
    assert len(list((home() / "runs").iterdir())) == 1


def test_a_second_damage_is_kept_beside_the_first(kept: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        kept.write_bytes(content)
        with pytest.raises(DamagedStore):
            Store()
        begin_afresh()
    copies = [file.read_bytes() for file in sorted((home() / "damaged").rglob("lab.sqlite3"))]
    assert copies == [b"first" * 1000, b"second" * 1000]


def test_what_was_written_after_the_copy_is_kept_too(kept: Path) -> None:
    torn(kept)
    with pytest.raises(DamagedStore):
        Store().jobs()
    with kept.open("ab") as stream:
        stream.write(b"more")
    assert (begin_afresh() / kept.name).read_bytes().endswith(b"more")
    assert len(list((home() / "damaged").rglob("lab.sqlite3"))) == 2


def test_a_sound_database_stays(kept: Path) -> None:
    with pytest.raises(UserError, match="sound"):
        begin_afresh()
    assert cli.main(["begin-afresh"]) == 2
    kept.unlink()
    with pytest.raises(UserError, match="no database"):
        begin_afresh()


def test_without_room_for_a_copy_it_is_told_all_the_same(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("tl_core.store.damage.shutil.copy2", full)
    overwritten(kept)
    with pytest.raises(DamagedStore, match=r"Nothing was removed\. Runs keep"):
        Store()


def test_what_is_damaged_while_it_is_open_is_noticed(kept: Path) -> None:
    store = Store()
    torn(kept)
    with pytest.raises(DamagedStore):
        for _ in range(2):
            store.events(store.jobs()[0].id)
    store.close()


def test_a_busy_store_is_not_taken_for_a_damaged_one(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_core.store.schema._configure_sqlite", lambda *_: None)
    store = Store(patience=0)
    store.engine.dispose()
    with closing(sqlite3.connect(kept)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Exception) as error:
            store.set_setting("x", 1)
    assert not isinstance(error.value, DamagedStore)
    assert not (home() / "damaged").exists()
    store.close()


def test_the_rehearsal_says_so(kept: Path) -> None:
    torn(kept)
    found = machine.store("Store")
    assert found.status == "fail" and "damaged" in found.text and "begin-afresh" in found.fix


def test_the_supervisor_ends_and_says_why(
    kept: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def tick(_: object) -> bool:
        raise DamagedStore("It is damaged.")

    monkeypatch.setattr(supervisor_module.Supervisor, "tick", tick)
    monkeypatch.setattr(supervisor_module.signal, "signal", lambda *_: None)
    badge = home() / "badge"
    badge.touch()
    supervisor_module._serve(Store(), badge)
    assert "It is damaged." in caplog.text
