"""Which items show the same: one picture in two formats or sizes, recompressed, or from a burst.

What two files say of themselves is compared by their signatures, made by the modality
(:class:`~tl_core.modalities.Measures`): 128 hexadecimal digits, of which 64 are bits of *shape* and
the others bytes of *tone*. Signatures of another form are those of items that show too little.
The limits below were measured on photos, drawings, faces, X-rays and digits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from tl_core.data.copies.names import copied_name, number_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAR = 16
"""Bits of shape, of 256, in which copies may differ whatever they are called. Of recompressed,
resized and converted photos 99 % differ in 14 at most. Of a thousand million pairs of different
small photos none differed in fewer than 60; of small digits on plain ground the nearest in 24."""

NEAR_BY_NUMBER = 32
"""The same for files of one folder whose numbers follow one another (``IMG_0001``, ``IMG_0002``),
as those of a burst do. A hand that moves by 0.5 % of the picture makes 30 at most."""

NEAR_BY_NAME = 56
"""The same for files in one folder that share a name (``a.jpg``, ``a-edited.jpg``), and for any two
of a group: a chain of near copies never leads further."""

TONE = 16
"""Largest difference of a byte of tone: what differs in colour alone is not the same."""

CROWD = 30
"""Who is near to more than so many others is no copy of them: a series in which nothing moves, such
as frames of a film, all looks alike."""

SHARED = 10
"""A name that more files of a folder share says nothing: somebody numbered them."""

_SIGNATURE = re.compile("[0-9a-f]{128}")

_BLOCK = 2**19
"""Pairs that are compared at once."""


class Twins(NamedTuple):
    """What :func:`find_twins` found; items are numbered as they were given.

    Attributes
    ----------
    groups
        Items that show the same, two or more each, byte-identical ones included; sorted.
    crowd
        Items that look like so many others that no copies can be told among them; sorted.
    """

    groups: list[tuple[int, ...]]
    crowd: tuple[int, ...]


def find_twins(paths: Sequence[str], sha256s: Sequence[str], signatures: Sequence[str]) -> Twins:
    """Find the items that show the same.

    Two are the same where their bytes are; where their signatures differ by ``NEAR`` at most; in
    one folder by ``NEAR_BY_NAME`` under names of copies, and by ``NEAR_BY_NUMBER`` under numbers
    that follow one another. Nearest first, groups grow as long as any two of one differ by
    ``NEAR_BY_NAME`` at most. The order of the items plays no part.

    Parameters
    ----------
    paths, sha256s, signatures
        Of each item: its name, the digest of its content, and its signature or "". 50,000 items
        take about three seconds, and memory in proportion to their number.

    Returns
    -------
    Twins
        The groups, and who was left out of them.
    """
    import numpy as np  # here: who only lists data sets loads it not

    contents: dict[str, list[int]] = defaultdict(list)
    for index, sha256 in enumerate(sha256s):
        contents[sha256].append(index)
    texts = {sha256: max(signatures[i] for i in same) for sha256, same in contents.items()}
    # Alike ones come one after another.
    known = sorted((text, sha256) for sha256, text in texts.items() if _SIGNATURE.fullmatch(text))
    raw = np.frombuffer(bytes.fromhex("".join(text for text, _ in known)), np.uint8)
    raw = raw.reshape(len(known), 64)
    shapes = np.ascontiguousarray(raw[:, :32]).view(np.uint64)
    tones = raw[:, 32:].astype(np.int16)
    near, crowded = _near(shapes, tones)
    called = _names([[paths[i] for i in contents[sha256]] for _, sha256 in known], crowded)
    edges = np.concatenate(
        [
            near,
            _within(shapes, tones, _sharing_a_name(called), NEAR_BY_NAME),
            _within(shapes, tones, _with_next_number(called), NEAR_BY_NUMBER),
        ]
    )
    together = _join(shapes, edges)
    joined = [[i for one in cluster for i in contents[known[one][1]]] for cluster in together]
    in_clusters = {known[one][1] for cluster in together for one in cluster}
    alone = [same for sha256, same in contents.items() if sha256 not in in_clusters]
    groups = sorted(tuple(sorted(same)) for same in joined + alone if len(same) > 1)
    crowd = sorted(i for one in np.flatnonzero(crowded) for i in contents[known[one][1]])
    return Twins(groups, tuple(crowd))


def group_keys(sha256s: Sequence[str], groups: Sequence[tuple[int, ...]]) -> list[str]:
    """Return ``Item.group`` of each item: what all of a group share, "" for those in none.

    Parameters
    ----------
    sha256s
        As of :func:`find_twins`.
    groups
        What it found.
    """
    keys = [""] * len(sha256s)
    for group in groups:
        key = min(sha256s[index] for index in group)
        for index in group:
            keys[index] = key
    return keys


def _distances(shapes: NDArray[np.uint64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    differing = shapes[pairs[:, 0]] ^ shapes[pairs[:, 1]]
    bits: NDArray[np.int64] = np.bitwise_count(differing).sum(axis=1, dtype=np.int64)
    return bits


def _within(
    shapes: NDArray[np.uint64], tones: NDArray[np.int16], pairs: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Return those pairs that differ by no more, as rows of distance and both numbers."""
    import numpy as np

    distances = _distances(shapes, pairs)
    pairs, distances = pairs[distances <= most], distances[distances <= most]
    alike = np.abs(tones[pairs[:, 0]] - tones[pairs[:, 1]]).max(axis=1, initial=0) <= TONE
    rows: NDArray[np.int64] = np.column_stack([distances, pairs])[alike]
    return rows


