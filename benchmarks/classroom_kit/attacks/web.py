"""Items 18, 19, 20, 21 and 26: what anybody can look up, and links and files that lie."""

from __future__ import annotations

import asyncio
import contextlib
import stat
import time
from pathlib import Path

import requests
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidMessage

from classroom_kit.attacks.scene import INSTRUCTOR, Attack, Scene, Told
from classroom_kit.server import cpu_seconds, descendants

EVIL = "evil.example"
LIES = (
    "epochs=99999999&lr=nan&batch_size=-5",
    "input_size=10000&data=produce/studio",
    "seed=1e999&epochs=true&lr=1e400",
    "backbone=../../etc/passwd&thawed=x,y,z&strategies=a,b,c",
    "data=/etc&data=../..&strategies=from_scratch",
    "image_size=9999&batch_size=4096&data=produce/studio",
    "room=%00%ff&epochs=" + "9" * 5000,
)
IDLE_SECONDS, IDLE_PERCENT = 30, 0.5


async def hosts(scene: Scene) -> Told:
    """Ask under another host's name, and look at the headers and the metrics."""
    port = scene.url.rpartition(":")[2]

    def look() -> dict[str, bool]:
        page = requests.get(scene.url, timeout=10)
        evil = requests.get(scene.url, headers={"Host": f"{EVIL}:{port}"}, timeout=10)
        metrics = requests.get(f"{scene.url}/_stcore/metrics", timeout=10)
        framed = page.headers.get("X-Frame-Options", "") or "frame-ancestors" in page.headers.get(
            "Content-Security-Policy", ""
        )
        return {
            "another host's name is served": evil.status_code < 400,
            "no nosniff": page.headers.get("X-Content-Type-Options", "").lower() != "nosniff",
            "no frame protection": not framed,
            "metrics are open": metrics.status_code < 400,
        }

    found = await asyncio.to_thread(look)
    found["another host's page gets a connection"] = await _rebinds(scene, port)
    bad = [what for what, so in found.items() if so]
    return Told(f"{len(bad)} of {len(found)}: {', '.join(bad) or 'none'}", not bad)


async def _rebinds(scene: Scene, port: str) -> bool:
    """Tell whether a page of another name that resolves to this server gets a connection."""
    with contextlib.suppress(OSError, InvalidHandshake, InvalidMessage):
        async with connect(
            f"ws://{EVIL}:{port}/_stcore/stream",
            host="127.0.0.1",
            port=int(port),
            origin=f"http://{EVIL}:{port}",  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            open_timeout=10,
        ):
            return True
    return False


async def lying_links(scene: Scene) -> Told:
    """Open links whose settings lie, and start what they set up."""
    broken, large = [], []
    for lie in LIES:
        visitor = await scene.visitor("train", lie)
        await visitor.tab.go("train")
        if visitor.tab.page.has("exception"):
            broken.append(lie[:30])
        sizes = [
            n for n in visitor.tab.page.all("number_input") if n.label.startswith("Photo size")
        ]
        if any(size.default > 1024 for size in sizes):
            large.append(lie[:30])
        await visitor.tab.go("backbone")
        broken += [lie[:30]] * visitor.tab.page.has("exception")
    costs = [p for (p,) in scene.rows("select payload from jobs where kind = 'measure_costs'")]
    sizes_asked = [p for p in costs if any(s in p for s in ("10000", "9999"))]
    text = f"{len(broken)} of {len(LIES)} links break a page, {len(large)} huge sizes stay set, "
    text += f"{len(sizes_asked)} are measured"
    return Told(text, not broken and not large and not sizes_asked)


async def neighbour(scene: Scene) -> Told:
    """Look around as another user of the machine, and in the processes that do the runs."""
    await scene.visitor("train", "data=produce/studio")
    await scene.until(lambda: (scene.home / "supervisor.pid").exists(), 20)
    await asyncio.sleep(3)
    bad = []
    for name in (".", "lab.sqlite3", "logs/supervisor.log"):
        path = scene.home / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            bad.append(f"{name} is {stat.S_IMODE(path.stat().st_mode):o}")
    supervisor = int((scene.home / "supervisor.pid").read_text())
    for pid in (supervisor, *descendants(supervisor)):
        with contextlib.suppress(OSError):
            if INSTRUCTOR.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                bad.append(f"process {pid} has the instructor's code")
        with contextlib.suppress(OSError):
            if INSTRUCTOR.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                bad.append(f"process {pid} shows the instructor's code")
    shown = [text.replace(str(supervisor), "supervisor") for text in bad]
    return Told(f"{len(bad)} things to see: {', '.join(shown[:6]) or 'none'}", not bad)


async def corrupt(scene: Scene) -> Told:
    """Break the database under the server, and open a page."""
    await scene.visitor("data")
    await scene.leave()
    for path in scene.home.glob("lab.sqlite3*"):
        path.write_bytes(b"this is no database" * 1000)
    start = time.monotonic()
    try:
        visitor = await asyncio.wait_for(scene.visitor("data"), 20)
        broken, said = visitor.tab.page.has("exception"), visitor.tab.page.text()
    except (TimeoutError, OSError):
        tab = scene.visitors[-1].tab
        broken, said = True, tab.page.text()
    kept = len(list(scene.home.glob("*sqlite3*")))
    text = f"{'a broken page' if broken else 'a page'} after {time.monotonic() - start:.1f} s"
    told = "database" in said.lower()
    return Told(text + (", which tells of it" if told else f", {kept} files"), told and not broken)


async def idle(scene: Scene) -> Told:
    """Leave a page open that waits for nothing."""
    visitor = await scene.visitor("train", "data=produce/studio")
    await scene.until(lambda: (scene.home / "supervisor.pid").exists(), 30)
    await scene.until(lambda: scene.jobs("measure_costs", "waiting", "running") == 0, 60)
    await visitor.tab.go("data")
    await asyncio.sleep(5)
    supervisor = int((scene.home / "supervisor.pid").read_text())
    before, start = _all_cpu(supervisor), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    share = 100 * (_all_cpu(supervisor) - before) / (time.monotonic() - start)
    return Told(f"{share:.2f} % of a core over {IDLE_SECONDS} s", share <= IDLE_PERCENT)


def _all_cpu(pid: int) -> float:
    return sum(cpu_seconds(p) for p in (pid, *descendants(pid)))


WEB = (
    Attack("hosts", "19", "other hosts' names, headers, metrics", "none", hosts),
    Attack("lying-links", "20", f"{len(LIES)} links that lie", "no broken page or huge size",
           lying_links, seconds=90),
    Attack("neighbour", "18", "the home and the processes, seen by a neighbour", "nothing to see",
           neighbour, env={"TL_INSTRUCTOR_CODE": INSTRUCTOR}, alone=True),
    Attack("corrupt", "21", "a database that is none any more", "a sentence", corrupt, alone=True,
           calm=True),
    Attack("idle", "26", "a supervisor without work while a page is open",
           f"{IDLE_PERCENT} % of a core", idle, alone=True, calm=True, seconds=150),
)  # fmt: skip
