"""What the names of files say of their classes: ``cat.0.jpg``, ``dog_12.png``, ``0007 bee.jpg``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tl_core.data.layout.words import plain_words

NAMED_SHARE = 0.9
"""Share of the training files that must name a class."""

_PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_RANDOM = re.compile(r"(?i)^(?=.*\d)(?=.*[a-f])[0-9a-f]{6,}$|^[0-9a-f]{8}-[0-9a-f-]{20,}$")

_MAY_BE_RANDOM = re.compile(r"[0-9a-fA-F-]{6}")

_NO_CLASS = plain_words(
    "img image images imagen imagem immagine bild photo photos pic pics picture foto fotos dsc "
    "dscn dscf dcim pxl mvimg mvi vid gopr p sam screenshot screen shot bildschirmfoto captura "
    "scan scans whatsapp signal telegram snapchat facebook fb received download downloaded file "
    "untitled frame frames video clip crop tile patch sample copy kopie edit edited unnamed jpg "
    "jpeg png rf com at am pm um of the a train test val valid validation training samsung camera "
    "cam wp burst portrait hdr cover top pano date new temp tmp"
)
"""Words of cameras, phones and programs: they name no class."""


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


@lru_cache(maxsize=200_000)
def _leading(stem: str) -> str:
    """Return the words before the first number (or after a number at the start): a class."""
    pieces = _PIECES.findall(_without_random(stem))
    while pieces and not pieces[0][0].isalpha():
        pieces.pop(0)
    end = next((i for i, piece in enumerate(pieces) if piece.isdigit()), len(pieces))
    return "".join(pieces[:end]).strip(" _.-()[]#+,")


@lru_cache(maxsize=200_000)
def _first_part(stem: str) -> str:
    """Return what stands before the first separator: a class that has a number, as ``s1_03``."""
    first, *more = re.split(r"[ _.\-()]+", stem.strip(" _.-()"))
    return first if more else ""


def _without_random(stem: str) -> str:
    """Return a name without the parts that a program made up."""
    if not _MAY_BE_RANDOM.search(stem):
        return stem
    parts = re.split(r"([ _.\-()]+)", stem)
    return "".join("0" if _RANDOM.match(part) else part for part in parts)


def says_nothing(stem: str) -> bool:
    """Tell whether a name is only a number, or one that a camera gives."""
    return _no_class(_leading(stem))


def _no_class(label: str) -> bool:
    words = re.findall(r"[^\W\d_]+", label.casefold())
    return not words or all(word in _NO_CLASS for word in words)


def classes_by_name(training: Iterable[str], others: Iterable[str] = ()) -> Mapping[str, str]:
    """Work out classes from file names.

    Parameters
    ----------
    training
        Names of the files that must tell their classes.
    others
        Further names, which may tell no class.

    Returns
    -------
    mapping
        From a name to its class; nothing where the names do not tell classes consistently: at
        least two, two files each on average, and a class for nine in ten training files.
    """
    training, others = list(training), list(others)
    for rule in (_leading, _first_part):
        label_of = {name: rule(_stem(name)) for name in training}
        found = Counter(label_of[name] for name in training)
        sizes = {label: n for label, n in found.items() if n > 1 and not _no_class(label)}
        named = sum(sizes.values())
        if len(sizes) > 1 and named >= NAMED_SHARE * len(training):
            label_of |= {name: rule(_stem(name)) for name in others}
            return {name: label for name, label in label_of.items() if label in sizes}
    return {}
