"""The bundled sample set is whole, tidy and worth looking at."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HOME = Path(__file__).parents[3] / "assets" / "samples" / "produce"
COUNTS = {"studio": 40, "market": 40, "dusk": 20, "sketch": 20}
CLASSES = {"apple", "aubergine", "banana", "bell_pepper", "lemon", "orange", "pear", "tomato"}
COLUMNS = ["file", "class", "colour", "shape", "texture", "domain", "seed"]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return sorted(HOME.glob("*/*/*.jpg"))


@pytest.fixture(scope="module")
def pixels(files: list[Path]) -> np.ndarray:
    """Small versions of all pictures, shape (n, 20, 20, 3), 0 to 255."""
    small = []
    for file in files:
        with Image.open(file) as image:
            assert image.size == (160, 160) and image.mode == "RGB", file
            small.append(np.asarray(image.reduce(8), np.float32))
    return np.stack(small)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (HOME / "attributes.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("domain", COUNTS)
def test_each_domain_is_a_data_set_with_enough_pictures(domain: str) -> None:
    folders = {folder.name: folder for folder in (HOME / domain).iterdir()}
    assert set(folders) == CLASSES
    for folder in folders.values():
        assert len(list(folder.iterdir())) == COUNTS[domain], folder


def test_it_is_small_and_says_what_it_is(files: list[Path]) -> None:
    assert sum(file.stat().st_size for file in files) <= 12e6
    readme = (HOME / "README.md").read_text()
    assert "MIT" in readme and "mitsuba==" in readme


def test_no_picture_is_black_or_blank(files: list[Path], pixels: np.ndarray) -> None:
    for file, picture in zip(files, pixels, strict=True):
        assert picture.mean() > 20, f"{file} is black"
        assert picture.std() > 5, f"{file} is blank"


def test_no_two_pictures_are_alike(files: list[Path], pixels: np.ndarray) -> None:
    """Not even up to brightness: their small versions are compared after standardising."""
    flat = pixels.mean(-1).reshape(len(files), -1)
    flat = (flat - flat.mean(1, keepdims=True)) / flat.std(1, keepdims=True)
    likeness = flat @ flat.T / flat.shape[1]
    np.fill_diagonal(likeness, 0)
    first, second = np.unravel_index(likeness.argmax(), likeness.shape)
    assert likeness.max() < 0.985, f"{files[first]} and {files[second]} look alike"


def test_the_table_of_attributes_is_complete(files: list[Path], rows: list[dict[str, str]]) -> None:
    assert list(rows[0]) == COLUMNS
    assert [row["file"] for row in rows] == [file.relative_to(HOME).as_posix() for file in files]
    for row in rows:
        assert all(row.values()), row
        assert row["file"].split("/")[:2] == [row["domain"], row["class"]]
        assert (row["colour"] == "none") == (row["domain"] == "sketch")
    assert len({row["seed"] for row in rows}) == len(rows)


def test_a_picture_carries_its_row(files: list[Path], rows: list[dict[str, str]]) -> None:
    for file, row in list(zip(files, rows, strict=True))[::97]:
        with Image.open(file) as image:
            assert json.loads(image.info["comment"]) == row


def test_colour_alone_does_not_tell_the_classes_apart(rows: list[dict[str, str]]) -> None:
    market = [row for row in rows if row["domain"] == "market"]
    for name in CLASSES:
        assert len({row["colour"] for row in market if row["class"] == name}) >= 3, name
    for colour in ("green", "yellow"):
        assert len({row["class"] for row in market if row["colour"] == colour}) >= 5, colour
