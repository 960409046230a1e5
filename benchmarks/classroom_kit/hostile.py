"""Uploads of every bad kind, sent through the page as a browser sends them."""

from __future__ import annotations

import asyncio
import io
import stat
import struct
import threading
import time
import zipfile
import zlib
from pathlib import Path

from classroom_kit.learner import ZIP, Learner, photos_zip
from classroom_kit.report import Row
from classroom_kit.server import Server
from tests.photos import make_photo

LINK = (stat.S_IFLNK | 0o777) << 16
CAP_MB = 1024 + 450
"""What the checking of an upload may take, and the app."""


def hostile(home: Path) -> list[Row]:
    """Send everything; each has to be refused, or its bad files left out by name."""
    with Server(home, TL_SLOTS="1") as server, Watch(server) as watch:
        outcomes = asyncio.run(_send_all(server.url))
    escaped = [path for path in home.parent.iterdir() if path != home]
    bad = [name for name, fine in outcomes.items() if not fine]
    text = f"{len(outcomes) - len(bad)} of {len(outcomes)}; at most {watch.largest:.0f} MB in all"
    text += f"; not: {', '.join(bad)}" if bad else ""
    what = f"hostile uploads: {', '.join(outcomes)}"
    held = not bad and not escaped and watch.largest <= CAP_MB
    return [Row(what, f"all refused or skipped by name; {CAP_MB} MB", text, held)]


async def _send_all(url: str) -> dict[str, bool]:
    outcomes = {}
    for name, content in uploads().items():
        learner = await Learner(url, 0).arrive("data")
        await learner.tab.upload(ZIP, {f"{name}.zip": content})
        said = learner.tab.page.text()
        outcomes[name] = "refused" in said or _left_out(learner)
        await learner.leave()
    learner = await Learner(url, 1).arrive()
    await learner.bring_photos()
    outcomes["and then a good one is taken"] = "photos 1" in learner.tab.page.text()
    await learner.leave()
    return outcomes


def _left_out(learner: Learner) -> bool:
    """Tell whether the health report counts files that were left out, and lists them."""
    metrics = learner.tab.page.all("metric")
    counted = any(m.label == "Left out" and m.body not in ("0", "") for m in metrics)
    return counted and learner.tab.page.has("dataframe")


class Watch:
    """Looks at the memory of a server's processes while something happens."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.largest = 0.0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            self.largest = max(self.largest, sum(self._server.memory().values()))
            time.sleep(0.2)


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


def _zip(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
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

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10**6))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
