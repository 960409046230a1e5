"""Files of several pictures: counted, said, and split without loss."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.photos import make_photo
from tl_core.errors import DataError
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode


def stack(kind: str, count: int, mode: str = "RGB", **options: Any) -> bytes:
    """Return a file of so many different pictures."""
    images = [make_photo(number % 3, size=(24, 16), seed=number) for number in range(count)]
    if mode == "I;16":
        pages = [Image.fromarray(np.asarray(i.convert("L")).astype(np.uint16) * 16) for i in images]
    else:
        pages = [image.convert(mode) for image in images]
    stream = io.BytesIO()
    if kind == "HEIF":
        file = pillow_heif.from_pillow(pages[0])
        for page in pages[1:]:
            file.add_from_pillow(page)
        file.save(stream, quality=-1)
    else:
        pages[0].save(stream, kind, save_all=True, append_images=pages[1:], **options)
    return stream.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(decode(data))


def test_pages_are_counted_and_split_in_every_format() -> None:
    for kind in ("TIFF", "GIF", "WEBP", "AVIF", "HEIF", "PNG"):
        data = stack(kind, 3)
        parts = list(PHOTO.split_parts(data))
        assert PHOTO.examine(data, None).parts == len(parts) == 3, kind
        assert np.array_equal(pixels(parts[0]), pixels(data)), kind
        assert len({pixels(part).tobytes() for part in parts}) == 3, kind
        for part in parts:
            assert PHOTO.examine(part, None).parts == 1
            assert np.array_equal(pixels(next(iter(PHOTO.split_parts(part)))), pixels(part))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_no_page_of_a_stack_loses_a_value(mode: str, compression: str) -> None:
    data = stack("TIFF", 3, mode, compression=compression)
    with Image.open(io.BytesIO(data)) as image:
        for number, part in enumerate(list(PHOTO.split_parts(data))):
            image.seek(number)
            page = Image.open(io.BytesIO(part))
            assert np.array_equal(np.asarray(page), np.asarray(image))
            assert PHOTO.examine(part, None).parts == 1


def test_a_page_that_lies_is_split_upright() -> None:
    [part] = list(PHOTO.split_parts(stack("TIFF", 1, tiffinfo={274: 6})))
    assert decode(part).size == (16, 24)


def test_what_a_phone_stores_behind_a_photo_is_no_page() -> None:
    stream = io.BytesIO()
    make_photo(0).save(stream, "MPO", save_all=True, append_images=[make_photo(1)])
    assert PHOTO.examine(stream.getvalue(), None).parts == 1
    assert len(list(PHOTO.split_parts(stream.getvalue()))) == 1


def test_a_thumbnail_and_a_mask_are_no_pages_of_a_tiff() -> None:
    stream = io.BytesIO()
    with Image.new("RGB", (1, 1)), TiffWriter(stream) as writer:
        for subfile, size in ((0, (80, 60)), (1, (20, 15)), (4, (80, 60)), (2, (80, 60))):
            make_photo(0, size=size).save(writer.file, "TIFF", tiffinfo={254: subfile})
            writer.file.newFrame()
    data = stream.getvalue()
    assert PHOTO.examine(data, None).parts == 2 == len(list(PHOTO.split_parts(data)))
    assert decode(data).size == (80, 60)


class TiffWriter:
    """Appends pictures to a TIFF file, each with tags of its own."""

    def __init__(self, stream: io.BytesIO) -> None:
        from PIL.TiffImagePlugin import AppendingTiffWriter

        self.file = AppendingTiffWriter(stream)

    def __enter__(self) -> TiffWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.finalize()


def test_a_stack_with_a_damaged_page_is_read_up_to_it() -> None:
    whole = stack("TIFF", 3, compression="raw")
    cut = whole[: len(whole) * 2 // 3]
    assert PHOTO.examine(cut, None).parts in (1, 2)
    assert np.array_equal(pixels(cut), pixels(whole))
    with pytest.raises(DataError):
        list(PHOTO.split_parts(whole[:20]))
