"""One learner on an idle server: reaction, first point, memory, and growth over many cycles."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from classroom_kit.learner import Learner
from classroom_kit.report import Row, percentile
from classroom_kit.server import Server

FIRST_POINT, MEMORY_MB, GROWTH_MB = 1.5, 690, 50
REACTIONS, REPEATS = 60, 7
PAGES = ("data", "backbone", "train", "compare", "predict")
LONG = {"Epochs": 200.0}


async def stop_all(learner: Learner) -> None:
    """Stop the learner's runs, the waiting one first."""
    while learner.tab.page.has("button", "Stop"):
        buttons = [b for b in learner.tab.page.all("button") if b.label == "Stop"]
        free = [b for b in buttons if not b.disabled]
        if free:
            await learner.tab.press(free[-1].id)
        await asyncio.sleep(0.2)
    await learner.wait()


def reaction(home: Path) -> list[Row]:
    """Change pages while two runs train."""

    async def measure(url: str) -> list[float]:
        learner = await Learner(url, 0).arrive()
        await learner.take_set()
        await learner.start(**LONG)
        await learner.tab.until(lambda: learner.tab.page.points() > 0)
        learner.tab.reactions.clear()
        for number in range(REACTIONS):
            await learner.tab.go(PAGES[number % len(PAGES)])
            await asyncio.sleep(0.3)
        measured = list(learner.tab.reactions)
        await learner.tab.go("train")
        await stop_all(learner)
        await learner.leave()
        return measured

    with Server(home, TL_SLOTS="2") as server:
        seconds = asyncio.run(measure(server.url))
    middle, high = percentile(seconds, 50), percentile(seconds, 95)
    return [
        Row(
            "page reaction while two runs train, one learner, p50 / p95",
            "0.3 s / 1.0 s",
            f"{middle:.2f} s / {high:.2f} s",
            middle <= 0.3 and high <= 1.0,
        )
    ]


def first_point(home: Path) -> list[Row]:
    """Start runs on a set that is decoded, again and again, on an empty queue."""

    async def measure(url: str) -> list[float]:
        learner = await Learner(url, 0).arrive()
        await learner.take_set()
        await learner.start()
        await learner.tab.until(lambda: learner.tab.page.points() > 0)
        await stop_all(learner)
        seconds = []
        for _ in range(REPEATS):
            begin = time.monotonic()
            await learner.tab.click("Start 2 runs")
            await learner.tab.until(lambda: learner.tab.page.points() > 0)
            seconds.append(time.monotonic() - begin)
            await stop_all(learner)
        await learner.leave()
        return seconds

    with Server(home) as server:
        seconds = asyncio.run(measure(server.url))
    middle = percentile(seconds, 50)
    text = f"{middle:.2f} s (of {len(seconds)}: {min(seconds):.2f} to {max(seconds):.2f} s)"
    what = "first point of the first chart after Start, empty queue, set decoded, p50"
    return [Row(what, f"{FIRST_POINT} s", text, middle <= FIRST_POINT)]


def memory(home: Path) -> list[Row]:
    """Add up the memory of all processes while one learner's run trains, at its largest."""

    async def measure(server: Server) -> dict[str, float]:
        learner = await Learner(server.url, 0).arrive()
        for path in PAGES:
            await learner.tab.go(path)
        await learner.take_set()
        await learner.start(Epochs=5.0)
        largest: dict[str, float] = {}
        while not learner.ended():
            now = server.memory()
            largest = max(largest, now, key=lambda sizes: sum(sizes.values()))
            await asyncio.sleep(0.25)
        await learner.leave()
        return largest

    with Server(home, TL_SLOTS="1") as server:
        sizes = asyncio.run(measure(server))
    total = sum(sizes.values())
    parts = ", ".join(f"{name.split()[0]} {size:.0f}" for name, size in sizes.items())
    what = "memory (sum of PSS) of app, supervisor and one run, one learner"
    return [Row(what, f"{MEMORY_MB} MB", f"{total:.0f} MB ({parts})", total <= MEMORY_MB)]


def growth(home: Path, cycles: int) -> list[Row]:
    """Upload, train and delete again and again; see whether the app's memory comes back."""

    async def measure(server: Server) -> list[float]:
        sizes = []
        learner = await Learner(server.url, 0).arrive()
        for cycle in range(cycles):
            learner.number = cycle  # other photos each time
            await learner.bring_photos()
            await learner.start(Epochs=1.0, Photo_size_in_pixels=32.0)
            await learner.wait()
            await learner.tab.go("data")
            await learner.tab.click("Delete everything of mine")
            sizes.append(server.memory()["app"])
        await learner.leave()
        return sizes

    with Server(home, TL_SLOTS="2") as server:
        sizes = asyncio.run(measure(server))
    grown = sizes[-1] - sizes[0]
    what = f"app process growth over {cycles} upload-train-delete cycles"
    text = f"{grown:+.0f} MB ({sizes[0]:.0f} MB after the first, {sizes[-1]:.0f} MB after the last)"
    return [Row(what, f"{GROWTH_MB} MB", text, grown <= GROWTH_MB)]