def _near(
    shapes: NDArray[np.uint64], tones: NDArray[np.int16]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Compare all with all; return the near pairs, and who is near to a crowd (and in no pair)."""
    import numpy as np

    count = len(shapes)
    neighbours = np.zeros(count, dtype=np.int64)
    found = [np.empty((0, 3), dtype=np.int64)]
    rows = max(1, _BLOCK // max(count, 1))
    for top in range(0, count, rows):
        block = np.arange(top, min(top + rows, count))
        others = np.arange(top, count)
        if (neighbours[block] > CROWD).all():  # only whoever is in no crowd yet has to be counted
            others = others[neighbours[top:] <= CROWD]
        # A quarter of the bits rules out nearly all.
        first = np.bitwise_count(shapes[block, :1] ^ shapes[others, 0]) <= NEAR
        i, j = np.divmod(np.flatnonzero(first), len(others))  # four times as fast as nonzero
        pairs = np.column_stack([block[i], others[j]])
        near = _within(shapes, tones, pairs[pairs[:, 0] < pairs[:, 1]], NEAR)
        if len(near):
            neighbours += np.bincount(near[:, 1:].ravel(), minlength=count)
            found.append(near[(neighbours[near[:, 1:]] <= CROWD).all(axis=1)])
    crowded = neighbours > CROWD
    pairs = np.concatenate(found)
    return pairs[~crowded[pairs[:, 1:]].any(axis=1)], crowded


_Names = dict[tuple[str, str], set[int]]
"""By folder and name, the contents of which a file is called so."""


def _names(paths: Sequence[Sequence[str]], crowded: NDArray[np.bool_]) -> _Names:
    names: _Names = defaultdict(set)
    for number, same in enumerate(paths):
        if not crowded[number]:
            for path in same:
                names[copied_name(path)].add(number)
    return {name: numbers for name, numbers in names.items() if len(numbers) <= SHARED}


def _sharing_a_name(names: _Names) -> NDArray[np.int64]:
    return _pairs(pair for numbers in names.values() for pair in combinations(numbers, 2))


def _with_next_number(names: _Names) -> NDArray[np.int64]:
    counted: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for (folder, name), contents in names.items():
        if found := number_in(name):
            counted[folder, *found] |= contents
    return _pairs(
        (one, other)
        for (folder, name, number), contents in list(counted.items())
        for one, other in product(contents, counted.get((folder, name, number + 1), ()))
        if one != other
    )


def _pairs(found: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    import numpy as np

    pairs = {(min(pair), max(pair)) for pair in found}
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _join(shapes: NDArray[np.uint64], edges: NDArray[np.int64]) -> list[list[int]]:
    """Make groups along the edges, the shortest first, as long as all of one are alike."""
    import numpy as np

    members: dict[int, list[int]] = {}
    home: dict[int, int] = {}
    for _, i, j in edges[np.lexsort(edges.T[::-1])].tolist():
        a, b = home.setdefault(i, i), home.setdefault(j, j)
        mine, theirs = members.setdefault(a, [a]), members.setdefault(b, [b])
        if a == b or not _all_alike(shapes, mine, theirs):
            continue
        if len(mine) < len(theirs):
            a, b, mine, theirs = b, a, theirs, mine
        mine += members.pop(b)
        home |= dict.fromkeys(theirs, a)
    return [sorted(cluster) for cluster in members.values() if len(cluster) > 1]


def _all_alike(shapes: NDArray[np.uint64], mine: list[int], theirs: list[int]) -> bool:
    import numpy as np

    if len(mine) == len(theirs) == 1:
        return True  # an edge is short enough by itself
    differing = shapes[mine][:, None] ^ shapes[theirs][None]
    return int(np.bitwise_count(differing).sum(axis=2, dtype=np.int64).max()) <= NEAR_BY_NAME
