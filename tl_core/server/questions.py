"""What learners asked networks about: whose it is, how much it takes, and until when it stays."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select

from tl_core.data.files import clean
from tl_core.data.limits import megabytes
from tl_core.modalities import Modality
from tl_core.server.previews import picture_of
from tl_core.server.upload_spool import Source, TooLarge, UploadSpool, discard
from tl_core.steps import Progress
from tl_core.store.database import Store
from tl_core.store.schema import questions

MOST_ITEMS = 20
"""That one question may be about."""

_LONGEST_NAME = 80


class Question(NamedTuple):
    """What networks will be asked about.

    Attributes
    ----------
    items
        The name of each, as its sender calls it, and where it lies now.
    left_out
        The name of each other file that was sent, and the reason.
    """

    items: list[tuple[str, Path]]
    left_out: list[tuple[str, str]]


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

    def take(
        self,
        owner: str,
        kind: Modality,
        items: Sequence[tuple[str, Source]],
        spool: UploadSpool,
        room: int,
        report: Progress | None = None,
    ) -> Question:
        """Take items in by an open way; see :meth:`~tl_core.server.uploads.Uploads.take_question`.

        Parameters
        ----------
        spool, room
            The way in, and the bytes that are left for all of them together.
        """
        question = Question([], [])
        self._folder.mkdir(exist_ok=True)
        sent = [
            (name, file, self._folder / f"{secrets.token_hex(12)}{kind.written_suffix}")
            for name, file in _written(items, spool, question.left_out)
        ]
        try:
            found = spool.check_each("question", sent, room, report, kind.name) if sent else []
            for (name, _, target), made in zip(sent, found, strict=True):
                if isinstance(made, int):
                    self.note(owner, target, made)
                    question.items.append((name, target))
                else:
                    question.left_out.append((name, made))
        except BaseException:
            for _, _, target in sent:
                self.forget_file(target)
            raise
        return question

    def note(self, owner: str, file: Path, size: int) -> None:
        """Count a file that has come in for a learner."""
        row = {"file": file.name, "owner": owner, "bytes": size, "created": time.time()}
        with self._engine.begin() as connection:
            connection.execute(insert(questions).values(**row))

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
            discard(picture_of(file))

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


def _written(
    items: Sequence[tuple[str, Source]], spool: UploadSpool, left_out: list[tuple[str, str]]
) -> Iterator[tuple[str, Path]]:
    """Copy items into files of their own; yield the names and files of those that fit."""
    limits = spool.limits
    left = limits.sent_bytes
    for number, (sent, stream) in enumerate(items):
        name = clean(sent).replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME].strip() or "_"
        file = spool.file.with_name(str(number))
        try:
            left -= spool.write(stream, min(limits.file_bytes, left), file)
        except TooLarge:
            most = megabytes(limits.file_bytes)
            reason = f"the file is larger than {most}: make it smaller."
            if left < limits.file_bytes:
                all_of_them = megabytes(limits.sent_bytes)
                reason = f"all files together are larger than {all_of_them}: bring it by itself."
            left_out.append((name, reason))
        else:
            yield name, file
