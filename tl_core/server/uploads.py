"""Photos that learners brought: whose they are, how much they may keep, and until when.

A folder is stored once, however many learners send the same photos; each has a record of their own,
and the folder goes when nobody needs it any more.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import delete, func, insert, select

from tl_core.data.catalog import PUBLIC, bundled_sets
from tl_core.data.checked import read_checked
from tl_core.data.limits import megabytes
from tl_core.data.manifest import MANIFEST, read_manifest
from tl_core.data.open import folder_name, title_of
from tl_core.data.read_as import ReadAs
from tl_core.errors import UserError
from tl_core.home import home
from tl_core.modalities import Modality
from tl_core.server.budget import Budget, check_disk
from tl_core.server.clock import Clock
from tl_core.server.limits import UploadLimits, no_room
from tl_core.server.load import folder_bytes
from tl_core.server.previews import previews_folder
from tl_core.server.questions import MOST_ITEMS, Question, Questions
from tl_core.server.rooms import Rooms
from tl_core.server.upload_spool import Source, UploadSpool, discard, older, spool_folder
from tl_core.server.visitors import check_member, check_newcomer
from tl_core.steps import Progress
from tl_core.store.database import RUNNING, WAITING, Store
from tl_core.store.schema import uploads as _uploads

_JUST_ARRIVED = 600
"""Seconds for which a folder without a record may be on its way to one."""

_ABANDONED = 3600
"""Seconds after which what lies on the way in belongs to a process that is gone."""

Make = Callable[[UploadSpool, Path, int], None]
"""Makes the folder of an upload, of at most so many bytes."""


@dataclass(frozen=True)
class Upload:
    """Photos that one learner brought.

    Attributes
    ----------
    owner, folder
        Whose they are, and the name of their folder.
    name
        What the learner calls them.
    photos, bytes
        How many, and how much they take.
    created
        When they were last sent, in seconds since the epoch.
    """

    owner: str
    folder: str
    name: str
    photos: int
    bytes: int
    created: float

    @property
    def path(self) -> Path:
        """Where they lie."""
        return uploads_folder() / self.folder


def uploads_folder() -> Path:
    """Return the folder of checked uploads."""
    return home().resolve() / "uploads"


def questions_folder() -> Path:
    """Return the folder of items that networks were asked about, and of their pictures."""
    return home().resolve() / "questions"


def shots_folder() -> Path:
    """Return the folder of items that learners took and that are in no set yet, by owner."""
    return home().resolve() / "shots"


class Uploads:
    """The uploads of a server.

    Parameters
    ----------
    store
        Whose database holds the records.
    limits
        What is accepted; as the environment says unless given.

    Attributes
    ----------
    questions
        What learners asked about.
    """

    def __init__(self, store: Store, limits: UploadLimits | None = None) -> None:
        self._store = store
        self._engine = store.engine
        self.limits = limits or UploadLimits.from_environment()
        self.questions = Questions(store, questions_folder())

    # ------------------------------------------------------------------------------ taking in

    def take_zip(
        self, owner: str, stream: Source, name: str, report: Progress | None = None
    ) -> Upload:
        """Take in an archive of items.

        Parameters
        ----------
        owner
            Whose it is.
        stream
            The archive; read once, in pieces, and closed before anything else is done.
        name
            Its file name, as the sender calls it.
        report
            Called as the work goes on; if it raises, the work ends and leaves nothing.

        Raises
        ------
        UserError
            In one sentence, if it is refused; nothing is left on disk.
        """
        return self._take(owner, name, lambda spool: spool.write(stream), report)

    def take_folder(
        self,
        owner: str,
        files: Iterable[tuple[str, Source]],
        report: Progress | None = None,
        layout: str = "auto",
    ) -> Upload:
        """Take in a folder: paths below it, and contents. See :meth:`take_zip`.

        ``layout`` says how its folders are meant, where whoever made them knows.
        """
        files = list(files)
        tops = {path.replace("\\", "/").partition("/")[0] for path, _ in files}
        name = tops.pop() if len(tops) == 1 else "Uploaded folder"
        return self._take(owner, name, lambda spool: spool.pack(files), report, layout)

    def take_question(
        self,
        owner: str,
        kind: Modality,
        items: Sequence[tuple[str, Source]],
        report: Progress | None = None,
    ) -> Question:
        """Take in items that networks will be asked about: names, and contents.

        Beside each item that is kept lies its picture
        (:func:`~tl_core.server.previews.picture_of`). What is no item is left out and named.

        Raises
        ------
        UserError
            In one sentence, if all of them are refused; nothing is left on disk.
        """
        if len(items) > MOST_ITEMS:
            raise UserError(
                f"These are {len(items):,} {kind.plural}, and at most {MOST_ITEMS} can be asked "
                "about at once. Leave some out, or bring them one part after the other."
            )
        name = title_of(items[0][0]) if len(items) == 1 else kind.count(len(items))
        with self._spool(owner, name) as spool:
            room = self._room(spool, self._kept(owner))
            return self.questions.take(owner, kind, items, spool, room, report)

    def take_shot(
        self, owner: str, kind: Modality, stream: Source, name: str, report: Progress | None = None
    ) -> Path:
        """Take in one item of a set that a learner is about to make; return where it lies.

        It counts against what the learner may keep. See :meth:`take_question`.
        """
        with self._spool(owner, title_of(name)) as spool:
            room = self._room(spool, self._kept(owner))
            spool.write(stream, min(self.limits.file_bytes, self.limits.sent_bytes))
            target = shots_folder() / owner / secrets.token_hex(12)
            spool.check("shot", target, room, report, kind.name)
            return target

    def keep(self, owner: str, name: str, digest: str, make: Make) -> Upload:
        """Store photos that are on this server already; ``make`` makes their folder."""
        with self._spool(owner, name) as spool:
            return self._keep(owner, digest, spool, make)

    def _take(
        self,
        owner: str,
        name: str,
        write: Callable[[UploadSpool], object],
        report: Progress | None,
        layout: str = "auto",
    ) -> Upload:
        def make(spool: UploadSpool, target: Path, room: int) -> None:
            spool.check("items", target, room, report, how=ReadAs(layout))

        with self._spool(owner, title_of(name)) as spool:
            write(spool)
            digest = spool.digest() if layout == "auto" else f"{spool.digest()} {layout}"
            return self._keep(owner, digest, spool, make)

    def _spool(self, owner: str, name: str) -> UploadSpool:
        """Open the way in to a learner who may bring something, before anything is read."""
        check_disk(self.limits)
        check_member(self._store, owner)
        check_newcomer(self._store, owner)
        return UploadSpool(name, self.limits, owner)

    def _keep(self, owner: str, digest: str, spool: UploadSpool, make: Make) -> Upload:
        folder = folder_name(spool.name, digest)
        room = self._room(spool, self._beside(owner, folder))
        target = uploads_folder() / folder
        if not (target / MANIFEST).is_file():
            make(spool, target, room)
        upload = Upload(owner, folder, spool.name, *_measure(target), time.time())
        try:
            self._record(upload, spool)
        except BaseException:
            self.delete(owner, folder)
            raise
        return upload

    def _beside(self, owner: str, folder: str) -> int:
        """Return the bytes that a learner keeps beside one set of photos."""
        same = sum(upload.bytes for upload in self.of(owner) if upload.folder == folder)
        return self._kept(owner) - same

    def _kept(self, owner: str) -> int:
        return Budget(self._store, self.limits).kept(owner).total + folder_bytes(
            shots_folder() / owner
        )

    def _room(self, spool: UploadSpool, own: int) -> int:
        """Return the bytes that the learner may still store."""
        limits = self.limits
        if own >= limits.learner_bytes:
            raise spool.refuse(
                f"you keep {megabytes(own)} of photos and runs on this server, and each learner "
                f"may keep {megabytes(limits.learner_bytes)}. Remove what you no longer need."
            )
        server = limits.server_room(self.total())
        if server == 0:
            raise spool.refuse(
                "this server has no room for more photos. Use a set that is ready, or try again "
                f"later: photos are removed after {limits.hours} hours."
            )
        return min(limits.learner_bytes - own, server)

    def _record(self, upload: Upload, spool: UploadSpool) -> None:
        with _cleanup_lock():
            if not (upload.path / MANIFEST).is_file():  # tidied away this very moment
                raise spool.refuse("it was removed while it came in. Send it once more.")
            # Counted again: another tab may have brought photos meanwhile.
            room = self.limits.learner_bytes - self._beside(upload.owner, upload.folder)
            if upload.bytes > room:
                raise spool.refuse(no_room(upload.bytes, room))
            with self._engine.begin() as connection:
                connection.execute(_this(upload.owner, upload.folder))
                connection.execute(insert(_uploads).values(**vars(upload)))

    # ------------------------------------------------------------------------------- questions

    def of(self, owner: str) -> list[Upload]:
        """Return a learner's uploads, the newest first."""
        query = select(_uploads).where(_uploads.c.owner == owner)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_uploads.c.created.desc()))
            return [Upload(**row._mapping) for row in rows]

    def total(self, owner: str | None = None) -> int:
        """Return the bytes that one learner, or all together, keep; shared folders count once."""
        folders = select(_uploads.c.folder, func.max(_uploads.c.bytes).label("bytes"))
        if owner is not None:
            folders = folders.where(_uploads.c.owner == owner)
        each = folders.group_by(_uploads.c.folder).subquery()
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.sum(each.c.bytes))).scalar() or 0)

    def left(self, upload: Upload) -> float:
        """Return the seconds until an upload is removed."""
        return Clock(self._store).until(upload.created, self.limits.hours * 3600)

    def may_use(self, owner: str, data: str) -> bool:
        """Tell whether a learner may open these photos.

        That is so for a bundled or public set by its name, for an upload of their own, and for the
        photos of the room they are in; never for any other path.
        """
        if data in PUBLIC or any(data == bundled.name for bundled in bundled_sets()):
            return True
        if any(data == str(upload.path) for upload in self.of(owner)):
            return True
        room = Rooms(self._store).room_of(owner)
        shared = room is not None and room.pack.get("data") == data
        return shared and Path(data).parent == uploads_folder()

    def may_open(self, owner: str, file: Path) -> bool:
        """Tell whether a learner may look at one item: a file of photos that they may use."""
        if ".." in file.parts or not file.is_file():
            return False
        if file.is_relative_to(uploads_folder()):
            folder = file.relative_to(uploads_folder()).parts[0]
            return self.may_use(owner, str(uploads_folder() / folder))
        return any(file.is_relative_to(known.folder) for known in (*bundled_sets(), *PUBLIC))

    def may_ask_about(self, owner: str, photo: str) -> bool:
        """Tell whether networks may be shown an item: a question that the learner brought."""
        file = Path(photo)
        return self.questions.owned_by(owner, file) and file.is_file()

    # -------------------------------------------------------------------------------- removal

    def delete(self, owner: str, folder: str) -> None:
        """Remove a learner's record, and the photos unless somebody else needs them."""
        with _cleanup_lock():
            with self._engine.begin() as connection:
                connection.execute(_this(owner, folder))
            if folder not in self._needed():
                discard(uploads_folder() / folder)

    def clean_up(self, clock: Clock | None = None) -> None:
        """Remove what is too old or belongs to nobody.

        Photos of an open room stay until it is closed, photos of a run until it ends or pauses.

        Parameters
        ----------
        clock
            That knows what time it was a while ago.
        """
        clock = clock or Clock(self._store)
        old = clock.ago(self.limits.hours * 3600)
        with _cleanup_lock():
            shared = self._shared()
            with self._engine.begin() as connection:
                expired = delete(_uploads).where(_uploads.c.created < old)
                connection.execute(expired.where(_uploads.c.folder.not_in(shared)))
            needed = self._needed()
            for folder in older(uploads_folder(), clock.ago(_JUST_ARRIVED)):
                if folder.name not in needed:
                    discard(folder)
        self.questions.clean_up(old)
        abandoned = clock.ago(_ABANDONED)
        for place, age, pattern in (
            (spool_folder(), abandoned, "tmp*"),
            (home() / "data", abandoned, ".taking-in-*"),
            (questions_folder(), old, "*"),
            (shots_folder(), old, "*/*"),
            (previews_folder(), old, "*"),
        ):
            for path in older(place, age, pattern):
                discard(path)

    def _shared(self) -> set[str]:
        return {Path(data).name for data in Rooms(self._store).data_in_use()}

    def _needed(self) -> set[str]:
        """Return the folders that a record, an open room or a run in line refers to.

        A paused run holds nothing: its photos go when their time is over, however long it pauses.
        """
        with self._engine.connect() as connection:
            recorded = set(connection.execute(select(_uploads.c.folder)).scalars())
        in_line = self._store.jobs(kind="train", status=(WAITING, RUNNING))
        used = {job.payload.get(key) or "" for job in in_line for key in ("data", "test")}
        return recorded | self._shared() | {Path(data).name for data in used}


def _this(owner: str, folder: str) -> Any:
    return delete(_uploads).where(_uploads.c.owner == owner, _uploads.c.folder == folder)


def _measure(folder: Path) -> tuple[int, int]:
    """Return the number of photos in a stored upload, and their bytes, previews included."""
    brought, known = read_manifest(folder), read_checked(folder)
    assert brought is not None, "it was stored with a list of its files"
    files = [*brought.files.values(), *chain.from_iterable(brought.pages.values())]
    size = sum((folder / stored).stat().st_size for stored in files)
    photos = len(known[0].items) if known else len(brought.files)
    return photos, size + folder_bytes(folder / "previews")


def _cleanup_lock() -> FileLock:
    """Return the lock under which folders get a record or are removed, by one process at a time."""
    return FileLock(home() / "uploads.lock")
