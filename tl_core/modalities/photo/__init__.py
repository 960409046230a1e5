"""Photos: from files to images of one size."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping

from PIL import Image

from tl_core.modalities.base import Measures, Modality
from tl_core.modalities.photo import shrink
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.decode import (
    DECODE_SETTINGS,
    MAX_PIXELS,
    decode,
    describe,
    open_photo,
)
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing
from tl_core.words import some_of

SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif"),
    )
)
"""Of files that are probably photos."""

SMALL = 32
"""Photos whose shorter side has fewer pixels than this are named in a warning."""

PREVIEW = 180
"""Side of a preview in pixels, more than screens show it with."""

MILLION = 10**6


def _open(data: bytes, most: float | None) -> Image.Image:
    return open_photo(data, MAX_PIXELS if most is None else int(most * MILLION))


def _measure(photo: Image.Image) -> Measures:
    header = describe(photo)
    return Measures(
        {"width": header.width, "height": header.height},
        {"format": header.kind, "mode": header.mode},
    )


def _megapixels(numbers: Mapping[str, float]) -> float:
    return numbers["width"] * numbers["height"] / MILLION


def _check(photo: Image.Image) -> None:
    """Decode a photo for nothing but its check, a JPEG at an eighth of its size."""
    decode(photo, shorter=1)


def _oddities(photos: Mapping[str, Measures]) -> Iterator[str]:
    """Point at photos unlike all others: often placeholders, icons or screenshots."""
    formats = Counter(photo.kinds["format"] for photo in photos.values())
    usual = formats.most_common(1)[0][0]
    rare = {kind for kind, count in formats.items() if count <= len(photos) / 100}
    known = {path: photo.kinds["format"] for path, photo in photos.items()}
    if odd := [f"{path} ({kind})" for path, kind in known.items() if kind in rare]:
        yield (
            f"Look at these, since nearly all others are {usual} files; an odd one is often a "
            f"placeholder or an icon: {some_of(odd)}."
        )
    if small := [path for path, photo in photos.items() if min(photo.numbers.values()) < SMALL]:
        yield f"Pictures with fewer than {SMALL} pixels on a side: {some_of(small)}."


def _preview(data: bytes) -> bytes:
    """Return a small square JPEG of a photo."""
    image = decode(data)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.resize((PREVIEW, PREVIEW), box=(left, top, left + side, top + side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


PHOTO = Modality(
    name="photo",
    noun="photo",
    plural="photos",
    suffixes=frozenset(
        [
            ".jpg",
            ".jpeg",
            ".jpe",
            ".jfif",
            ".png",
            ".webp",
            ".bmp",
            ".dib",
            ".gif",
            ".tif",
            ".tiff",
            ".heic",
            ".heif",
            ".hif",
        ]
    ),
    settings=DECODE_SETTINGS,
    packages=("pillow", "torchvision"),
    size_title="Photo size in pixels",
    size_unit="px",
    smallest_size=32,  # every family here halves the resolution five times at most
    largest_size=1024,  # the largest network of the catalogue looks at 384
    growth=2,
    preprocessing=PhotoPreprocessing,
    open=_open,
    measure=_measure,
    work=_megapixels,
    most_work=MAX_PIXELS // MILLION,
    most_variable="TL_UPLOAD_MEGAPIXELS",
    check=_check,
    oddities=_oddities,
    shrink=lambda data, most: shrink.shrink(data, int(most * MILLION)),
    rewrite=lambda data, most: shrink.rewrite(data, int(most * MILLION)),
    written_suffix=".png",
    kept_as=f"{shrink.SHORTER_SIDE} pixels on their shorter side",
    augmentations=AUGMENTATIONS,
    preview=_preview,
    tensors="tl_core.modalities.photo.tensors",
)
"""What this project knows of photos."""
