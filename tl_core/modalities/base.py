"""What a kind of data is: one record without torch, and one module with it.

Everything else in this project asks the record; nothing else knows what a file holds. The record
names its tensors module, which is imported where tensors are needed
(:meth:`Modality.load_tensors`). The form follows fastai's ``TransformBlock``: one record for each
kind of data that the training loop never asks about.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tl_core.errors import DataError
from tl_core.reading import TooLarge, Unreadable, read_file
from tl_core.registry import Registry

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import nn

MAX_BYTES = 256 * 2**20
"""Of one file; what is larger is refused before it is read."""


@dataclass(frozen=True)
class Augmentation:
    """A recipe of random changes; a modality adds what it changes.

    Attributes
    ----------
    name, title, summary
        Identifier, heading, and one sentence for a learner who has to choose.
    """

    name: str
    title: str
    summary: str


class Preprocessing(Protocol):
    """What weights expect of their input; each modality has a frozen dataclass of its own."""

    @property
    def size(self) -> int:
        """The input size, in the modality's unit."""
        ...

    def at(self, size: int) -> Preprocessing:
        """Return the same preprocessing for another input size."""
        ...


class Form(Protocol):
    """How much of an item is kept: a frozen dataclass of plain values, part of every cache key."""

    @property
    def nbytes(self) -> int:
        """Bytes of a typical item in this form."""
        ...


