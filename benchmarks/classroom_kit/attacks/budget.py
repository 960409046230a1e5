"""Items 6 and 14: what fills a disk and a database."""

from __future__ import annotations

import asyncio
import contextlib
import time

from classroom_kit.attacks.files import noise_png
from classroom_kit.attacks.scene import LIGHT, QUICK, RUN_SECONDS, Attack, Scene, Told, mega
from classroom_kit.learner import SET, photos_zip

LIMIT_MB = 300
HEAVY = "backbone=resnet18&strategies=from_scratch&epochs=1&input_size=32"
RUNS, QUESTIONS = 7, 8
KEPT = ("runs", "uploads", "questions")
DISK_MB, SECONDS_TO_SAY = 64, 2.0
STEPS = "strategies=feature_extraction&epochs=200&input_size=32&batch_size=1&augment=none"
TRAINED_SECONDS, ROWS = 30, 2000


async def learner_budget(scene: Scene) -> Told:
    """Start runs that keep a large network each, then ask about large photos."""
    visitor = await scene.visitor("data", HEAVY)
    await visitor.bring(photos_zip(21, 4))
    await visitor.tab.go("train")
    said_no = ""
    for _ in range(RUNS):
        before = scene.jobs("train")
        if not visitor.tab.page.has("button", "Start 1 run"):
            said_no = "no Start"
            break
        await visitor.tab.click("Start 1 run")
        if scene.jobs("train") == before:
            said_no = "refused"
            break
        await visitor.tab.until(visitor.ended, RUN_SECONDS)
    runs = scene.jobs("train", "finished")
    bytes_of_runs = scene.stored(*KEPT)
    await visitor.tab.go("predict")
    asked = 0
    for number in range(QUESTIONS if visitor.tab.page.has("file_uploader", "Photos") else 0):
        before = scene.jobs("predict")
        await visitor.tab.give("file_uploader", "Photos", {f"{number}.png": noise_png(number)})
        asked += scene.jobs("predict") > before
    kept = scene.stored(*KEPT)
    text = f"{runs} of {RUNS} runs ({mega(bytes_of_runs)}), {asked} of {QUESTIONS} questions "
    text += f"({mega(kept - bytes_of_runs)}): {mega(kept)} kept of {LIMIT_MB} MB"
    return Told(
        text + (f", then {said_no}" if said_no else ""), runs > 0 and kept <= 1.1 * LIMIT_MB * 2**20
    )


async def disk_full(scene: Scene) -> Told:
    """Fill the disk of a server to the last byte, and use it."""
    filler = scene.home / "filler"
    visitor = await scene.visitor("data", LIGHT)
    await visitor.tab.click(SET)
    await visitor.tab.go("train")
    waits: list[float] = []
    broken = 0
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))

    async def timed(action: str) -> None:
        nonlocal broken
        start = time.monotonic()
        try:
            if action == "upload":
                await asyncio.wait_for(visitor.bring(photos_zip(5)), 40)
            elif action == "start":
                await asyncio.wait_for(visitor.start_runs(), 40)
            else:
                await asyncio.wait_for(visitor.tab.go(action), 40)
        except TimeoutError:
            broken += 1
        except LookupError:
            pass  # there is no button any more: the page says why
        waits.append(time.monotonic() - start)
        broken += visitor.tab.page.has("exception")

    for action in ("upload", "start", "data", "backbone"):
        await timed(action)
    newcomer = time.monotonic()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(scene.visitor("data"), 40)
    waits.append(time.monotonic() - newcomer)
    filler.unlink()
    text = f"answers after {', '.join(f'{w:.1f}' for w in waits)} s, {broken} broken pages"
    return Told(text, max(waits) <= SECONDS_TO_SAY and not broken)


def _steps(scene: Scene) -> tuple[int, int]:
    """Return how many events of runs the database has, and how many steps they tell of."""
    [[rows, steps]] = scene.rows(
        "select count(*), max(json_extract(data, '$.step')) from events where job in "
        "(select id from jobs where kind = 'train')"
    )
    return rows, steps or 0


async def many_steps(scene: Scene) -> Told:
    """Run a comparison of very many steps, and look at it in a new tab."""
    visitor = await scene.visitor("data", STEPS)
    await visitor.bring(photos_zip(22, 100))
    await visitor.start_runs()
    await scene.until(lambda: _steps(scene)[1] > 0, RUN_SECONDS)
    await scene.until(lambda: scene.jobs("train", "running", "waiting") == 0, TRAINED_SECONDS)
    rows, steps = _steps(scene)
    visitor.tab.drop()
    size = (scene.home / "lab.sqlite3").stat().st_size
    memory, cpu = scene.memory(), scene.cpu()
    await scene.visitor("train", code=visitor.code)
    spent, grown = scene.cpu() - cpu, scene.memory() - memory
    text = f"{rows:,} rows of {steps:,} steps, database {mega(size)}; a new tab costs "
    text += f"{spent:.2f} s of CPU and {grown:+.0f} MB"
    return Told(text, rows <= ROWS and spent <= 0.5)


BUDGET = (
    Attack(
        "learner-budget", "6", f"large networks and questions of a learner, {LIMIT_MB} MB allowed",
        "a tenth more at most", learner_budget, alone=True,
        env={"TL_LEARNER_MB": str(LIMIT_MB), **QUICK},
        prepare=lambda: [noise_png(n) for n in range(QUESTIONS)], seconds=600,
    ),
    Attack(
        "many-steps", "14", f"a run of 200 epochs with batches of one, {TRAINED_SECONDS} s of it",
        f"{ROWS:,} rows; 0.5 s of CPU for a new tab", many_steps, alone=True, seconds=300,
        env=QUICK,
    ),
    Attack(
        "disk-full", "6", "a disk that is full to the last byte",
        f"every page within {SECONDS_TO_SAY:.0f} s, none broken", disk_full, alone=True, calm=True,
        disk_mb=DISK_MB, seconds=300, env={"TL_DISK_FLOOR_MB": "8"},
    ),
)  # fmt: skip
