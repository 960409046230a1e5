"""Makes small folders and zips of pictures whose classes can really be learned."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def make_photo(label: int, *, size: tuple[int, int] = (80, 60), seed: int = 0) -> Image.Image:
    """Draw one picture of a class: stripes of its own direction, width and tint, plus noise."""
    rng = np.random.default_rng([label, seed])
    width, height = size
    y, x = np.mgrid[:height, :width] / min(size)
    angle = label * 2.4 + rng.normal(0, 0.12)
    wave = np.sin(
        (x * np.cos(angle) + y * np.sin(angle)) * (14 + 7 * (label % 3)) + rng.uniform(0, 6)
    )
    tint = 0.5 + 0.35 * np.cos(label * 2.1 + np.array([0.0, 2.1, 4.2]))
    pixels = 255 * tint * (0.7 + 0.3 * wave[..., None]) * rng.uniform(0.75, 1.2)
    pixels += rng.normal(0, 18, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def make_photo_folder(
    root: Path,
    classes: Sequence[str] = ("ant", "bee"),
    per_class: int = 12,
    size: tuple[int, int] = (80, 60),
    seed: int = 0,
    splits: Mapping[str, int] | None = None,
) -> Path:
    """Fill a folder with class folders of different pictures.

    ``splits`` maps folder names such as ``train`` to pictures a class, instead of ``per_class``.
    """
    number = 0
    for split, count in (splits or {"": per_class}).items():
        for label, name in enumerate(classes):
            folder = root / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for _ in range(count):
                number += 1
                photo = make_photo(label, size=size, seed=seed * 100_000 + number)
                photo.save(folder / f"{name}_{number:04}.jpg", quality=90)
    return root


def make_deep(root: Path, factor: float) -> None:
    """Turn the photos of a folder into grey PNG files of 16 bits; white becomes 255 factors."""
    for file in sorted(root.rglob("*.jpg")):
        levels = np.asarray(Image.open(file).convert("L"), float)
        Image.fromarray((factor * levels).astype(np.uint16)).save(file.with_suffix(".png"))
        file.unlink()


def zip_folder(folder: Path, target: Path, prefix: str = "") -> Path:
    """Zip a folder's content, each name preceded by ``prefix``."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
    return target
