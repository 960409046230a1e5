"""What goes into a reading of folders, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field

LAYOUTS = {
    "auto": "The reading that the folders, the file names and the tables speak for.",
    "splits": "Folders named train, val or test hold, or lie in, one folder for each class.",
    "classes": "Each folder at the top is a class; folders inside it are merged.",
    "inner": "The folders inside the top folders are the classes; the top folders are merged.",
    "names": "The file names tell the classes, as cat.0.jpg and dog_12.png do.",
    "csv": "A table beside the files tells the classes.",
}
"""Ways to read a set, and what each means."""


@dataclass(frozen=True)
class Seen:
    """A file as the reading sees it.

    Attributes
    ----------
    path
        Relative to the set, with forward slashes.
    usable
        Whether it can be decoded as an item. What cannot is no evidence.
    labels_only
        Whether it may be the mask of another item: it holds few distinct values.
    sha256
        Of its content, or nothing.
    """

    path: str
    usable: bool = True
    labels_only: bool = False
    sha256: str = ""


@dataclass(frozen=True)
class Place:
    """Where a file belongs: split (None without split folders) and class."""

    split: str | None
    label: str


@dataclass(frozen=True)
class Other:
    """Another reading that gives at least two classes, and what they are, in a line."""

    layout: str
    text: str


@dataclass(frozen=True)
class Suggestion:
    """What would mend something odd.

    Attributes
    ----------
    kind
        ``merge``: the files of ``classes`` go into the class ``into``; ``drop``: ``classes`` go.
    text
        What is odd, in a sentence.
    """

    kind: str
    text: str
    classes: tuple[str, ...] = ()
    into: str = ""


@dataclass(frozen=True)
class Reading:
    """Splits and classes of a set, why, and what else they could be.

    Attributes
    ----------
    layout
        The reading that was taken: one of ``LAYOUTS``, but not ``auto``.
    text
        The reading in one line.
    wrapper
        Folders that were looked through, with a slash at the end, or nothing.
    placed, left_out
        From the path of a file to its place, or to the reason why it has none.
    passed_over
        From a rule to the paths of the files that it passed over.
    splits
        From the name of a folder to ``train``, ``val`` or ``test``.
    tables
        Paths of the tables that the classes come from.
    others
        The other readings that give at least two classes.
    undecided
        Nothing, or the two readings that are equally likely; the first of them was taken.
    notes
        Sentences that a person should read.
    suggestions
        What would mend something odd.
    """

    layout: str
    text: str
    wrapper: str
    placed: dict[str, Place]
    left_out: dict[str, str]
    passed_over: dict[str, tuple[str, ...]] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    others: tuple[Other, ...] = ()
    undecided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    tables: tuple[str, ...] = ()