@dataclass(frozen=True)
class Measures:
    """What a file says of its item, and what decoding it once showed.

    Attributes
    ----------
    numbers
        What the health report spreads (smallest, median, largest), such as a length.
    kinds
        What it counts, such as the file format; the report adds an ``s`` to each name.
    traits
        For remarks and calibration; the report spreads none of them.
    signature
        Alike for items that people would call the same, whatever their files; "" tells nothing.
    labels_only
        Whether this may be no item but the labels of another one, such as a mask.
    parts
        Items in the file; all but the first are passed over unless each is split off.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, float] = field(default_factory=dict)
    signature: str = ""
    labels_only: bool = False
    parts: int = 1


class Kept(NamedTuple):
    """What is kept of an item that was sent.

    Attributes
    ----------
    content
        The new content of its file; None where that stays as it is.
    smaller
        Whether the item became smaller.
    preview
        As of :class:`Modality`.
    parts
        Items in the file that was sent; the first of them is kept.
    """

    content: bytes | None
    smaller: bool
    preview: bytes
    parts: int = 1


class Rewritten(NamedTuple):
    """An item as a new file, and a JPEG picture that shows it as a whole."""

    content: bytes
    picture: bytes


@dataclass(frozen=True, eq=False)
class Modality:
    """One kind of data.

    What decodes a file (``open``, ``measure``, ``examine``, ``split_parts``, ``shrink``,
    ``rewrite``, ``preview``) loads what it takes when it is called, and never runs in the process
    of the pages.

    Attributes
    ----------
    name
        Stands in a backbone's facts, a data set and a record (``photo``).
    noun, plural
        For sentences ("3 of 20 photos").
    suffixes
        Of files that are probably of this kind, in lower case with the dot. They tell the kind of a
        whole data set; whether one file is an item only its content tells.
    settings
        How items are decoded: names and numbers, part of every cache key and of every record.
    packages
        Distributions that decode and draw: their versions stand in every record.
    size_title, size_unit
        What an input size is called on the screen, and its unit.
    smallest_size, largest_size
        Input sizes start and end here.
    growth
        A network's work grows with this power of the input size.
    preprocessing
        The dataclass of what weights expect (:class:`Preprocessing`).
    open
        From the bytes of a file to an item that is not decoded yet, in a set so calibrated.
        Refuses what is none, and what needs more than ``most`` units of work where that is given,
        by ``DataError`` with a plain reason.
    measure
        What an opened item says of itself, before it is decoded: numbers and kinds.
    examine
        From the bytes of a file to all :class:`Measures` of its item, which is decoded once, as
        cheaply as that takes. Equal bytes have equal measures. Refuses as ``open`` does, and what
        cannot be decoded.
    calibrate
        From the measures of all items of a set to what holds for the whole of it and decides how
        each is decoded: plain data, mostly none. It is part of every cache key and of every
        record, and new items are decoded as the set was that a network learned from.
    before_calibration
        What stands in for it in records from before it was kept.
    split_parts
        From the bytes of a file to each of its parts as a file of its own, one by one, in order and
        without loss.
    work
        From the numbers of :class:`Measures` to how much there is to decode, in units of the
        modality's own.
    most_work, most_variable
        Units of work of one item that a server accepts, and the environment variable that sets it.
    oddities
        From the measures of each item, by path, to sentences about items unlike the others.
    shrink
        From the bytes of a file and ``most`` units of work to what is kept of it on a server
        (:class:`Kept`). Nothing that the file tells beside the item itself, such as place, time or
        device, is kept.
    rewrite
        The same for an item that a network is asked about (:class:`Rewritten`): always a new file,
        without loss, whose name ends in ``written_suffix``.
    kept_as
        How large items are that were shrunk, in words.
    augmentations
        The gentlest first; ``none`` and ``standard`` are among them.
    preview
        From the bytes of a file to the small JPEG picture that stands for it on the screen; from
        those of two to four, to one picture of them all.
    tensors
        Name of the module that implements :class:`Tensors`.
    """

    name: str
    noun: str
    plural: str
    suffixes: frozenset[str]
    settings: Mapping[str, Any]
    packages: tuple[str, ...]
    size_title: str
    size_unit: str
    smallest_size: int
    largest_size: int
    growth: int
    preprocessing: type[Any]
    open: Callable[[bytes, float | None, Mapping[str, Any]], Any]
    measure: Callable[[Any], Measures]
    examine: Callable[[bytes, float | None], Measures]
    calibrate: Callable[[Iterable[Measures]], dict[str, Any]]
    before_calibration: Mapping[str, Any]
    split_parts: Callable[[bytes], Iterable[bytes]]
    work: Callable[[Mapping[str, float]], float]
    most_work: int
    most_variable: str
    oddities: Callable[[Mapping[str, Measures]], Iterable[str]]
    shrink: Callable[[bytes, float], Kept]
    rewrite: Callable[[bytes, float], Rewritten]
    written_suffix: str
    kept_as: str
    augmentations: Registry[Any]
    preview: Callable[[Sequence[bytes]], bytes]
    tensors: str

    def count(self, number: int) -> str:
        """Write a number of items: "1 photo", "1,200 photos"."""
        return f"{number:,} {self.noun if number == 1 else self.plural}"

    def load_tensors(self) -> Tensors:
        """Import the module with torch."""
        module: Any = importlib.import_module(self.tensors)
        return module  # type: ignore[no-any-return]


class Tensors(Protocol):
    """The module with torch of a modality.

    A *raw batch* is what its views are stacked into; a network's input layer turns it into what
    the first stage reads.
    """

    MADE_UP_SIZES: tuple[int, int]
    """Two sizes, small and large, at which decoding made-up items is measured."""

    def evaluation_form(self, preprocessing: Any) -> Form:
        """Return the form of the one view that is measured."""
        ...

    def training_form(self, preprocessing: Any, augmentation: Any) -> Form:
        """Return the smallest form from which an augmentation can draw its views."""
        ...

    def to_array(self, item: Any, form: Any) -> NDArray[Any]:
        """Decode an opened item; the result is what is kept of it.

        Raises
        ------
        DataError
            If it cannot be decoded.
        """
        ...

    def draw_view(self, array: torch.Tensor, preprocessing: Any, augmentation: Any) -> torch.Tensor:
        """Draw a view from an array in the training form, with torch's global generator."""
        ...

    def input_layer(self, preprocessing: Any) -> nn.Module:
        """Return the module without parameters from a raw batch to a network's input."""
        ...

    def show_view(self, view: torch.Tensor) -> bytes:
        """Return the picture of a view for the screen."""
        ...

    def make_up(self, folder: Path, count: int, size: int) -> list[Path]:
        """Write files of made-up items of a size, for benchmarks and contract tests."""
        ...

    def made_up_batch(self, count: int, preprocessing: Any) -> torch.Tensor:
        """Return a raw batch of made-up items, drawn with torch's global generator."""
        ...


def read_bytes(file: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    DataError
        If it is larger than ``MAX_BYTES``, or cannot be read.
    """
    try:
        return read_file(file, MAX_BYTES)
    except TooLarge as error:
        raise DataError(
            f"the file is larger than {MAX_BYTES // 2**20} MB: save it smaller."
        ) from error
    except Unreadable as error:
        raise DataError(f"the file {error}.") from error


def likely_modality(paths: Sequence[str], known: Iterable[Modality]) -> Modality:
    """Return the kind of data that most files are by their names; of equals the first known."""
    suffixes = [Path(path).suffix.lower() for path in paths]
    return max(known, key=lambda kind: sum(suffix in kind.suffixes for suffix in suffixes))
