"""What is said of the photos of a set, and what might be no photos: labels of others."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.photos import make_photo
from tl_core.modalities.base import Measures
from tl_core.modalities.photo import PHOTO


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def examined(image: Image.Image, kind: str = "PNG", **options: Any) -> Measures:
    return PHOTO.examine(encode(image, kind, **options), None)


def said(word: str, **photos: Measures) -> list[str]:
    return [sentence for sentence in PHOTO.oddities(photos) if word in sentence]


# ------------------------------------------------------------------------- black and even pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "PPM"])
def test_nearly_black_pictures_are_named(kind: str) -> None:
    dim = examined(make_photo(0).point(lambda level: level // 16), kind)
    usual = examined(make_photo(0), kind)
    assert said("nearly black", dim=dim, usual=usual) == [
        "Pictures that are nearly black, in which little can be seen: dim."
    ]
    assert not said("one colour", dim=dim, usual=usual)


def test_a_few_hot_pixels_do_not_hide_that_a_picture_is_black() -> None:
    image = Image.new("L", (200, 200), 3)
    image.paste(255, (50, 50, 55, 55))
    assert said("nearly black", image=examined(image))


@pytest.mark.parametrize("colour", [(0, 0, 255), (60, 0, 0), (20, 90, 20)])
def test_things_on_black_are_not_nearly_black(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (200, 200))
    image.paste(colour, (50, 50, 70, 70))
    assert not list(PHOTO.oddities({"image": examined(image)}))


def png_of_16_bits(factor: int) -> bytes:
    """Return a colour PNG with 16 bits a channel, which Pillow does not write."""
    values = np.asarray(make_photo(0)).astype(">u2") * factor
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 80, 60, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def test_colour_of_12_in_16_bits_is_named_with_what_helps() -> None:
    dim = PHOTO.examine(png_of_16_bits(16), None)
    assert said("nearly black", dim=dim, usual=examined(make_photo(0))) == [
        "Colour pictures with 16 bits a channel that are nearly black, since the upper 8 bits "
        "alone are read: dim. Save them with 8 bits a channel."
    ]
    assert not list(PHOTO.oddities({"bright": PHOTO.examine(png_of_16_bits(256), None)}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "AVIF"])
@pytest.mark.parametrize("colour", ["white", "grey", "red"])
def test_pictures_of_one_colour_are_named(kind: str, colour: str) -> None:
    even = examined(Image.new("RGB", (80, 60), colour), kind)
    assert said("one colour", even=even, usual=examined(make_photo(0))) == [
        "Pictures of one colour all over, in which nothing can be seen: even."
    ]


@pytest.mark.parametrize("value", [0, 700, 4095])
def test_even_pictures_of_16_bits_are_named_once(value: int) -> None:
    even = examined(Image.fromarray(np.full((60, 80), value, np.uint16)))
    levels = np.asarray(make_photo(0).convert("L")).astype(np.uint16)
    photos = {"even": even, "usual": examined(Image.fromarray(levels * 16))}
    assert len(said("in which", **photos)) == 1
    assert "even" in said("in which", **photos)[0]


def test_what_an_older_check_remembers_is_no_reason_to_warn() -> None:
    old = Measures({"width": 80, "height": 60}, {"format": "JPEG", "mode": "RGB"})
    assert list(PHOTO.oddities({"old": old})) == []


# ------------------------------------------------------------------------------------ label images


def mask(size: tuple[int, int] = (160, 120), values: int = 2, seed: int = 0) -> Image.Image:
    """Draw areas of one value each on a background of 0."""
    draw = np.random.default_rng(seed)
    image = Image.new("L", size)
    pen = ImageDraw.Draw(image)
    for value in range(1, values):
        x, y = (int(draw.integers(0, side)) for side in size)
        reach = int(draw.integers(min(size) // 8, min(size) // 2))
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=value)
    return image


def trimap() -> Image.Image:
    image = Image.new("L", (160, 120), 2)
    pen = ImageDraw.Draw(image)
    pen.ellipse((30, 20, 120, 100), fill=3)
    pen.ellipse((34, 24, 116, 96), fill=1)
    return image


def vessels() -> Image.Image:
    image, draw = Image.new("L", (300, 300)), np.random.default_rng(0)
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        pen.line([tuple(map(int, draw.integers(0, 300, 2))) for _ in range(3)], 255, 3)
    return image


def coloured() -> Image.Image:
    names = mask(values=6)
    names.putpalette([128, 64, 128, *np.random.default_rng(1).integers(0, 256, 60).tolist()])
    return names.convert("RGB")


def of_16_bits() -> Image.Image:
    return Image.fromarray(np.asarray(mask(values=5)).astype(np.uint16) * 1000)


LABELS: dict[str, Callable[[], Image.Image]] = {
    "mask of 0 and 1": mask,
    "mask of 0 and 255": lambda: mask().point(lambda value: 255 * value),
    "mask of one bit": lambda: mask().point(lambda value: 255 * value).convert("1"),
    "mask of what takes all": lambda: Image.new("L", (80, 60), 1),
    "empty mask": lambda: Image.new("L", (80, 60)),
    "mask on white": lambda: mask().point(lambda value: 255 - 255 * value),
    "large": lambda: mask((2000, 1500)),
    "trimap": trimap,
    "vessels": vessels,
    "classes": lambda: mask(values=20),
    "classes in colours": coloured,
    "instances in 16 bits": of_16_bits,
}


@pytest.mark.parametrize("make", LABELS.values(), ids=LABELS.keys())
def test_label_images_are_told(make: Callable[[], Image.Image]) -> None:
    for kind in ("PNG", "TIFF", "GIF", "BMP") if make().mode != "I;16" else ("PNG", "TIFF"):
        assert examined(make(), kind).labels_only, kind
    assert not examined(make().convert("L"), "JPEG").labels_only, "a JPEG keeps no names"


@given(st.integers(2, 30), st.integers(0, 999), st.integers(60, 700), st.integers(60, 700))
@settings(max_examples=25, deadline=None)
def test_areas_of_any_number_and_size_are_told(
    values: int, seed: int, width: int, height: int
) -> None:
    assert examined(mask((width, height), values, seed)).labels_only


def sketch() -> Image.Image:
    """Draw lines on paper, as in the bundled sketches but without loss."""
    image = Image.new("L", (160, 160), 255)
    pen = ImageDraw.Draw(image)
    for reach in (20, 45, 60):
        pen.ellipse((80 - reach, 80 - reach, 80 + reach, 80 + reach // 2), outline=0, width=2)
    pen.line((10, 150, 70, 90, 150, 140), fill=0, width=2)
    return image


def scan() -> Image.Image:
    page = Image.new("1", (600, 800), 1)
    pen = ImageDraw.Draw(page)
    for line in range(30, 760, 20):
        pen.text((30, line), "what a page of a book looks like " * 3, fill=0)
    return page


def digit() -> Image.Image:
    image = Image.new("L", (28, 28))
    ImageDraw.Draw(image).text((8, 4), "7", fill=255, font_size=20)
    return image


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "photo": lambda: make_photo(0),
    "grey photo": lambda: make_photo(0).convert("L"),
    "photo in 256 colours": lambda: make_photo(0).quantize(256),
    "photo in 16 colours": lambda: make_photo(0, size=(320, 240)).quantize(16),
    "photo in black and white": lambda: make_photo(0, size=(320, 240)).convert("1"),
    "photo in 12 bits": lambda: Image.fromarray(
        np.asarray(make_photo(0).convert("L")).astype(np.uint16) * 16
    ),
    "line drawing": sketch,
    "line drawing in black and white": lambda: sketch().convert("1"),
    "scanned page": scan,
    "digit": digit,
    "digit in black and white": lambda: digit().convert("1"),
    "icon": lambda: mask((32, 32)),
}


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES.keys())
def test_pictures_are_no_label_images(make: Callable[[], Image.Image]) -> None:
    assert not examined(make()).labels_only
