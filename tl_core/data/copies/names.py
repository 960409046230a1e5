"""Names that cameras, phones and programs give to a copy of a file, and what is left of them."""

from __future__ import annotations

import re

_COPY = "copy|kopie|copie|copia|cópia|kopia|kopi|копия|копія|コピー|副本"
_EDITED = "edited|edit|bearbeitet|modifié|editado|editada|modificato|bewerkt|изменено|編集済み"
_SIZE = (
    "tiny|small|medium|large|thumb|thumbnail|preview|resized|scaled|cropped|compressed|optimi[sz]ed|"
    r"min|lowres|hires|orig|original|full|\d{2,5}x\d{2,5}|\d{1,3}pct"
)
_KIND = "jpe?g|png|webp|bmp|gif|tiff?|hei[cf]|avif"

_ENDS = tuple(
    re.compile(rf"(?<=.)(?:{pattern})$")
    for pattern in (
        rf"_(?:{_KIND})\.rf\.[0-9a-f]{{16,}}",  # Roboflow's exports
        rf"\.(?:{_KIND})",  # converted: a.heic.jpg
        r"\s?\(\d{1,3}\)",  # a (1), a(2)
        r"(?<=\d{6})~\d{1,2}",  # Android's edited ones: 20240501_101112~2
        r"\.[a-z]+-\d{2}\.(?:cover|original)",  # one of a phone's two: PXL_….PORTRAIT-01.COVER
        rf"\s?[-_—–\s]\s?(?:{_COPY})(?:\s?\d{{1,3}})?",
        rf"\s?[-_]\s?(?:{_EDITED})",
        rf"[-_.\s](?:{_SIZE})",
        r"@[1-4]x",
        r"[-_]?burst\d{0,4}",
        r"(?<=\d)_cover",  # of a burst
        r"(?<=\d{8}[-_]\d{6})[-_]\d{1,3}",  # a number behind date and time: one of a burst
    )
)
"""What the name of a copy, or of one of a burst, ends in."""

_STARTS = (
    (re.compile("^(?:copy of|kopie van|kopie von|copie de|copia de) "), ""),
    (re.compile(r"^\d{5}img_\d{5}_(?=burst\d)"), ""),  # 00003IMG_00003_BURST20240501101112
    (re.compile(r"^(?:img|mvimg|pxl)_(?=\d{8}_\d{6})"), ""),
    (re.compile(r"^img_[eo](?=\d{4})"), "img_"),  # an iPhone's edited IMG_0001 is IMG_E0001
)
"""What it begins with, and what the original has instead."""

_LAST_NUMBER = re.compile(r"(?<!\d)([0-9]{1,9})\D*$")

_MARKS = 4
"""Of a copy in one name, at most: "a-edited (1)" bears two."""


def copied_name(path: str) -> tuple[str, str]:
    """Return the folder of a file, and the name that it shares with its copies.

    Parameters
    ----------
    path
        With forward slashes.

    Returns
    -------
    tuple of str
        The folder as it stands in the path, and the name in lower case without its suffix and
        without what marks a copy: ``IMG_0001.HEIC``, ``IMG_E0001.JPG``, ``IMG_0001 (1).jpg`` and
        ``IMG_0001-edited.jpg`` all give ``img_0001``. A number alone marks none: it counts
        different items far more often.
    """
    folder, _, name = path.rpartition("/")
    stem = re.sub(r"(?<=.)\.[^.\s]{1,4}$", "", name.casefold())
    for pattern, instead in _STARTS:
        stem = pattern.sub(instead, stem)
    for _ in range(_MARKS):
        before = stem
        for pattern in _ENDS:
            stem = pattern.sub("", stem)
        if stem == before:
            break
    return folder, stem


def number_in(name: str) -> tuple[str, int] | None:
    """Return what a name counts: the name around its last number, and the number.

    ``img_0012`` gives ``("img_*", 12)``: a camera numbers the photos of a burst one after another.
    None for a name without a number, or with one of more than nine digits.
    """
    found = _LAST_NUMBER.search(name)
    if found is None:
        return None
    return f"{name[: found.start(1)]}*{name[found.end(1) :]}", int(found[1])
