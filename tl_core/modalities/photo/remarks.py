"""What is to be said of the photos of a set, and what decides how they are decoded.

Nothing is decoded here: what each file showed is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tl_core.modalities.base import Measures
from tl_core.modalities.photo.settings import DARK, EVEN, SMALL, white_above
from tl_core.words import some_of


def calibrate(photos: Iterable[Measures]) -> dict[str, Any]:
    """Return ``white`` of the 16-bit pictures of a set, by their brightest value; else nothing.

    A set of 12-bit pictures in 16-bit files gets 4095: taken for 65535, its photos would be nearly
    black, and stretched each by itself they would lose how bright they are.
    """
    brightest = [photo.traits["brightest"] for photo in photos if "brightest" in photo.traits]
    return {"white": white_above(max(brightest))} if brightest else {}


def oddities(photos: Mapping[str, Measures]) -> Iterator[str]:
    """Point at photos unlike all others, and at what their files have that is not looked at."""
    yield from _of_formats(photos)
    if small := [path for path, photo in photos.items() if min(photo.numbers.values()) < SMALL]:
        yield f"Pictures with fewer than {SMALL} pixels on a side: {some_of(small)}."
    yield from _of_values(photos)


def _of_formats(photos: Mapping[str, Measures]) -> Iterator[str]:
    known = {path: photo.kinds["format"] for path, photo in photos.items()}
    formats = Counter(known.values())
    usual = formats.most_common(1)[0][0]
    rare = {kind for kind, count in formats.items() if count <= len(photos) / 100}
    if odd := [f"{path} ({kind})" for path, kind in known.items() if kind in rare]:
        yield (
            f"Look at these, since nearly all others are {usual} files; an odd one is often a "
            f"placeholder or an icon: {some_of(odd)}."
        )


def _of_values(photos: Mapping[str, Measures]) -> Iterator[str]:
    white = calibrate(photos.values()).get("white")
    if white:
        deep = [path for path, photo in photos.items() if "brightest" in photo.traits]
        yield (
            f"{len(deep):,} of {len(photos):,} pictures have 16 bits a pixel, and no value needs "
            f"more than {white.bit_length()}: {white:,} counts as white in all of them, in "
            "training as in prediction."
        )
    dark: list[str] = []
    cut: list[str] = []
    even: list[str] = []
    for path, photo in photos.items():
        # What an older check remembers of a file tells nothing of its values.
        levels = 255 / white if white and "brightest" in photo.traits else 1
        if photo.traits.get("bright", 255) * levels < DARK:
            (cut if "cut" in photo.traits else dark).append(path)
        elif photo.traits.get("spread", 255) * levels <= EVEN:
            even.append(path)
    if dark:
        yield f"Pictures that are nearly black, in which little can be seen: {some_of(dark)}."
    if cut:
        yield (
            "Colour pictures with 16 bits a channel that are nearly black, since the upper 8 bits "
            f"alone are read: {some_of(cut)}. Save them with 8 bits a channel."
        )
    if even:
        yield f"Pictures of one colour all over, in which nothing can be seen: {some_of(even)}."
