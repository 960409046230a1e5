"""Items 2 and 9: sets of photos whose shape costs more than their bytes."""

from __future__ import annotations

from functools import cache

from classroom_kit.attacks.files import classes_zip, small_photos, zipped
from classroom_kit.attacks.scene import LIGHT, QUICK, RUN_SECONDS, Attack, Scene, Told

LEVELS, DEEP = 32_000, 6
PHOTOS, FEW = 5000, 20
RERUNS = 5


async def _compare(scene: Scene, classes: int) -> Told:
    """Train on many classes and open Compare."""
    visitor = await scene.visitor("data", LIGHT)
    took = await visitor.bring(classes_zip(classes))
    size = f"{len(classes_zip(classes)) / 1e6:.1f} MB, checked in {took:.1f} s"
    if visitor.says("refused"):
        return Told(f"{size}: refused", True)
    await visitor.start_runs()
    await visitor.tab.until(visitor.ended, RUN_SECONDS)
    cpu, before = scene.cpu(), scene.memory()
    seconds = await visitor.tab.go("compare")
    spent, grown = scene.cpu() - cpu, scene.memory() - before
    text = f"{size}; Compare {seconds:.1f} s, app CPU {spent:.1f} s, {grown:+.0f} MB"
    if not visitor.tab.page.has("echarts_chart"):
        return Told(f"{text}; no comparison to be seen", False)
    return Told(text, spent <= 3.0 and not visitor.tab.page.has("exception"))


async def thousand(scene: Scene) -> Told:
    """Send a thousand classes of two photos."""
    return await _compare(scene, 1000)


async def half(scene: Scene) -> Told:
    """Send as many classes as are let in."""
    return await _compare(scene, 500)


@cache
def _deep_zip() -> bytes:
    photos = small_photos(2 * DEEP)
    deep = "a/" * LEVELS
    return zipped((f"{deep}{n % 2}/{n}.jpg", photo) for n, photo in enumerate(photos))


async def deep_tree(scene: Scene) -> Told:
    """Send a folder in a folder, 32,000 times; then draw the page again."""
    visitor = await scene.visitor("data")
    await visitor.bring(_deep_zip())
    said = "refused" if visitor.says("refused") else "taken"
    cpu = scene.cpu()
    await visitor.tab.go("data")
    spent = scene.cpu() - cpu
    return Told(f"{said}; app CPU {spent:.2f} s a rerun", spent <= 1.0)


@cache
def _photos_zip(count: int) -> bytes:
    photos = small_photos(count)
    return zipped((f"c{n % 10}/{n:05}.jpg", photo) for n, photo in enumerate(photos))


async def many_photos(scene: Scene) -> Told:
    """Send five thousand honest photos; see what each rerun costs more than with twenty."""
    spent = {}
    for count in (FEW, PHOTOS):
        visitor = await scene.visitor("data")
        await visitor.bring(_photos_zip(count))
        if visitor.says("refused"):
            return Told(f"{count} photos were refused", False)
        await visitor.tab.go("backbone")
        cpu = scene.cpu()
        for _ in range(RERUNS):
            await visitor.tab.go("backbone")
        spent[count] = (scene.cpu() - cpu) / RERUNS
    more = spent[PHOTOS] - spent[FEW]
    text = f"app CPU a rerun {spent[FEW]:.2f} s with {FEW} photos, {spent[PHOTOS]:.2f} s with them"
    return Told(text, more <= 0.05)


CLASSES = (
    Attack(
        "classes-1000", "2", "1,000 classes of 2 photos: trained, Compare opened",
        "refused, or 3 s of the app's CPU", thousand, prepare=lambda: classes_zip(1000),
        seconds=400, env=QUICK,
    ),
    Attack(
        "classes-500", "2", "500 classes of 2 photos: trained, Compare opened",
        "3 s of the app's CPU", half, prepare=lambda: classes_zip(500), seconds=400,
        env=QUICK,
    ),
    Attack(
        "deep-tree", "9", f"a zip of {LEVELS:,} levels", "1 s of the app's CPU a rerun", deep_tree,
        prepare=_deep_zip, seconds=120,
    ),
    Attack(
        "many-photos", "9", f"{PHOTOS:,} honest photos, page after page",
        "0.05 s of CPU a rerun more than with 20", many_photos,
        prepare=lambda: (_photos_zip(FEW), _photos_zip(PHOTOS)), seconds=120, calm=False,
    ),
)  # fmt: skip
