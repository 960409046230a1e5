"""One-click remedies: what a learner mends in a set of photos, as a new set.

Nobody edits files. A remedy writes down a new list of photos, with other class names or fewer
entries, that refers to the same stored files; so the former set stays as it was, and choosing it
again undoes the remedy. Bundled and public sets, and those of a room, become the learner's own that
way. The new set counts against what the learner may keep, like any other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from tl_core.data.facts import carry_over
from tl_core.data.files import Names, clean
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.spec import DatasetSpec, Item
from tl_core.data.staging import StagingFolder, refusing_full_disk
from tl_core.errors import DataError
from tl_core.server.limits import no_room
from tl_core.server.previews import preview_of, upload_preview
from tl_core.server.shown import open_checked
from tl_core.server.upload_spool import UploadSpool
from tl_core.server.uploads import Upload, Uploads

LONGEST_NAME = 60
"""Characters of a class name that a learner types."""

_MARK = " · "
"""Between the name of a set and what was done to it."""

_KEPT_FIRST = ("test", "val", "train", None)
"""Of copies in several splits the first of these is kept, so that what measures stays the same."""

Classes = Mapping[int, str]
"""The new class of each photo that is kept, by the photo's index."""


def drop_copies(uploads: Uploads, owner: str, data: str, how: ReadAs = AS_FOUND) -> Upload:
    """Keep one of each group of byte-identical photos.

    Of a photo that lies in different classes none is kept: at most one of its labels is right, and
    the files do not tell which. Of one in several splits the one that measures is kept.

    Parameters
    ----------
    uploads
        The server's uploads.
    owner
        The learner, who has to be allowed to use the photos.
    data
        Folder of an upload, or name of a bundled or public set.
    how
        How it is read.

    Returns
    -------
    Upload
        The new set, which belongs to the learner.

    Raises
    ------
    DataError
        In one sentence, if the photos are not the learner's to use or gone, if nothing would change
        or be left, or if there is no room.
    """

    def choose(dataset: DatasetSpec) -> Classes:
        groups: dict[str, list[int]] = {}
        for index, photo in enumerate(dataset.items):
            groups.setdefault(photo.sha256, []).append(index)
        kept = {_one_of(dataset.items, group) for group in groups.values()}
        return {i: old for i, old in _as_they_are(dataset).items() if i in kept}

    return _remedy(uploads, owner, data, how, choose, "without copies")


def keep_one_of_each(uploads: Uploads, owner: str, data: str, how: ReadAs = AS_FOUND) -> Upload:
    """Keep one of each group of photos that show the same, byte-identical or not.

    Of a group in several splits a photo that measures is kept; else the largest file, which has
    lost least; of equal ones the first by name. That photos show the same is a guess, so of those
    in different classes all are kept; only of byte-identical ones among them none is. See
    :func:`drop_copies` for parameters and errors.
    """

    def choose(dataset: DatasetSpec) -> Classes:
        groups: dict[str, list[int]] = {}
        for index, photo in enumerate(dataset.items):
            groups.setdefault(photo.shows, []).append(index)
        kept = {i for group in groups.values() for i in _ones_of(dataset, group)}
        return {i: old for i, old in _as_they_are(dataset).items() if i in kept}

    return _remedy(uploads, owner, data, how, choose, "one of each")


def drop_class(
    uploads: Uploads, owner: str, data: str, name: str, how: ReadAs = AS_FOUND
) -> Upload:
    """Leave a class out. See :func:`drop_copies` for parameters and errors."""

    def choose(dataset: DatasetSpec) -> Classes:
        _require(dataset, [name])
        return {i: old for i, old in _as_they_are(dataset).items() if old != name}

    return _remedy(uploads, owner, data, how, choose, f"without {name}")


def rename_class(
    uploads: Uploads, owner: str, data: str, name: str, new: str, how: ReadAs = AS_FOUND
) -> Upload:
    """Give a class another name; see :func:`class_name` for what a name may be.

    See :func:`drop_copies` for the other parameters and errors.
    """
    new = class_name(new)

    def choose(dataset: DatasetSpec) -> Classes:
        _require(dataset, [name])
        if new in dataset.classes and new != name:
            raise DataError(
                f"There is a class {new!r} already. Merge the two, or choose another name."
            )
        return {i: new if old == name else old for i, old in _as_they_are(dataset).items()}

    return _remedy(uploads, owner, data, how, choose, f"{name} is {new}")


def merge_classes(
    uploads: Uploads,
    owner: str,
    data: str,
    names: Iterable[str],
    into: str,
    how: ReadAs = AS_FOUND,
) -> Upload:
    """Make one class of several. See :func:`drop_copies` for the other parameters and errors."""
    names, into = list(names), class_name(into)

    def choose(dataset: DatasetSpec) -> Classes:
        _require(dataset, names)
        if len(set(names)) < 2:
            raise DataError("Choose at least two classes to merge.")
        if into in dataset.classes and into not in names:
            raise DataError(f"There is a class {into!r} already. Merge that one too.")
        return {i: into if old in names else old for i, old in _as_they_are(dataset).items()}

    return _remedy(uploads, owner, data, how, choose, f"merged into {into}")


