"""Camera raw files are named, never read through their preview."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image

from tests.photos import make_photo
from tl_core.errors import DataError
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode


def tiff(**options: Any) -> bytes:
    stream = io.BytesIO()
    make_photo(0).save(stream, "TIFF", **options)
    return stream.getvalue()


def mosaic(order: str, photometric: int) -> bytes:
    """Return a TIFF file whose only picture is what a sensor delivered."""
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, 16), (259, 3, 1), (262, 3, photometric),
            (273, 4, 200), (277, 3, 1), (278, 4, 8), (279, 4, 128)]  # fmt: skip
    packed = b"".join(
        struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, 1, value)
        for tag, kind, value in tags
    )
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    file = start + struct.pack(order + "H", len(tags)) + packed + bytes(4)
    return file.ljust(200, b"\0") + bytes(range(128))


def cr2() -> bytes:
    body = tiff()
    first = struct.unpack("<I", body[4:8])[0]
    count = struct.unpack("<H", body[first : first + 2])[0]
    return b"II*\0\x10\0\0\0CR\2\0\0\0\0\0" + body[first : first + 2 + 12 * count + 4] + body


RAW = {
    "a preview first (NEF, ARW, SRW)": lambda: tiff(tiffinfo={254: 1, 271: "NIKON CORPORATION"}),
    "a preview first, big TIFF": lambda: tiff(tiffinfo={254: 1}, big_tiff=True),
    "DNG": lambda: tiff(tiffinfo={50706: b"\1\4\0\0"}),
    "a sensor's mosaic": lambda: mosaic("<", 32803),
    "a sensor's mosaic, other order": lambda: mosaic(">", 32803),
    "linear raw": lambda: mosaic("<", 34892),
    "CR2": cr2,
}


@pytest.mark.parametrize("make", RAW.values(), ids=RAW.keys())
def test_a_raw_file_is_refused_and_named(make: Any) -> None:
    wanted = "is a camera raw file .*: export it as JPEG or PNG."
    for asked in (
        lambda data: PHOTO.open(data, None, {}),
        lambda data: PHOTO.examine(data, None),
        lambda data: PHOTO.shrink(data, 50),
        lambda data: PHOTO.rewrite(data, 50),
        lambda data: PHOTO.preview([data]),
        lambda data: list(PHOTO.split_parts(data)),
    ):
        with pytest.raises(DataError, match=wanted):
            asked(make())


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_an_ordinary_tiff_is_read(options: dict[str, Any]) -> None:
    assert decode(tiff(**options)).size == (80, 60)
    assert decode(tiff(tiffinfo={254: 0, 271: "Canon"}, **options)).size == (80, 60)
    stream = io.BytesIO()
    small = make_photo(0, size=(20, 15))
    make_photo(0).save(stream, "TIFF", save_all=True, append_images=[small], **options)
    assert decode(stream.getvalue()).size == (80, 60)


def test_pixels_that_read_cr_are_no_mark_of_canon() -> None:
    image = Image.new("L", (80, 60))
    image.frombytes(b"CR\2\0" * 1200)
    stream = io.BytesIO()
    image.save(stream, "TIFF")
    data = stream.getvalue()
    moved = data[:4] + struct.pack("<I", 4800 + 8) + image.tobytes() + data[8 : 8 + 400]
    assert moved[8:10] == b"CR"
    try:
        PHOTO.open(moved, None, {})
    except DataError as error:
        assert "raw" not in str(error)


def test_a_damaged_directory_is_no_raw_file() -> None:
    for cut in range(8, 200, 5):
        with pytest.raises(DataError) as caught:
            decode(tiff()[:cut])
        assert "raw" not in str(caught.value)
