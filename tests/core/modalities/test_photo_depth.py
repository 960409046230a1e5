"""10 and 12 bits in files of 16: what is white, the whole set tells."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.photos import make_deep, make_photo, make_photo_folder
from tl_core.data import open_dataset
from tl_core.errors import DataError
from tl_core.modalities.base import Measures
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.settings import white_above


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def deep(size: tuple[int, int] = (80, 60), largest: int = 4095, kind: str = "PNG") -> bytes:
    """Return a grey photo whose brightest value is exactly so large."""
    levels = np.asarray(make_photo(0, size=size).convert("L"), float)
    return encode(Image.fromarray((levels / levels.max() * largest).astype(np.uint16)), kind)


def brightest(data: bytes, **more: int) -> int:
    return int(np.asarray(decode(data, **more)).max())


@pytest.mark.parametrize(
    ("largest", "white"),
    [(0, 255), (255, 255), (256, 1023), (1023, 1023), (1024, 4095), (4000, 4095), (4096, 16383),
     (16383, 16383), (16384, 65535), (65535, 65535)],
)  # fmt: skip
def test_white_is_the_largest_value_of_as_many_bits_as_the_set_needs(
    largest: int, white: int
) -> None:
    assert white_above(largest) == white
    dim, bright = PHOTO.examine(deep(largest=largest // 3), None), deep(largest=largest)
    assert PHOTO.calibrate([dim, PHOTO.examine(bright, None), dim]) == {"white": white}


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_no_value_of_a_set_is_cut_off_and_all_keep_their_order(values: list[int]) -> None:
    measures = [Measures(traits={"brightest": float(value)}) for value in values]
    white = PHOTO.calibrate(measures)["white"]
    assert max(values) <= white and (white == 255 or max(values) > white // 8)
    data = [encode(Image.fromarray(np.full((2, 2), value, np.uint16))) for value in values]
    shown = [brightest(one, white=white) for one in data]
    assert shown == [round(255 * value / white) for value in values]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_every_format_with_16_bits_is_scaled_by_the_set(kind: str) -> None:
    data = deep(largest=3000, kind=kind)
    assert PHOTO.examine(data, None).traits["brightest"] == 3000
    assert brightest(data, white=4095) == round(255 * 3000 / 4095)
    assert brightest(data, white=65535) == round(255 * 3000 / 65535)
    assert brightest(data) == round(255 * 3000 / 4095), "alone, a file is read by its own values"
    assert brightest(data, white=1023) == 255, "what is brighter than the set is white"


def test_a_big_endian_tiff_is_the_same_picture() -> None:
    values = np.asarray(Image.open(io.BytesIO(deep())))
    swapped = encode(Image.fromarray(values.astype(">u2")), "TIFF")
    assert decode(swapped).tobytes() == decode(deep()).tobytes()
    assert PHOTO.shrink(swapped, 50).content == PHOTO.shrink(deep(kind="TIFF"), 50).content


@pytest.mark.parametrize("largest", [300, 4095, 65535])
def test_a_pgm_file_holds_the_values_that_stand_in_it(largest: int) -> None:
    values = np.array([[0, largest // 2, largest]], ">u2")
    plain = " ".join(map(str, values[0]))
    for data in (
        b"P5 3 1 %d\n" % largest + values.tobytes(),
        b"P2 3 1 %d\n" % largest + plain.encode(),
    ):
        assert PHOTO.examine(data, None).traits["brightest"] == largest
        shown = np.asarray(decode(data, white=white_above(largest)))[0, :, 0]
        assert list(shown) == [round(255 * int(v) / white_above(largest)) for v in values[0]]


def test_pictures_of_8_bits_need_no_calibration() -> None:
    told = [
        PHOTO.examine(encode(make_photo(0), kind), None) for kind in ("JPEG", "PNG", "HEIF", "AVIF")
    ]
    assert PHOTO.calibrate(told) == {}
    floats = encode(Image.fromarray(np.linspace(0, 9, 80, dtype=np.float32).reshape(8, 10)), "TIFF")
    assert PHOTO.calibrate([PHOTO.examine(floats, None)]) == {}
    assert brightest(floats, white=7) == 255, "pictures of 32 bits are stretched as ever"


@pytest.mark.parametrize("white", [0, -1, 65536, "4095", 4095.5, [1]])
def test_a_calibration_that_somebody_made_up_is_refused(white: object) -> None:
    with pytest.raises(DataError, match="white in 16-bit pictures must be from 1 to 65,535"):
        PHOTO.open(deep(), None, {"white": white})


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize("size", [(80, 60), (1500, 1000)])
def test_what_a_server_keeps_stays_16_bits_deep(kind: str, size: tuple[int, int]) -> None:
    sent = deep(size, 4000, kind)
    kept = PHOTO.shrink(sent, 50)
    asked = PHOTO.rewrite(sent, 50)
    for content in (kept.content or sent, asked.content):
        image = Image.open(io.BytesIO(content))
        assert image.format == "PNG" and image.mode == "I;16" and min(image.size) <= 640
        told = PHOTO.examine(content, None)
        assert PHOTO.calibrate([told]) == {"white": 4095}
        assert PHOTO.shrink(content, 50).content is None, "it stays as it is from now on"
    assert kept.smaller == (min(size) > 640)
    if not kept.smaller:
        assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(sent))))
    for shown in (kept.preview, asked.picture, PHOTO.preview([sent])):
        assert brightest(shown) > 100, "it is nearly black"


def test_a_photo_made_smaller_has_no_value_that_its_set_has_not() -> None:
    """Cubic interpolation overshoots at edges: the set would seem to have more bits."""
    edges = np.kron(np.indices((20, 20)).sum(0) % 2, np.ones((70, 70))) * 4095
    kept = PHOTO.shrink(encode(Image.fromarray(edges.astype(np.uint16))), 50)
    assert kept.smaller and kept.content
    assert PHOTO.examine(kept.content, None).traits["brightest"] <= 4095


def test_the_report_states_the_rule(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "cells", per_class=4)
    make_deep(root, 16)
    make_photo(0).save(root / "ant" / "usual.jpg")
    dataset, report = open_dataset(root)
    assert dataset.calibration == {"white": 4095}
    assert (
        "8 of 9 pictures have 16 bits a pixel, and no value needs more than 12: 4,095 counts as "
        "white in all of them, in training as in prediction."
    ) in report.warnings
    assert not any("nearly black" in warning for warning in report.warnings)
    assert open_dataset(root) == (dataset, report), "what is remembered differs"


def test_one_bright_picture_makes_the_others_dark_and_they_are_named(tmp_path: Path) -> None:
    root = make_photo_folder(tmp_path / "cells", per_class=3)
    make_deep(root, 4)
    (root / "ant" / "bright.png").write_bytes(deep(largest=65535))
    _, report = open_dataset(root)
    [dark] = [warning for warning in report.warnings if "nearly black" in warning]
    assert "bright.png" not in dark and "ant/" in dark and "1 more" in dark