def class_name(text: str) -> str:
    """Return a typed class name in its final form: one line of at most 60 characters.

    Raises
    ------
    DataError
        If nothing is left that can be seen.
    """
    line = clean("".join(" " if c.isspace() or c in "/\\" else c for c in text))
    # Files of classes that begin with a dot would count as hidden ones.
    name = " ".join(line.split()).lstrip(". ")[:LONGEST_NAME].rstrip()
    if not name or not any(c.isprintable() and not c.isspace() for c in text):
        raise DataError("A class needs a name that can be seen, such as 'bees'.")
    return name


def _one_of(items: tuple[Item, ...], copies: list[int]) -> int | None:
    """Return the index of the copy that is kept; None where their labels contradict one another."""
    if len({items[index].label for index in copies}) > 1:
        return None
    return min(copies, key=lambda index: (_KEPT_FIRST.index(items[index].split), index))


def _ones_of(dataset: DatasetSpec, group: list[int]) -> Iterator[int]:
    """Yield the indices of what is kept of photos that show the same."""
    items = dataset.items
    if len({items[index].label for index in group}) == 1:
        yield min(
            group,
            key=lambda i: (_KEPT_FIRST.index(items[i].split), -_size(dataset, i), items[i].path),
        )
        return
    copies: dict[str, list[int]] = {}
    for index in group:
        copies.setdefault(items[index].sha256, []).append(index)
    yield from (one for same in copies.values() if (one := _one_of(items, same)) is not None)


def _size(dataset: DatasetSpec, index: int) -> int:
    try:
        return dataset.file(index).stat().st_size
    except FileNotFoundError as error:
        raise _gone() from error


def _as_they_are(dataset: DatasetSpec) -> Classes:
    return {i: dataset.classes[photo.label] for i, photo in enumerate(dataset.items)}


def _require(dataset: DatasetSpec, names: Iterable[str]) -> None:
    if missing := [name for name in names if name not in dataset.classes]:
        raise DataError(
            f"There is no class {missing[0]!r} in these photos (any more). "
            f"There are {', '.join(dataset.classes[:10])}."
        )


def _remedy(
    uploads: Uploads,
    owner: str,
    data: str,
    how: ReadAs,
    choose: Callable[[DatasetSpec], Classes],
    what: str,
) -> Upload:
    """Store what ``choose`` keeps of a set as a new set of the learner's."""
    if not uploads.may_use(owner, data):
        raise DataError("These photos are not on this server any more. Choose others.")
    dataset, _ = open_checked(data, how)
    classes = choose(dataset)
    if not classes:
        raise DataError("No photo would be left.")
    if classes == _as_they_are(dataset):
        raise DataError("Nothing would change.")
    if len(classes) > uploads.limits.items:
        raise DataError(
            f"{len(classes):,} photos are too many: a set of your own may have "
            f"{uploads.limits.items:,}. Choose a smaller set."
        )
    paths = _paths(dataset, classes)
    known = {str(upload.path): upload.name for upload in uploads.of(owner)}
    former = known.get(data, dataset.name).partition(_MARK)[0]
    name = f"{former[:40]}{_MARK}{what}"[:80]

    def make(spool: UploadSpool, target: Path, room: int) -> None:
        with (
            refusing_full_disk(name),
            StagingFolder(spool.file.parent, name, uploads.limits) as staging,
        ):
            staging.brought.layout = "splits" if dataset.items[0].split else "classes"
            _fill(staging, dataset, paths, room)
            staging.seal()
            carry_over(dataset.root, staging.folder, dataset.kind)
            staging.commit(target)

    content = [(path, dataset.items[index].sha256) for index, path in paths]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return uploads.keep(owner, name, digest, make)


def _paths(dataset: DatasetSpec, classes: Classes) -> list[tuple[int, str]]:
    """Return the new path of each photo: split, class and file name, and nothing deeper."""
    names = Names()
    paths = []
    for index, name in classes.items():
        photo = dataset.items[index]
        parts = [photo.split, name, photo.path.rpartition("/")[2]]
        paths.append((index, names.take("/".join(part for part in parts if part))))
    return paths


def _fill(
    staging: StagingFolder, dataset: DatasetSpec, paths: list[tuple[int, str]], room: int
) -> None:
    """Let a new folder refer to the stored files, or copy them where the disk cannot do that."""
    try:
        needed = sum(dataset.file(index).stat().st_size for index, _ in paths)
        if needed > room:
            raise staging.refuse(no_room(needed, room))
        for index, path in paths:
            stored = staging.place()
            source, target = dataset.file(index), staging.folder / stored
            _link(source, target)
            if (preview := preview_of([source])).is_file():
                _link(preview, upload_preview(target))
            staging.brought.files[path] = stored
    except FileNotFoundError as error:
        raise _gone() from error


def _gone() -> DataError:
    return DataError("These photos are being removed. Choose others.")


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copy2(source, target)
