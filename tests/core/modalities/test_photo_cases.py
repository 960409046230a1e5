"""Files as people bring them, where ``shared/data/cases`` is there."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tl_core.errors import DataError
from tl_core.modalities.base import Measures
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"


def files_of(case: str) -> dict[str, bytes]:
    if not (CASES / case).is_file():
        pytest.skip("shared/data/cases is not here")
    with zipfile.ZipFile(CASES / case) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def examined(files: dict[str, bytes]) -> dict[str, Measures]:
    """Return the measures of what can be read."""
    found = {}
    for name, data in files.items():
        try:
            found[name] = PHOTO.examine(data, None)
        except DataError:
            continue
    return found


def test_twelve_bits_are_scaled_by_the_set() -> None:
    files = files_of("twelve_bit_png.zip")
    photos = examined(files)
    assert PHOTO.calibrate(photos.values()) == {"white": 4095} and len(photos) == 24
    [said] = PHOTO.oddities(photos)
    assert said.startswith("24 of 24 pictures have 16 bits") and "4,095 counts as white" in said
    for data in files.values():
        values = np.asarray(Image.open(io.BytesIO(data))).astype(float)
        levels = np.asarray(decode(data, white=4095))[..., 0]
        assert np.abs(levels - values * 255 / 4095).max() <= 0.51


def test_pages_are_counted_and_can_all_be_used() -> None:
    files = files_of("multi_page_tiff.zip")
    photos = examined(files)
    assert {photo.parts for photo in photos.values()} == {12}
    assert list(PHOTO.oddities(photos)) == []
    parts = list(PHOTO.split_parts(files["ant/stack0.tif"]))
    assert len(parts) == 12
    assert decode(parts[0]).tobytes() == decode(files["ant/stack0.tif"]).tobytes()


@pytest.mark.parametrize(
    ("case", "kind", "count"),
    [("s-avif.zip", "AVIF", 20), ("s-pgm-faces.zip", "PPM", 30),
     ("heic_and_jpg_pairs.zip", "HEIF", 20)],
)  # fmt: skip
def test_formats_of_phones_and_benchmarks_are_read(case: str, kind: str, count: int) -> None:
    photos = examined(files_of(case))
    assert sum(photo.kinds["format"] == kind for photo in photos.values()) == count
    assert not any(photo.labels_only for photo in photos.values())


def test_of_odd_formats_what_is_a_photo_is_read_whatever_it_is_called() -> None:
    photos = examined(files_of("s-odd-formats.zip"))
    other = {name: photo for name, photo in photos.items() if photo.kinds["format"] != "JPEG"}
    assert {Path(name).suffix for name in photos if Path(name).suffix not in (".jpg", "")} <= set(
        PHOTO.suffixes
    )
    assert other["ant/avif_named.jpg"].kinds["format"] == "AVIF"


def test_the_photo_of_a_phone_with_108_megapixels_is_read_at_a_fraction() -> None:
    files = files_of("phone_108mp.zip")
    data = files["ant/20240501_101112.jpg"]
    told = PHOTO.examine(data, None)
    assert told.numbers == {"width": 12000, "height": 9000} and told.parts == 1
    kept = PHOTO.shrink(data, 50)
    assert kept.smaller and kept.content and decode(kept.content).size == (853, 640)
    assert len(examined(files)) == len(files)


def test_masks_are_told_from_photos() -> None:
    photos = examined(files_of("masks_beside.zip"))
    assert {name for name, photo in photos.items() if photo.labels_only} == {
        name for name in photos if "/masks/" in name
    }
