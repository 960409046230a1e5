"""From a folder to a data set: files -> facts -> reading -> set -> report.

Of a stored set, whose files never change, the whole outcome is kept (:mod:`tl_core.data.checked`);
of any other folder what each content is (:mod:`tl_core.data.facts`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from tl_core.data.checked import Opened, read_checked, write_checked
from tl_core.data.copies.twins import find_twins, group_keys
from tl_core.data.facts import FileFacts, Unchecked, look_at_files
from tl_core.data.files import list_files
from tl_core.data.layout import Seen, read_layout
from tl_core.data.manifest import MANIFEST, Brought
from tl_core.data.pages import add_pages
from tl_core.data.read_as import AS_FOUND, ReadAs
from tl_core.data.report import Found, report
from tl_core.data.respell import respell
from tl_core.data.spec import DatasetSpec, Item
from tl_core.data.tables import read_tables
from tl_core.errors import DataError
from tl_core.modalities import Modality, modality_of
from tl_core.steps import Progress
from tl_core.words import some_of


def scan(
    root: Path,
    how: ReadAs = AS_FOUND,
    *,
    progress: Progress | None = None,
    name: str | None = None,
    decode: bool = True,
) -> Opened:
    """Check a folder of items, and read splits and classes out of it.

    Parameters
    ----------
    root
        The folder, or the folder of a stored set.
    how
        How to read it, where the evidence shall not decide.
    progress
        Called with the number of files looked at and their total.
    name
        What to call the data set; the folder's name unless given.
    decode
        Whether what nobody has checked yet may be looked at: content that nobody has seen may be
        decoded, and a stored set, whose names and tables are a stranger's, may be read otherwise
        than before.

    Returns
    -------
    DatasetSpec
        The readable items. It may still be too small to train on: see ``require_usable``.
    HealthReport
        What a person should know about them.

    Raises
    ------
    DataError
        If the folder holds no readable item of any class.
    Unchecked
        If nothing of that may be done, and has to be.
    """
    dataset, health = read_checked(root, how) or _scan(root, how, progress, decode)
    if name is None:
        return dataset, health
    return replace(dataset, name=name), replace(health, name=name)


def _scan(root: Path, how: ReadAs, progress: Progress | None, decode: bool) -> Opened:
    if not decode and (root / MANIFEST).is_file():
        raise Unchecked(root)
    brought = list_files(root)
    if how.zip_names != "auto":
        brought = respell(brought, how.zip_names)
    kind = modality_of(list(brought.files))
    facts = look_at_files(root, brought, kind, progress, decode=decode)
    pages: dict[str, str] = {}
    if how.pages == "all":
        brought, pages = add_pages(root, brought, facts, kind, decode=decode)
        facts = look_at_files(root, brought, kind, progress, decode=decode, seen=facts)
    reading = read_layout(
        _seen(brought, facts),
        choice=how.layout if how.layout != "auto" else brought.layout,
        tables=read_tables(root, brought.files),
        empty_folders=brought.empty_folders,
    )
    found = Found(brought, facts, reading, tuple(pages))
    dataset, crowd = _dataset(root, found, kind, pages)
    if not dataset.items:
        raise nothing_found(kind, found)
    health = report(dataset, found, crowd)
    write_checked(dataset, health, how)
    return dataset, health


def _seen(brought: Brought, facts: Mapping[str, FileFacts]) -> list[Seen]:
    """Return all files as the reading sees them: also those that are no items tell something."""
    good = [
        Seen(path, True, fact.measures.labels_only, fact.sha256)
        if fact.measures
        else Seen(path, usable=False, sha256=fact.sha256)
        for path, fact in facts.items()
    ]
    return [*good, *(Seen(path, usable=False) for path in brought.left_out)]


def _dataset(
    root: Path, found: Found, kind: Modality, pages: Mapping[str, str]
) -> tuple[DatasetSpec, tuple[int, ...]]:
    """Put together the items, and say which of them look like too many others.

    ``pages`` leads from a page to the file that it is of.
    """
    reading, facts = found.reading, found.facts
    good = sorted(
        (found.shown(path), path)
        for path in reading.placed
        if path in facts and facts[path].measures is not None
    )
    classes = sorted({reading.placed[path].label for _, path in good})
    labels = {name: label for label, name in enumerate(classes)}
    measures = [known for _, path in good if (known := facts[path].measures)]
    # Pages of one file belong together as much as copies of it.
    contents = [facts[pages.get(path, path)].sha256 for _, path in good]
    twins = find_twins([shown for shown, _ in good], contents, [one.signature for one in measures])
    items = [
        Item(
            shown,
            label=labels[reading.placed[path].label],
            split=reading.placed[path].split,
            sha256=facts[path].sha256,
            stored=found.brought.files[path],
            group=group,
        )
        for (shown, path), group in zip(good, group_keys(contents, twins.groups), strict=True)
    ]
    dataset = DatasetSpec(
        root,
        found.brought.name,
        kind.name,
        tuple(classes),
        tuple(items),
        _fingerprint(classes, items),
        kind.calibrate(measures),
    )
    return dataset, twins.crowd


def _fingerprint(classes: list[str], items: Iterable[Item]) -> str:
    """Return the digest of classes, paths and contents, and of labels that no folder tells."""
    content = [classes, [(item.path, item.sha256) for item in items]]
    if any(_told(item) != classes[item.label] for item in items):
        content.append([(item.label, item.split) for item in items])
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _told(item: Item) -> str:
    """Return the class that the folders around an item tell: the first, below that of a split."""
    return item.path.split("/")[item.split is not None]


def nothing_found(kind: Modality, found: Found) -> DataError:
    """Return the error for a data set without a single readable item of any class."""
    name = found.brought.name
    wanted = f"There should be one folder for each class, with its {kind.plural} inside."
    said = " ".join(note for note in found.reading.notes)
    if outside := found.outside:
        path, reason = next(iter(outside.items()))
        return DataError(
            f"The {len(outside)} {kind.plural} of {name!r} belong to no class, for example "
            f"{path}: {reason} {said or wanted}"
        )
    if unusable := found.unusable:
        path, reason = next(iter(unusable.items()))
        return DataError(
            f"None of the {len(unusable)} files in {name!r} can be used. For example {path}: "
            f"{reason} {wanted}"
        )
    if found.brought.passed_over:
        over = some_of(f"{number} {rule}" for rule, number in found.brought.passed_over.items())
        return DataError(f"There are no {kind.plural} in {name!r}, only {over}. {wanted}")
    return DataError(f"There are no {kind.plural} in {name!r}. {wanted}")
