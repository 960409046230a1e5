"""Item 13: jobs that cost the visitor a click."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import INSTRUCTOR, Attack, Scene, Told

STUDIO = "data=produce/studio"
MOST, TABS = 8, 12
MOST_OF_ALL, LINKS = 20, 30
"""Each link is opened by somebody else."""
PORT = 47_113
"""Of a proxy that answers for the internet: every server is there and has nothing."""
PROXY = {"http_proxy": f"http://127.0.0.1:{PORT}", "https_proxy": f"http://127.0.0.1:{PORT}"}


async def _click_all(visitors: list[Visitor], label: str) -> int:
    """Press a button in every tab that has it; return in how many."""
    able = [v for v in visitors if v.tab.page.has("button", label)]
    await asyncio.gather(*(v.tab.click(label) for v in able), return_exceptions=True)
    return len(able)


async def floods_of_jobs(scene: Scene) -> Told:
    """Ask for previews, rankings and calibrations from many tabs and links."""
    said = []
    first = await scene.visitor("train", STUDIO)
    tabs = [first, *[await scene.visitor("data", code=first.code) for _ in range(TABS - 1)]]
    await asyncio.gather(*(v.tab.go("data") for v in tabs))
    await _click_all(tabs, "Show eight epochs")
    previews = scene.jobs("preview", "waiting", "running")
    said.append(f"{previews} previews")
    for tab, seed in zip(tabs, range(100, 100 + TABS), strict=True):
        await tab.tab.go("train")
        if tab.tab.page.has("number_input", "Seed"):
            await tab.tab.set("number_input", "Seed", double_value=float(seed))
        await tab.tab.go("backbone")
        await _click_all([tab], "Rank the networks")
    rankings = scene.jobs("rank", "waiting", "running")
    said.append(f"{rankings} rankings")
    before = scene.jobs("measure_costs")
    for size in range(33, 33 + LINKS):
        await scene.visitor("train", f"{STUDIO}&input_size={size}")
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.5)
    measured = scene.jobs("measure_costs") - before
    said.append(f"{measured} calibrations for {LINKS} links")
    held = max(previews, rankings) <= MOST and measured <= MOST_OF_ALL
    return Told("at a time: " + ", ".join(said), held)


class _Nothing(BaseHTTPRequestHandler):
    """Answers everything with "not found"."""

    def do_HEAD(self) -> None:
        """Say so."""
        self.send_error(404)

    do_GET = do_CONNECT = do_HEAD

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""


@contextlib.contextmanager
def _internet() -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", PORT), _Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


async def downloads(scene: Scene) -> Told:
    """Ask for every public set that is within reach."""
    with _internet():
        visitor = await scene.visitor("data")
        toggles = [c for c in visitor.tab.page.all("checkbox") if "public sets" in c.label]
        if not toggles:
            return Told("not offered", True)
        await visitor.tab.set("checkbox", toggles[0].label, bool_value=True)
        offers = [b for b in visitor.tab.page.all("button") if b.label.startswith("Download")]
        for offer in offers:
            await visitor.tab.press(offer.id)
        asked = scene.jobs("prefetch_data")
    return Told(f"{len(offers)} offered to a stranger, {asked} fetched", asked == 0)


JOBS = (
    Attack(
        "job-floods", "13", f"previews, rankings, calibrations: {TABS} tabs, {LINKS} links",
        f"{MOST} previews and rankings, {MOST_OF_ALL} calibrations", floods_of_jobs, seconds=180,
    ),
    Attack(
        "downloads", "13", "public sets fetched by a stranger", "none", downloads, alone=True,
        env={**PROXY, "TL_INSTRUCTOR_CODE": INSTRUCTOR},
    ),
)  # fmt: skip
