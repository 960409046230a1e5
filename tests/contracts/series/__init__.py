"""A tiny invented kind of data: a series of numbers, one a line. It lives in the tests alone.

What the contract asks of it is all that the next real kind has to bring: this record, the module
with torch beside it, and a network that reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tests.contracts.series.network import ARCHITECTURE, spec
from tl_core.backbones import backbones
from tl_core.backbones.catalog import ARCHITECTURES
from tl_core.errors import DataError
from tl_core.modalities import MODALITIES
from tl_core.modalities.base import Augmentation, Kept, Measures, Modality, Rewritten
from tl_core.registry import Registry

MOST = 10_000
"""Numbers of a series at most."""


@dataclass(frozen=True)
class SeriesPreprocessing:
    """The length that a series is cut to, and its usual mean and deviation."""

    size: int
    mean: float
    std: float

    def at(self, size: int) -> SeriesPreprocessing:
        return SeriesPreprocessing(size, self.mean, self.std)


@dataclass(frozen=True)
class Jitter(Augmentation):
    """Shifts a series in time and adds noise."""

    shift: int = 0
    noise: float = 0.0


PART = b"="
"""A line between series that share a file; the first one is used."""

LOUD = 2.0
"""A set whose largest number is beyond this is divided by that number."""


@dataclass
class Opened:
    """A series whose numbers are not read yet; ``largest`` is that of its set, if it is loud."""

    lines: list[bytes] = field(repr=False)
    largest: float = 1.0

    def values(self) -> np.ndarray:
        try:
            numbers = np.array([float(line) for line in self.lines], np.float32)
        except ValueError as error:
            raise DataError(f"the file is damaged ({error}).") from error
        if not np.isfinite(numbers).all():
            raise DataError("a number is infinite or undefined.")
        return numbers / np.float32(self.largest)


def open_series(
    data: bytes, most: float | None, calibration: Mapping[str, float] = MappingProxyType({})
) -> Opened:
    lines = split_parts(data)[0].split()
    if not lines or not lines[0].lstrip(b"+-").replace(b".", b"", 1)[:1].isdigit():
        raise DataError("not a series of numbers.")
    if len(lines) > min(MOST, math.inf if most is None else 1000 * most):
        raise DataError(f"the series has {len(lines)} numbers: cut it.")
    return Opened(lines, calibration.get("largest", 1.0))


def measure(item: Opened) -> Measures:
    return Measures(
        {"length": len(item.lines)}, {"sign": "signed" if b"-" in item.lines[0] else "plain"}
    )


def examine(data: bytes, most: float | None) -> Measures:
    item = open_series(data, most)
    largest = float(np.abs(item.values()).max())
    return replace(measure(item), traits={"largest": largest}, parts=len(split_parts(data)))


def calibrate(items: Iterable[Measures]) -> dict[str, float]:
    largest = max((item.traits["largest"] for item in items), default=0)
    return {"largest": largest} if largest > LOUD else {}


def split_parts(data: bytes) -> list[bytes]:
    return data.split(PART)


def write(values: np.ndarray) -> bytes:
    return b"\n".join(b"%.5f" % value for value in values)


def shrink(data: bytes, most: float) -> Kept:
    values = open_series(data, most).values()
    content = write(values[::2]) if len(values) > 500 else None
    return Kept(content, content is not None, preview([data]), len(split_parts(data)))


def rewrite(data: bytes, most: float) -> Rewritten:
    return Rewritten(write(open_series(data, most).values()), preview([data]))


def preview(files: Sequence[bytes]) -> bytes:
    return b"\n".join(write(open_series(data, None).values()[:8]) for data in files)


def _work(numbers: Mapping[str, float]) -> float:
    return numbers["length"] / 1000


JITTERS: Registry[Jitter] = Registry("augmentation")
for _jitter in (
    Jitter("none", "None", "Every epoch shows the same series."),
    Jitter("standard", "Standard", "A little later or earlier, with noise.", 3, 0.05),
):
    JITTERS.register(_jitter.name, _jitter)

SERIES = Modality(
    name="series",
    noun="series",
    plural="series",
    suffixes=frozenset({".series"}),
    settings={"separator": "white space", "most": MOST},
    packages=("numpy",),
    size_title="Length in steps",
    size_unit="steps",
    smallest_size=16,
    largest_size=MOST,
    growth=1,
    preprocessing=SeriesPreprocessing,
    open=open_series,
    measure=measure,
    examine=examine,
    calibrate=calibrate,
    before_calibration={},
    split_parts=split_parts,
    work=_work,
    most_work=MOST // 1000,
    most_variable="TL_UPLOAD_STEPS",
    oddities=lambda items: (),
    shrink=shrink,
    rewrite=rewrite,
    written_suffix=".series",
    kept_as="every other number",
    augmentations=JITTERS,
    preview=preview,
    tensors="tests.contracts.series.tensors",
)


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the kind and its network known for the length of a test."""
    monkeypatch.setitem(MODALITIES._items, "series", SERIES)
    monkeypatch.setitem(ARCHITECTURES._items, ARCHITECTURE.name, ARCHITECTURE)
    monkeypatch.setitem(backbones()._items, ARCHITECTURE.name, spec(SeriesPreprocessing(64, 0, 1)))


def make_folder(root: Path, per_class: int) -> Path:
    """Write class folders: waves that differ in their frequency, in phase and noise at random."""
    draw = np.random.default_rng(0)
    for name, frequency in (("slow", 2), ("quick", 7)):
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            time = np.linspace(0, 2 * np.pi, 80)
            wave = np.sin(frequency * time + draw.uniform(0, 6)) + draw.normal(0, 0.1, 80)
            (root / name / f"{number:03}.series").write_bytes(write(wave))
    return root


def make_loud(root: Path, factor: float) -> None:
    """Multiply the numbers of all series in a folder."""
    for file in root.rglob("*.series"):
        file.write_bytes(write(factor * open_series(file.read_bytes(), None).values()))
