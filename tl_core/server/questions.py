"""What learners asked networks about: whose it is, how much it takes, and until when it stays."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import ColumnElement, delete, insert, select

from tl_core.server.upload_spool import discard
from tl_core.store.database import Store
from tl_core.store.schema import questions


class Questions:
    """The questions of a server.

    Parameters
    ----------
    store
        Whose database holds the records.
    folder
        Where their files lie.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._engine, self._folder = store.engine, folder

    def note(self, owner: str, file: Path, size: int) -> None:
        """Count a file that has come in for a learner; if that fails, the file goes again."""
        row = {"file": file.name, "owner": owner, "bytes": size, "created": time.time()}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(questions).values(**row))
        except BaseException:
            discard(file)
            raise

    def owned_by(self, owner: str, file: Path) -> bool:
        """Tell whether a learner brought this file as a question."""
        query = select(questions.c.owner).where(questions.c.file == file.name)
        with self._engine.connect() as connection:
            whose = connection.execute(query).scalar()
        return file.parent == self._folder and whose == owner

    def forget(self, owner: str) -> None:
        """Remove what a learner asked about."""
        self._remove(questions.c.owner == owner)

    def forget_file(self, file: Path) -> None:
        """Remove one question, if the file is one."""
        if file.parent == self._folder:
            self._remove(questions.c.file == file.name)
            discard(file)

    def clean_up(self, old: float) -> None:
        """Remove what was asked before a time, in seconds since the epoch."""
        self._remove(questions.c.created < old)

    def _remove(self, which: ColumnElement[bool]) -> None:
        with self._engine.begin() as connection:
            files = connection.execute(select(questions.c.file).where(which)).scalars().all()
            connection.execute(delete(questions).where(which))
        for file in files:
            for made in self._folder.glob(f"{Path(file).stem}*"):  # and what was made of it
                discard(made)
