"""Render the bundled sample set ``produce``: fruit and vegetables in four domains.

    python -m venv venv-render
    venv-render/bin/pip install mitsuba==3.9.1 numpy==2.4.6 scipy==1.17.1 pillow==13.0.0
    venv-render/bin/python tools/render_samples.py all
    venv-render/bin/python tools/render_samples.py sheet --out sheets/

Needed only to make the set again, never to use it; hence the environment of its own. Each picture
depends on its class, domain and number alone, bit for bit, so a run that was stopped goes on where
it was: what exists is not rendered again.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.render.camera import develop  # noqa: E402
from tools.render.drawing import sketch  # noqa: E402
from tools.render.items import CLASSES, Item  # noqa: E402
from tools.render.scenes import PHOTOS  # noqa: E402
from tools.render.tracing import trace  # noqa: E402

HOME = ROOT / "assets" / "samples" / "produce"
COUNTS = {"studio": 40, "market": 40, "dusk": 20, "sketch": 20}
"""Domain -> pictures a class."""
QUALITY = 88
COLUMNS = ("file", "class", "colour", "shape", "texture", "domain", "seed")


def seed_of(domain: str, name: str, index: int) -> int:
    """Return the seed of one picture: 32 bits of a digest of its name."""
    digest = hashlib.sha256(f"produce/{domain}/{name}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def picture(
    domain: str, name: str, index: int, side: int = 160, samples: int = 12
) -> tuple[Item, Image.Image]:
    """Make one picture and return its first item with it."""
    seed = seed_of(domain, name, index)
    rng = np.random.default_rng(seed)
    if domain == "sketch":
        item, pixels = sketch(name, rng, side)
    else:
        shot = PHOTOS[domain](name, rng)
        light = trace(shot.parts, shot.emitters, shot.camera, side, samples, seed)
        item, pixels = shot.subject, develop(light, shot.film, rng)
    return item, Image.fromarray(pixels)


def attributes(item: Item, domain: str, name: str, index: int) -> dict[str, str]:
    """Return a picture's row of the table."""
    return {
        "file": f"{domain}/{name}/{index:03d}.jpg",
        "class": name,
        "colour": "none" if domain == "sketch" else item.colour,
        "shape": item.shape,
        "texture": "line" if domain == "sketch" else item.texture,
        "domain": domain,
        "seed": str(seed_of(domain, name, index)),
    }


def render_all(home: Path, domains: list[str], side: int, samples: int) -> None:
    """Render what is missing. A picture carries its row of the table as its JPEG comment."""
    wanted = [(d, i, n) for d in domains for i in range(COUNTS[d]) for n in CLASSES]
    for domain, index, name in wanted:
        path = home / domain / name / f"{index:03d}.jpg"
        if path.exists():
            continue
        started = time.perf_counter()
        item, image = picture(domain, name, index, side, samples)
        row = json.dumps(attributes(item, domain, name, index))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        image.save(part, "JPEG", quality=QUALITY, comment=row)
        part.replace(path)  # a run that is stopped leaves no half picture behind
        print(f"{domain}/{name}/{index:03d} {time.perf_counter() - started:.1f} s", flush=True)


def write_table(home: Path) -> None:
    """Write the table of attributes of all pictures, sorted by file."""
    with (home / "attributes.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for path in sorted(home.glob("*/*/*.jpg")):
            writer.writerow(json.loads(Image.open(path, formats=["JPEG"]).info["comment"]))


def sheet(home: Path, domain: str, out: Path, columns: int = 20) -> None:
    """Lay all pictures of a domain out on one sheet, a block of rows a class."""
    classes = [sorted((home / domain / name).glob("*.jpg")) for name in CLASSES]
    rows = [files[i : i + columns] for files in classes for i in range(0, len(files), columns)]
    page = Image.new("RGB", (columns * 160, len(rows) * 160), "white")
    for row, files in enumerate(rows):
        for column, file in enumerate(files):
            photo = Image.open(file, formats=["JPEG"])
            page.paste(photo.resize((160, 160)), (column * 160, row * 160))
    out.mkdir(parents=True, exist_ok=True)
    page.save(out / f"{domain}.jpg", quality=85)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["all", "sheet"])
    parser.add_argument(
        "--out", type=Path, default=HOME, help="folder of the set, or of the sheets"
    )
    parser.add_argument("--home", type=Path, default=HOME, help="the set that sheets are made of")
    parser.add_argument("--domains", nargs="+", choices=COUNTS, default=list(COUNTS))
    parser.add_argument("--side", type=int, default=160, help="pixels")
    parser.add_argument("--samples", type=int, default=12, help="paths a pixel")
    args = parser.parse_args()
    if args.task == "all":
        render_all(args.out, args.domains, args.side, args.samples)
        write_table(args.out)
    else:
        for domain in args.domains:
            sheet(args.home, domain, args.out)


if __name__ == "__main__":
    main()
