"""A database that cannot be read any more: how that is noticed, and how a server begins afresh.

Nothing is deleted. What is damaged is copied to a folder ``damaged`` beside it as soon as somebody
notices; only a person decides to go on with an empty one, and the damaged file is moved then.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy.engine import Engine, ExceptionContext

from tl_core.errors import DamagedStore, UserError

COMMAND = "python -m tl_core begin-afresh"
"""What whoever runs the server types to go on with an empty database."""

_DAMAGE = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB: https://www.sqlite.org/rescode.html
_PENDING = "pending"


def is_damage(error: BaseException | None) -> bool:
    """Tell whether an error of SQLite says that its file is damaged, or is no database at all."""
    return isinstance(error, sqlite3.Error) and _code(error) in _DAMAGE


def tell_damage(context: ExceptionContext) -> None:
    """Turn the error of a damaged database into words, after its file was copied.

    Raises
    ------
    DamagedStore
        If that is what the error says.
    """
    engine = context.engine
    if is_damage(context.original_exception) and engine is not None:
        raise DamagedStore(_words(database_file(engine))) from context.original_exception


def database_file(engine: Engine) -> Path:
    """Return the file of an SQLite database."""
    return Path(engine.url.database or "")


def is_sound(file: Path) -> bool:
    """Read a whole database, and tell whether nothing is wrong with it."""
    uri = f"{file.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return False
            raise


def set_aside(file: Path) -> Path:
    """Copy a damaged database, once until somebody begins afresh; return the copy's folder."""
    if (folder := _copied(file)) is None:
        folder = _new_folder(file)
        for part in _parts(file):
            shutil.copy2(part, folder / part.name)
        (folder.parent / _PENDING).write_text(folder.name)
    return folder


def require_damage(file: Path) -> None:
    """Refuse to go on with an empty database where that would cost anybody anything.

    Raises
    ------
    UserError
        If there is none, or it is sound.
    """
    if not file.is_file():
        raise UserError("There is no database yet, so there is nothing to begin afresh.")
    if is_sound(file):
        raise UserError("The database is sound, so it stays where it is.")


def move_away(file: Path) -> Path:
    """Move a damaged database away, and return its folder; who connects next makes an empty one."""
    folder = _copied(file)
    if folder is None or any(_differs(part, folder / part.name) for part in _parts(file)):
        folder = _new_folder(file)
    for part in _parts(file):
        part.replace(folder / part.name)
    file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
    (folder.parent / _PENDING).unlink(missing_ok=True)
    return folder


def _copied(file: Path) -> Path | None:
    """Return the folder of the copy that was made of a damaged database, if one was."""
    pending = file.parent / "damaged" / _PENDING
    return pending.parent / pending.read_text() if pending.exists() else None


def _new_folder(file: Path) -> Path:
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime())
    for number in itertools.count(1):
        folder = file.parent / "damaged" / (stamp if number == 1 else f"{stamp}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError


def _differs(part: Path, copy: Path) -> bool:
    """Tell whether a file has changed since it was copied."""
    if not copy.exists():
        return True
    now, then = part.stat(), copy.stat()
    return (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns)


def _words(file: Path) -> str:
    copy = ""
    with suppress(OSError):  # without room for a copy the file stays where it is, all the same
        copy = f" A copy lies in {set_aside(file).relative_to(file.parent)}, beside it."
    return (
        f"The database of this server ({file.name}) is damaged. Nothing was removed.{copy} Runs "
        "keep their folders. Whoever runs the server can begin afresh with an empty database: "
        f"{COMMAND}"
    )


def _parts(file: Path) -> list[Path]:
    """Return the files of a database; what SQLite keeps in memory shared is made anew."""
    return [p for p in (file, file.with_name(f"{file.name}-wal")) if p.exists()]


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
