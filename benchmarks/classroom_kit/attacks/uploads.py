"""Uploads of every bad kind, sent through the page as a browser sends them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from functools import cache

from classroom_kit.attacks.files import chunk
from classroom_kit.attacks.files import zipped as _zip
from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import Attack, Scene, Told
from classroom_kit.learner import photos_zip
from tests.photos import make_photo

LINK = (stat.S_IFLNK | 0o777) << 16


async def nine(scene: Scene) -> Told:
    """Send everything; each has to be refused, or its bad files left out by name."""
    outcomes = {}
    for name, content in uploads().items():
        visitor = await scene.visitor("data")
        await visitor.bring(content, f"{name}.zip")
        outcomes[name] = visitor.says("refused") or _left_out(visitor)
        await visitor.tab.close()
    visitor = await scene.visitor("data")
    await visitor.bring(photos_zip(1), "photos 1.zip")
    outcomes["and then a good one is taken"] = visitor.says("photos 1")
    escaped = [path for path in scene.home.parent.iterdir() if path != scene.home]
    bad = [name for name, fine in outcomes.items() if not fine]
    text = f"{len(outcomes) - len(bad)} of {len(outcomes)}" + f"; not: {', '.join(bad)}" * bool(bad)
    return Told(text, not bad and not escaped)


def _left_out(visitor: Visitor) -> bool:
    """Tell whether the health report counts files that were left out, and lists them."""
    metrics = visitor.tab.page.all("metric")
    counted = any(m.label == "Left out" and m.body not in ("0", "") for m in metrics)
    return counted and visitor.says("| File | Why |")


@cache
def uploads() -> dict[str, bytes]:
    """Return the bad zips by name."""
    good = _photo()
    pair = {f"{c}/{i}.jpg": _photo(i) for c in ("a", "b") for i in range(3)}
    return {
        "zip slip": _zip({**pair, "../../escaped.jpg": good}),
        "absolute names": _zip({**pair, "/tmp/escaped.jpg": good}),
        "links": _with_link(pair),
        "zip bomb": _zip({f"a/{i}.jpg": bytes(60 * 2**20) for i in range(40)}),
        "nested zip": _zip({"a/inner.zip": photos_zip(0), "b/inner.zip": photos_zip(1)}),
        "100,000 entries": _zip({f"a/{i}.jpg": b"" for i in range(100_000)}),
        "pixel bombs": _zip({**pair, "a/huge.png": _claim(60_000, 60_000)}),
        "truncated pictures": _zip({**pair, "a/cut.jpg": good[: len(good) // 3]}),
        "mislabelled pictures": _zip({**pair, "a/text.jpg": b"<script>alert(1)</script>" * 40}),
    }


def _photo(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    make_photo(seed % 2, seed=seed).save(stream, "JPEG")
    return stream.getvalue()


def _with_link(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO(_zip(entries))
    with zipfile.ZipFile(stream, "a") as archive:
        link = zipfile.ZipInfo("a/link.jpg")
        link.create_system, link.external_attr = 3, LINK
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


def _claim(width: int, height: int) -> bytes:
    """Return a small PNG that claims to be huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10**6))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


UPLOADS = (
    Attack(
        "uploads", "-",
        "uploads: zip slip, links, bombs, nested, too many, cut, mislabelled",
        "all refused or skipped by name", nine, prepare=uploads, seconds=150,
    ),
)  # fmt: skip
