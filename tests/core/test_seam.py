"""What a photo is, only its modality, its widgets and its networks know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PHOTO_WIDGETS = ("ui/shared/photos.py", "ui/data/camera.py")
"""What draws and takes photos on the screen."""

PHOTO_FAMILIES = tuple(
    f"tl_core/backbones/{name}.py"
    for name in (
        "convnext", "densenet", "efficientnet", "mini", "mobilenet", "resnet", "swin",
        "vgg", "vit",
    )
)  # fmt: skip

ALLOWED = ("tl_core/modalities/photo/", *PHOTO_WIDGETS, *PHOTO_FAMILIES)

OF_PHOTOS = re.compile(
    r"\b(?:mega)?pixels?\b|\bRGB\b|\bPIL\b|\bPillow\b|\b3, (?:S, S|H, W)\)", re.IGNORECASE
)


def modules() -> list[Path]:
    places = [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]
    for package in ("tl_core", "ui"):
        places += (ROOT / package).rglob("*.py")
    return sorted(places)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_other_module_speaks_of_what_a_photo_is_made_of(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(ALLOWED):
        return
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    assert not [f"{number}: {line}" for number, line in lines if OF_PHOTOS.search(line)]


@pytest.mark.parametrize("name", [*PHOTO_WIDGETS, *PHOTO_FAMILIES])
def test_what_is_allowed_exists(name: str) -> None:
    assert (ROOT / name).is_file()
