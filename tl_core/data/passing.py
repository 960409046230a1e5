"""Which files are passed over and counted, because no person put them there."""

from __future__ import annotations

import re

from tl_core.modalities import looks_like_an_item

ICLOUD_NAME = re.compile(r"\.(.+)\.icloud", re.IGNORECASE)
"""How iCloud calls what stands for a file that it has not downloaded, with that file's own name."""

_RULES = tuple(
    (rule, re.compile(pattern, re.IGNORECASE))
    for rule, pattern in (
        ("thumbnails of a network drive", r"@eadir|\.@__thumb|@synoresource"),
        (
            "files in a recycle bin",
            r"#recycle|@recycle|\$recycle\.bin|recycler|\.recycle|\.trash(es|ed)?(-.*)?",
        ),
        ("files that a check of the disk has found (lost+found)", r"lost\+found|found\.\d{3}"),
        (
            "files of macOS",
            r"__macosx|\._.*|\.ds_store|icon[\r\u240d]|\.appledouble|\.appledb|\.appledesktop|"
            r"\.spotlight-v100|\.fseventsd|\.temporaryitems|\.documentrevisions-v100|\.localized|"
            r"\.volumeicon\.icns|\.apdisk",
        ),
        (
            "files of Windows",
            r"(eh)?thumbs(_vista)?\.db|desktop\.ini|folder\.htt|system volume information",
        ),
        ("thumbnails", r"\.thumb(nail)?s?|\.thumbdata.*|zbthumbnail\.info"),
        (
            "files of a version control",
            r"\.git|\.gitignore|\.gitattributes|\.gitkeep|\.gitmodules|\.github|\.svn|\.hg|\.dvc",
        ),
        ("files that Python keeps for itself", r"\.ipynb_checkpoints|__pycache__|\.venv|.*\.pyc"),
        ("edit notes of a phone or a photo program", r".*\.(aae|xmp|pp3|dop)|\.?picasa\.ini"),
        ("temporary files of an office program", r"~\$.*|\.~lock\..*#"),
        ("hidden files", r"\..*"),
    )
)
"""In words for a report, and which names of folders and files fall under it."""

IN_MACOS_FOLDER = "photos in a folder called __MACOSX (rename it, if they are yours)"


def passing_rule(path: str) -> str | None:
    """Return the rule by which a file is passed over and counted.

    Parameters
    ----------
    path
        Of the file, with forward slashes.

    Returns
    -------
    str or None
        Words that follow a number ("36 thumbnails of a network drive"); None if it is to be looked
        at. A placeholder of iCloud stands for a photo, and is named rather than passed over.
    """
    *folders, name = [part for part in path.split("/") if part] or [""]
    parts = folders if ICLOUD_NAME.fullmatch(name) else [*folders, name]
    rule = next((rule for part in parts for rule, names in _RULES if names.fullmatch(part)), None)
    in_macos = "__macosx" in (part.lower() for part in folders)
    if in_macos and looks_like_an_item(name) and not name.startswith("."):
        return IN_MACOS_FOLDER
    return rule
