"""Item 4: messages of a few bytes, and of many."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import Attack, Scene, Told
from classroom_kit.learner import photos_zip
from classroom_kit.tab import LEARNER

NAMES = (300_000, 1_200_000, 6_000_000, 12_000_000)
"""Empty names in a request, two bytes each; the next only after the last one was harmless."""
HARMLESS_MB, ANSWER_SECONDS = 50, 20.0
DAYS = 3 * 86_400
CLEANUP_SECONDS = 75.0
"""The app tidies up once a minute."""


async def file_urls(scene: Scene) -> Told:
    """Ask for an address for each of very many files."""
    said = []
    worst = 0.0
    for count in NAMES:
        visitor = await scene.visitor("data")
        before, start = scene.memory(), time.monotonic()
        asked = asyncio.ensure_future(visitor.tab.ask_urls([""] * count, ANSWER_SECONDS))
        largest = before
        while not asked.done():
            await asyncio.sleep(0.05)
            largest = max(largest, scene.memory())
        answered, seconds = len(asked.result()), time.monotonic() - start
        worst = max(worst, largest - before)
        said.append(f"{2 * count / 1e6:.1f} MB asked: {answered:,} addresses, {seconds:.1f} s")
        await scene.leave()
        if answered or largest - before > HARMLESS_MB:
            break
    return Told("; ".join(said) + f"; {worst:+.0f} MB", worst <= 100)


def _flag(name: str) -> BackMsg:
    message = BackMsg()
    setattr(message, name, True)
    return message


def _answered(visitor: Visitor) -> bool:
    return not visitor.tab.alive or bool(visitor.tab.git)


async def developer(scene: Scene) -> Told:
    """Send what only a developer's browser sends, and see what is told and written."""
    visitor = await scene.visitor()
    seconds = []
    for name in ("load_git_info", "set_run_on_save", "debug_disconnect_websocket"):
        for _ in range(3 if name == "load_git_info" else 1):
            if not visitor.tab.alive:
                visitor = await scene.visitor()
            start = time.monotonic()
            await visitor.tab.send(_flag(name))
            await visitor.tab.send(_flag("app_heartbeat"))
            await scene.until(partial(_answered, visitor), 3)
            seconds.append(time.monotonic() - start)
    visitor = await scene.visitor()
    skills = BackMsg()
    skills.backend_operation_request.session_id = visitor.tab.session
    skills.backend_operation_request.install_skills.SetInParent()
    await visitor.tab.send(skills)
    await visitor.tab.send(_flag("debug_shutdown_runtime"))
    await asyncio.sleep(1)
    told = sum(len(v.tab.git) for v in scene.visitors)
    files = max((len(g.untracked_files) for v in scene.visitors for g in v.tab.git), default=0)
    up = Path(f"/proc/{scene.pid}").exists()
    text = f"repository told {told} times, with {files} untracked names"
    return Told(text + ("" if up else "; the server is gone"), told == 0 and up)


async def clear_cache(scene: Scene) -> Told:
    """Clear the caches again and again while an upload passes its end."""
    visitor = await scene.visitor("data")
    await visitor.bring(photos_zip(7, 4))
    [[owner, folder]] = scene.rows(
        "select owner, folder from uploads order by created desc limit 1"
    )
    [stored] = [path for path in scene.home.rglob(folder) if path.is_dir()]
    past = time.time() - DAYS
    scene.rows("update uploads set created = ? where owner = ? and folder = ?", past, owner, folder)
    os.utime(stored, (past, past))
    end = time.monotonic() + CLEANUP_SECONDS
    while stored.exists() and time.monotonic() < end:
        if not visitor.tab.alive:
            visitor = await scene.visitor("data")
        await visitor.tab.send(_flag("clear_cache"))
        await asyncio.sleep(5)
    return Told(
        "3 days past its end, still there" if stored.exists() else "removed in time",
        not stored.exists(),
    )


async def wide_states(scene: Scene) -> Told:
    """Run the script with states of widgets that nobody drew: long ones, and very many."""
    visitor = await scene.visitor()
    long = WidgetState(id="made-up", string_value="x" * 20_000_000)
    many = [WidgetState(id=f"made-up-{n}", int_value=n) for n in range(200_000)]
    [known] = [c.id for c in visitor.tab.page.all("bidi_component") if c.component_name == LEARNER]
    deep = WidgetState(id=known, json_value="[" * 100_000)
    before, largest, cut = scene.memory(), 0.0, 0
    for states in ([long], many, [deep], [long], many):
        if not visitor.tab.alive:
            cut += 1
            visitor = await scene.visitor()
        await visitor.tab.send(visitor.tab.rerun_message(*states))
        for _ in range(10):
            await asyncio.sleep(0.1)
            largest = max(largest, scene.memory())
    cut += not visitor.tab.alive
    await scene.leave()
    await asyncio.sleep(2)
    stays = scene.memory() - before
    text = f"{cut} of 5 refused; {largest - before:+.0f} MB, after the tab {stays:+.0f} MB"
    return Told(text, stays <= 60)


async def flood(scene: Scene) -> Told:
    """Send small messages as fast as the connection takes them, from three tabs."""
    kinds: tuple[Callable[[], BackMsg], ...] = (
        lambda: _flag("app_heartbeat"),
        lambda: _flag("stop_script"),
        lambda: BackMsg(rerun_script={"page_name": "data"}),  # type: ignore[arg-type]
    )
    sent = 0

    async def pour(make: Callable[[], BackMsg]) -> None:
        nonlocal sent
        visitor = await scene.visitor()
        end = time.monotonic() + 8
        while time.monotonic() < end:
            if not await visitor.tab.send(make()):
                await asyncio.sleep(0.5)
                visitor = await scene.visitor()
            sent += 1
            if sent % 20 == 0:
                await asyncio.sleep(0.005)

    await asyncio.gather(*(pour(make) for make in kinds))
    return Told(f"{sent:,} messages in 8 s", True)


MESSAGES = (
    Attack(
        "file-urls", "4", "addresses for 300,000 files asked for, then for more",
        "100 MB more at most", file_urls, seconds=100,
    ),
    Attack(
        "developer", "4", "a developer's messages: git, run on save, shut down, install skills",
        "nothing is told, the server stays", developer, own_checkout=True,
    ),
    Attack(
        "clear-cache", "4", "caches cleared every 5 s while an upload passes its end",
        "removed in time", clear_cache, seconds=120,
    ),
    Attack(
        "wide-states", "4", "widget states of 20 MB, 200,000 of them, and 100,000 levels",
        "60 MB stay at most", wide_states, seconds=90,
    ),
    Attack("flood", "4", "a flood of small messages from three tabs", "none", flood),
)  # fmt: skip
