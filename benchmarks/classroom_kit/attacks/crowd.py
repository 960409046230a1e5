"""Items 8, 10, 11 and 12: what one visitor takes from the others by asking often, or for long."""

from __future__ import annotations

import asyncio
import time

from classroom_kit.attacks.files import many_scans, numbered, zipped
from classroom_kit.attacks.scene import INSTRUCTOR, LIGHT, Attack, Scene, Told, open_room, sign_in
from classroom_kit.learner import photos_zip

GUESSERS, GUESSES = 12, 6
CODES = 30
TABS = 10
LONG = "data=produce/studio&epochs=200&input_size=224&strategies=fine_tune"
SHORT = f"data=produce/studio&{LIGHT}"


async def wrong_codes(scene: Scene) -> Told:
    """Guess the instructor's code in many browsers; then the instructor comes."""

    async def guess() -> int:
        visitor = await scene.visitor("classroom")
        given = 0
        for number in range(GUESSES):
            await sign_in(visitor, f"wrong-code-{number}")
            given += 1
        return given

    start = time.monotonic()
    guesses = [asyncio.ensure_future(guess()) for _ in range(GUESSERS)]
    try:
        done, _ = await asyncio.wait(guesses, timeout=25)
        took = time.monotonic() - start
        inside = await _seconds_until_inside(scene)
    finally:
        for one in guesses:
            one.cancel()
        await asyncio.gather(*guesses, return_exceptions=True)
    given = sum(one.result() for one in done if not one.exception())
    text = f"{given} of {GUESSERS * GUESSES} guesses in {took:.1f} s; the instructor "
    text += "not in within 20 s" if inside is None else f"in after {inside:.1f} s"
    return Told(text, inside is not None and inside <= 10)


async def _seconds_until_inside(scene: Scene) -> float | None:
    """Sign the instructor in, and return how long it took; None if it takes longer than 20 s."""
    instructor = await scene.visitor("classroom")
    came = time.monotonic()
    while time.monotonic() - came < 20:
        await sign_in(instructor)
        if instructor.tab.page.has("button", "Sign out"):
            return time.monotonic() - came
        await asyncio.sleep(1)
    return None


async def made_up_learners(scene: Scene) -> Told:
    """Send photos and start runs under thirty codes, on a server with an instructor."""
    instructor = await scene.visitor("classroom")
    if not scene.room:
        await sign_in(instructor)
        scene.room = await open_room(instructor)
    member = await scene.visitor("train", SHORT)
    scene_of_strangers = Scene(scene.url, scene.home, scene.root, scene.pid)
    scene_of_strangers.visitors = scene.visitors
    photos = runs = 0
    for number in range(CODES):
        stranger = await scene_of_strangers.visitor("train", SHORT)
        before = scene.jobs("train")
        for _ in range(2):
            if stranger.tab.page.has("button", "Start 1 run"):
                await stranger.tab.click("Start 1 run")
        runs += scene.jobs("train") > before
        if number < 10:
            kept = scene.count("select count(*) from uploads")
            try:
                await stranger.bring(photos_zip(900 + number, 2))
            except LookupError:  # no uploader for strangers
                continue
            photos += scene.count("select count(*) from uploads") > kept
    waiting = scene.jobs("train", "waiting")
    start = time.monotonic()
    await member.tab.click("Start 1 run")
    point = await scene.until(lambda: member.tab.page.points() > 0 or member.ended(), 90)
    text = f"{runs} of {CODES} strangers run, {photos} of 10 store photos; {waiting} wait before a "
    text += f"member of the class, whose run starts {time.monotonic() - start:.0f} s later"
    text += "" if point is not None else " or never"
    return Told(text, runs == 0 and photos == 0 and point is not None)


async def long_run(scene: Scene) -> Told:
    """Hold the only slot with a long run; somebody else's short one waits."""
    hog = await scene.visitor("train", LONG)
    await hog.tab.click("Start ")
    await scene.until(lambda: scene.jobs("train", "running") == 1, 30)
    other = await scene.visitor("train", SHORT)
    await other.tab.click("Start ")
    took = await scene.until(
        lambda: scene.jobs("train", "finished") > 0 or other.tab.page.points() > 0, 60
    )
    text = "not begun within 60 s" if took is None else f"done after {took:.1f} s"
    states = [status for (status,) in scene.rows("select status from jobs where kind = 'train'")]
    return Told(f"the other's run {text} ({', '.join(states)})", took is not None)


def _slow_zip(seed: int) -> bytes:
    """Return a small zip that takes a checker very long: JPEGs of thousands of scans."""
    photos = [numbered(many_scans(), seed * 16 + n) for n in range(16)]
    return zipped((f"{n % 2}/{n}.jpg", photo) for n, photo in enumerate(photos))


def _slow_zips() -> None:
    for tab in range(TABS):
        _slow_zip(tab)


async def slow_checks(scene: Scene) -> Told:
    """Send ten zips that are slow to check from ten tabs of one learner; another sends photos."""
    first = await scene.visitor("data")
    tabs = [first, *[await scene.visitor("data", code=first.code) for _ in range(TABS - 1)]]
    zips = [_slow_zip(number) for number in range(TABS)]
    slow = [asyncio.ensure_future(v.bring(z)) for v, z in zip(tabs, zips, strict=True)]
    await asyncio.sleep(3)
    other = await scene.visitor("data")
    start = time.monotonic()
    try:
        await asyncio.wait_for(other.bring(photos_zip(3)), 60)
        took: float | None = time.monotonic() - start
    except TimeoutError:
        took = None
    for one in slow:
        one.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    text = "not taken within 60 s" if took is None else f"taken after {took:.1f} s"
    return Told(f"20 photos of another learner {text}", took is not None and took <= 20)


CROWD = (
    Attack(
        "wrong-codes", "8", f"{GUESSERS * GUESSES} wrong instructor's codes, {GUESSERS} browsers",
        "the instructor is in within 10 s", wrong_codes, env={"TL_INSTRUCTOR_CODE": INSTRUCTOR},
        seconds=90,
    ),
    Attack(
        "made-up-learners", "10", f"{CODES} made-up codes from one browser, beside a class",
        "no run, no photos; the member's run within 90 s", made_up_learners,
        env={"TL_INSTRUCTOR_CODE": INSTRUCTOR, "TL_SLOTS": "1"}, seconds=240,
    ),
    Attack(
        "long-run", "11", "an hour's run in the only slot, another learner waits",
        "the other's first epoch within 60 s", long_run, alone=True,
        env={"TL_SLOTS": "1", "TL_TURN_SECONDS": "10"}, seconds=120,
    ),
    Attack(
        "slow-checks", "12", f"{TABS} tabs of one learner with zips that are slow to check",
        "another's 20 photos within 20 s", slow_checks, prepare=_slow_zips, seconds=120,
    ),
)  # fmt: skip
