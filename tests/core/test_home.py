"""Where everything is kept is closed to other accounts, whoever has made it, and when."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_core.home import close_to_others, home, keep_private, log_file, private_file
from tl_core.store.database import Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights are kept elsewhere on Windows")


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """Let new files be readable for everybody, as on many machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_is_closed(own_home: Path) -> None:
    assert mode(home()) == 0o700 and home() == own_home


def test_an_open_home_of_an_older_version_is_closed_with_what_lies_in_it(own_home: Path) -> None:
    for folder in ("runs", "uploads", "questions", "logs"):
        (own_home / folder).mkdir(parents=True)
    for name in ("lab.sqlite3", "lab.sqlite3-wal", "lab.sqlite3-shm"):
        (own_home / name).touch()
    assert mode(own_home) == 0o755
    home()
    modes = {path.name: mode(path) for path in own_home.iterdir()}
    assert all(modes[name] == 0o700 for name in ("runs", "uploads", "questions", "logs"))
    assert all(modes[f"lab.sqlite3{end}"] == 0o600 for end in ("", "-wal", "-shm"))


def test_what_a_link_leads_to_keeps_its_rights(own_home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own_home.mkdir()
    (own_home / "runs").symlink_to(elsewhere)
    home()
    assert mode(elsewhere) == 0o755


def test_a_folder_for_everybody_stays_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    assert not close_to_others(tmp_path) and mode(tmp_path) == 0o1777
    tmp_path.chmod(0o700)
    assert not close_to_others(tmp_path / "missing")


def test_a_folder_of_another_account_is_used_as_it_is(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_home.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: own_home.stat().st_uid + 1)
    home()
    assert mode(own_home) == 0o755


@pytest.mark.parametrize("before", [None, 0o644])
def test_a_file_is_private_from_its_first_byte_on(before: int | None, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    if before is not None:
        path.parent.mkdir()
        path.write_text("kept")
        path.chmod(before)
    assert private_file(path) == path and mode(path) == 0o600
    assert path.read_text() == ("" if before is None else "kept")


@pytest.mark.parametrize("older", [False, True])
def test_the_database_its_companions_and_the_logs(older: bool) -> None:
    if older:
        store = Store()
        store.set_setting("a", 1)
        for path in home().glob("lab.sqlite3*"):
            path.chmod(0o644)
        assert len(list(home().glob("lab.sqlite3*"))) == 3
    with log_file("supervisor.log").open("ab") as log:
        log.write(b"line")
    again = Store()
    again.set_setting("a", 2)
    found = [*home().glob("lab.sqlite3*"), home() / "logs" / "supervisor.log"]
    assert {path.name: mode(path) for path in found if mode(path) != 0o600} == {}
    assert len(found) == 4 and mode(home() / "logs") == 0o700
    again.close()
    if older:
        store.close()


def test_a_server_s_process_makes_private_files(tmp_path: Path) -> None:
    keep_private()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert (mode(tmp_path / "folder"), mode(tmp_path / "file")) == (0o700, 0o600)
