"""What a person should know about a data set before training on it; :mod:`report` makes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tl_core.data.copies.report import Copies, NearCopies
from tl_core.data.layout import Other, Suggestion
from tl_core.errors import DataError


@dataclass(frozen=True)
class HowRead:
    """How folders and names became splits and classes.

    Attributes
    ----------
    layout
        The reading that was taken, by its name in :data:`tl_core.data.layout.LAYOUTS`.
    text
        The same in a sentence ("Read as: classes ants, bees").
    wrapper
        Folders around everything that were looked through, with a slash at the end, or nothing.
    splits
        From a folder to the split that it is.
    others
        What else it could be.
    undecided
        Two readings that are equally likely: training waits until one is chosen. Else empty.
    encoding
        In which encoding names were read that did not say theirs; empty where all did.
    encodings
        What the names would be in this and in others, where that stays a guess.
    """

    layout: str
    text: str
    wrapper: str = ""
    splits: dict[str, str] = field(default_factory=dict)
    others: tuple[Other, ...] = ()
    undecided: tuple[str, ...] = ()
    encoding: str = ""
    encodings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """Between which readings nobody but the person who brought the set can decide."""
        told = {self.layout: self.text.removeprefix("Read as: ")} | {
            other.layout: other.text for other in self.others
        }
        first, second = (f"{name} ({told[name]})" for name in self.undecided)
        names = " or ".join(f"--layout {name}" for name in self.undecided)
        return (
            f"The folders of these files can be read in two ways that are equally likely: {first}, "
            f"or {second}. Choose one; on the command line: {names}."
        )


@dataclass(frozen=True)
class HealthReport:
    """The health of a data set; plain data, for a page or for JSON.

    Every file that was brought is accounted for once: items, ``left_out`` and ``passed_over``
    together are ``brought`` and ``further_pages``.

    Attributes
    ----------
    name, modality
        Of the data set.
    layout
        How folders and names were read.
    brought
        Number of files.
    further_pages
        Items that are second and further pages of a file, where those were asked for.
    classes
        Sorted; the union over all splits.
    splits
        Number of readable items for each split and class; the only split is ``all`` where the
        folders name none.
    spreads
        Smallest, median and largest of each number that the modality measures.
    kinds
        For each kind that it measures (``formats``) how many items there are of which, the
        commonest first.
    left_out
        Files that are left out, and why.
    passed_over
        From a rule ("thumbnails of a network drive") to the number of files that fell under it.
    shrunk
        Items that were made smaller when they were taken in; sizes are those after it.
    paged
        Files with several pages.
    duplicates
        Byte-identical copies.
    near_copies
        Items that seem to show the same without being byte-identical.
    suggestions
        What could be mended with a click.
    warnings
        Sentences for a person; training is possible all the same.
    problems
        Sentences for a person; training is not possible before they are solved.
    """

    name: str
    modality: str
    layout: HowRead
    brought: int
    further_pages: int
    classes: tuple[str, ...]
    splits: dict[str, dict[str, int]]
    spreads: dict[str, dict[str, float]]
    kinds: dict[str, dict[str, int]]
    left_out: dict[str, str]
    passed_over: dict[str, int]
    shrunk: int
    paged: tuple[str, ...]
    duplicates: Copies
    near_copies: NearCopies
    suggestions: tuple[Suggestion, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data, as ``inspect --json`` prints it."""
        values = asdict(self)
        values |= values.pop("spreads") | values.pop("kinds")
        values["unreadable"] = [
            {"file": path, "reason": reason} for path, reason in values.pop("left_out").items()
        ]
        return values


def require_decided(report: HealthReport) -> None:
    """Check that it is clear how a data set is to be read.

    Raises
    ------
    DataError
        If two readings are equally likely; they are named.
    """
    if report.layout.undecided:
        raise DataError(report.layout.question)


def require_usable(report: HealthReport) -> None:
    """Check that a data set can be trained on.

    Raises
    ------
    DataError
        With what was found and what is needed: one reading of its folders, at least two classes,
        and in each two different items to learn from.
    """
    if report.problems:
        raise DataError(" ".join(report.problems))
