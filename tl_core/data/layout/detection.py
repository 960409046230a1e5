"""Labels for detection (boxes), known by the paths of their files."""

from __future__ import annotations

from collections.abc import Iterable

from tl_core.data.layout.words import is_mask

BOXED_SHARE = 0.5
"""Share of the items that must have a file of labels of the same name."""

SERVES = (
    "Boxes tell no class of a whole file. What serves is one folder for each class: sort the files "
    "by hand, or cut out what the boxes hold and sort that."
)


def detection_labels(items: Iterable[str], others: Iterable[str]) -> str | None:
    """Name the kind of detection labels that lie beside items, or None.

    Parameters
    ----------
    items, others
        Paths of the items, and of all other files.

    Returns
    -------
    str or None
        ``YOLO``, ``COCO`` or ``Pascal VOC``.
    """
    stems = {_stem(path) for path in items}
    texts, markup = set(), set()
    yolo = False
    for path in others:
        folder, _, name = path.lower().rpartition("/")
        in_labels = any(map(is_mask, folder.split("/"))) if folder else False
        if name.endswith(".txt") and _stem(path) in stems:
            texts.add(_stem(path))
        elif name.endswith(".xml") and _stem(path) in stems:
            markup.add(_stem(path))
        elif name.endswith(".json") and ("instances" in name or "coco" in name or in_labels):
            return "COCO"
        yolo = yolo or name in (
            "data.yaml",
            "data.yml",
            "classes.txt",
            "obj.names",
            "darknet.labels",
        )
    if len(markup) >= BOXED_SHARE * len(stems) and markup:
        return "Pascal VOC"
    if texts and (yolo or len(texts) >= BOXED_SHARE * len(stems)):
        return "YOLO"
    return None


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name
