"""JPEGs of any size are read at a fraction, where that needs no more memory than the limit."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.photos import make_photo
from tl_core.errors import DataError
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.opening import open_photo


@cache
def jpeg(size: tuple[int, int] = (400, 300), mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    make_photo(0, size=size).convert(mode).save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def blank(width: int, height: int, blocks: int = 40) -> bytes:
    """Return the start of a JPEG that claims to be so large, with few of its pixels."""
    data = bytearray(jpeg())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(120_000, (400, 300)), (119_999, (200, 150)), (30_000, (200, 150)), (29_999, (100, 75)),
     (7_500, (100, 75)), (7_499, (50, 38)), (1_900, (50, 38))],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_decoded_as_large_as_the_limit_allows(
    most: int, expected: tuple[int, int], mode: str
) -> None:
    image = decode(jpeg(mode=mode), most)
    assert image.size == expected
    whole = decode(jpeg(mode=mode)).resize((40, 30), Image.Resampling.BOX)
    small = image.resize((40, 30), Image.Resampling.BOX)
    assert np.abs(np.asarray(whole, int) - np.asarray(small, int)).mean() < 6
    header = PHOTO.measure(PHOTO.open(jpeg(mode=mode), most / 1e6, {}))
    assert header.numbers == {"width": 400, "height": 300}, "the report tells the size of the file"


def test_what_an_eighth_is_too_large_for_is_refused() -> None:
    with pytest.raises(DataError, match=r"400 x 300 pixels; at most 0 million can be used"):
        decode(jpeg(), 1_899)


def test_a_limit_and_a_wanted_size_are_kept_both() -> None:
    assert decode(jpeg(), 119_999, shorter=500).size == (200, 150)
    assert decode(jpeg(), 119_999, shorter=30).size == (100, 75)


@pytest.mark.parametrize("options", [{"progressive": True}])
def test_a_progressive_jpeg_has_to_fit_whole(options: dict[str, Any]) -> None:
    """All its coefficients have to be held, however small it is decoded."""
    assert decode(jpeg(**options), 120_000).size == (400, 300)
    with pytest.raises(DataError, match="million of a progressive JPEG can be used"):
        decode(jpeg(**options), 119_999)


def test_a_jpeg_in_several_scans_has_to_fit_whole_too() -> None:
    """Of its first scan, one colour channel in three, decoding cannot make a row of pixels."""
    data = jpeg()
    scan = data.index(b"\xff\xda")
    assert open_photo(data, 30_000).fraction == 2
    one_channel = data[:scan] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + data[scan + 14 :]
    with pytest.raises(DataError, match="400 x 300 pixels"):
        open_photo(one_channel, 30_000)


@pytest.mark.parametrize(("width", "height"), [(16_320, 12_240), (19_000, 19_000), (65_000, 3_100)])
def test_pillows_own_limit_holds_for_no_jpeg(width: int, height: int) -> None:
    before = Image.MAX_IMAGE_PIXELS
    photo = PHOTO.open(blank(width, height), None, {})
    assert PHOTO.measure(photo).numbers == {"width": width, "height": height}
    assert width * height / photo.fraction**2 <= 50_100_000
    assert before == Image.MAX_IMAGE_PIXELS


def test_what_no_fraction_helps_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(DataError, match="65000 x 65000 pixels; at most 3200 million can be used"):
        PHOTO.open(blank(65_000, 65_000), None, {})


def test_everything_that_decodes_agrees_under_a_servers_limit() -> None:
    data, most = jpeg(), 0.03
    told = PHOTO.examine(data, most)
    assert told == PHOTO.examine(data, None) and told.numbers["width"] == 400
    assert Image.open(io.BytesIO(PHOTO.rewrite(data, most).content)).size == (200, 150)
    small, whole = (decode(PHOTO.shrink(data, limit).preview) for limit in (most, 50))
    assert np.abs(np.asarray(small, int) - np.asarray(whole, int)).mean() < 6
    assert PHOTO.preview([data])
    for refusing in (PHOTO.examine, PHOTO.shrink, PHOTO.rewrite):
        with pytest.raises(DataError, match="400 x 300"):
            refusing(data, 0.0018)


def test_a_photo_of_a_phone_that_lies_is_decoded_smaller_and_stands() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(jpeg(exif=exif.tobytes()), 30_000).size == (150, 200)


@pytest.mark.parametrize("start", [b"P3 3000 2000 255 ", b"P6 3000 2000 99 ", b"P2 3000 2000 999 "])
def test_pictures_that_are_read_number_by_number_are_smaller(start: bytes) -> None:
    with pytest.raises(DataError, match="3000 x 2000 pixels; at most 5 million of such a PPM"):
        PHOTO.open(start + b"0 " * 50, None, {})
