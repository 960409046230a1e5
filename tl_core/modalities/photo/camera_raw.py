"""Tell camera raw files from pictures in TIFF files, which they are built like.

What a picture viewer can read of a raw file is a preview in it, small and made to the camera's
taste. It must never be learned from as if it were the photo, so it is told by the file's tags
(TIFF 6.0; TIFF/EP, ISO 12234-2; Adobe DNG 1.7).
"""

from __future__ import annotations

import io

from PIL import TiffImagePlugin

_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")
_BIG = b"+"

_CR2 = b"II*\0\x10\0\0\0CR"
"""The whole header of Canon's files; two bytes of it alone could be pixels of any other file."""

_SUBFILE, _PHOTOMETRIC, _DNG_VERSION = 254, 262, 50706
_REDUCED = 1
"""Bit of the subfile type: a smaller version of another picture in the file."""
_MOSAICS = (32803, 34892)
"""Photometric interpretations: the mosaic of a sensor, and what was made of it unprocessed."""


def camera_raw(data: bytes) -> str:
    """Return what kind of camera raw file this is ("DNG", "CR2", "TIFF/EP"), "" if it is none."""
    if not data.startswith(_STARTS):
        return ""
    if data.startswith(_CR2):
        return "CR2"
    try:
        header = data[: 16 if _BIG in data[2:4] else 8]
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        if _DNG_VERSION in tags:
            return "DNG"
        # Nikon, Sony, Samsung and others begin with the preview and have the photo below it.
        if tags.get(_PHOTOMETRIC) in _MOSAICS or int(tags.get(_SUBFILE, 0)) & _REDUCED:
            return "TIFF/EP"
    except Exception:  # damaged; whoever reads the picture says how
        return ""
    return ""
