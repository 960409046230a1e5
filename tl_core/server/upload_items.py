"""Keep of an upload what training needs: readable photos in class folders, no larger than useful.

Runs in the process of :mod:`tl_core.server.upload_worker`, which may be killed at any time.
"""

from __future__ import annotations

import io
import math

from PIL import Image

from tl_core.data.files import read_layout
from tl_core.data.scan import nothing_found
from tl_core.data.staging import StagingFolder
from tl_core.errors import DataError
from tl_core.modalities.photo.decode import decode, describe, open_photo
from tl_core.parallel import Progress
from tl_core.server.limits import UploadLimits

SHORTER_SIDE = 640
"""Pixels. The largest network of the catalogue looks at 384; this leaves room for random crops."""

MOST_PIXELS = 4_000_000
"""Of a stored photo, whatever its shape: a panorama is made smaller still."""

JPEG_QUALITY = 92

_TELLING = {"exif", "xmp", "XML:com.adobe.xmp", "photoshop", "comment"}
"""What Pillow calls the parts of a file in which a camera or a program writes place and time."""

_CAMERA_FORMATS = {"HEIF", "TIFF"}


def shrink(image: Image.Image) -> Image.Image | None:
    """Return a photo in the size that is kept, or None where it is small enough already."""
    shorter, pixels = min(image.size), image.width * image.height
    scale = min(1.0, SHORTER_SIDE / shorter, math.sqrt(MOST_PIXELS / pixels))
    if scale == 1:
        return None
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def keep_photos(
    staging: StagingFolder, limits: UploadLimits, progress: Progress | None = None
) -> None:
    """Decode every photo of a staging folder; leave out what is none, shrink what is too large.

    A photo that is shrunk, or tells of place, time or camera, is written anew: nothing but its
    pixels stays.

    Raises
    ------
    ArchiveError
        If there are too many photos.
    DataError
        If not one photo in a class folder can be used.
    """
    layout = read_layout([*staging.files, *staging.skipped])
    for path in layout.outside:
        if path in staging.files:
            staging.skip(path, "it lies in no class folder.")
    paths = list(staging.files)
    if len(paths) > limits.photos:
        raise staging.refuse(
            f"it holds {len(paths):,} photos, and at most {limits.photos:,} can be taken in at "
            "once. Leave some out of each class."
        )
    # One after the other: several large ones at once would not fit into this process's memory.
    for done, path in enumerate(paths, 1):
        reason = _keep(staging, path, limits.pixels)
        if reason is not None:
            staging.skip(path, reason)
        if progress:
            progress(done, len(paths))
    if not staging.files:
        named = {path.removeprefix(layout.prefix): why for path, why in staging.skipped.items()}
        inside = {path: why for path, why in named.items() if path in layout.placed}
        raise nothing_found(staging.name, layout, inside)


def _keep(staging: StagingFolder, path: str, max_pixels: int) -> str | None:
    """Bring one photo into its final form; return why it cannot be used, if so."""
    file = staging.folder / staging.files[path]
    try:
        photo = open_photo(file.read_bytes(), max_pixels)
        kind = describe(photo).kind
        image = decode(photo, shorter=SHORTER_SIDE)
        smaller = shrink(image)
        private = kind in _CAMERA_FORMATS or _TELLING & image.info.keys()
    except DataError as error:
        return str(error)
    except MemoryError:
        return "the picture is too large for this server: make it smaller."
    if smaller is not None or private:
        file.write_bytes(encode(smaller or image, "JPEG"))
        staging.shrunk += smaller is not None
    return None


def encode(image: Image.Image, kind: str) -> bytes:
    """Return a photo as a file of its own, with nothing but the pixels in it."""
    image = image.copy()
    image.info.clear()  # Pillow would write some of it into the new file
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=JPEG_QUALITY)
    return buffer.getvalue()
