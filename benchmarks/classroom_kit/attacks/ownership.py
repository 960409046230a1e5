"""Items 7 and 15: doing what one was once allowed to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from classroom_kit.attacks.files import small_photos, zipped
from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import (
    INSTRUCTOR,
    LIGHT,
    QUICK,
    RUN_SECONDS,
    Attack,
    Scene,
    Told,
    open_room,
    sign_in,
)
from classroom_kit.learner import SET


async def _own(scene: Scene) -> str:
    """Let an instructor open a room on photos of their own; return its code."""
    teacher = await scene.visitor("classroom", LIGHT)
    await sign_in(teacher)
    photos = small_photos(12)
    names = [f"{n % 2}/{n}.jpg" for n in range(12)]
    await teacher.bring(zipped([*zip(names, photos, strict=True), ("0/copy.jpg", photos[0])]))
    await teacher.tab.go("classroom")
    return await open_room(teacher)


async def others_photos(scene: Scene) -> Told:
    """Leave a room, and go on with its photos: run longer, go on, mend, follow a link."""
    tried: dict[str, bool] = {}
    former, scene.room = scene.room, ""
    room = await _own(scene)
    query = "select json_extract(pack, '$.data') from rooms order by created desc limit 1"
    [[path]] = scene.rows(query)
    member = await scene.visitor("classroom")
    await member.join(room)
    await member.tab.go("train")
    await member.tab.click("Start 1 run")
    await member.tab.until(member.ended, RUN_SECONDS)
    mending = await scene.visitor("data", code=member.code)  # stays open with the room's photos
    mending.tab.page.find("button", "Drop copies")
    await _leave(member)

    await member.tab.go("train")
    tried["the runs run longer"] = await _more(
        lambda: scene.jobs("train"), member.tab.click("Run longer")
    )
    if tried["the runs run longer"]:
        await member.tab.until(member.ended, RUN_SECONDS)
    tried["a remedy copies them"] = await _more(
        lambda: scene.count("select count(*) from uploads"), mending.tab.click("Drop copies")
    )
    await member.join(room)
    await member.tab.click("Start from the room's set-up")
    await member.tab.go("train")
    await member.tab.set("number_input", "Epochs", double_value=200.0)
    await member.tab.click("Start 1 run")
    await member.tab.until(lambda: member.tab.page.points() > 0, RUN_SECONDS)
    await member.tab.click("Pause")
    await scene.until(lambda: scene.jobs("train", "paused") > 0, 20)
    await _leave(member)
    await member.tab.go("train")
    with contextlib.suppress(LookupError):
        await member.tab.click("Go on")
    went = await scene.until(lambda: scene.jobs("train", "paused") == 0, 4)
    tried["a paused run goes on"] = went is not None
    linked = await scene.visitor("train", f"data={path}&{LIGHT}")
    tried["a link names their folder"] = await _more(
        lambda: scene.jobs("train"), linked.tab.click("Start 1 run")
    )
    scene.room = former
    done = [what for what, happened in tried.items() if happened]
    return Told(f"{len(done)} of {len(tried)}: {', '.join(done) or 'none'}", not done)


async def _leave(member: Visitor) -> None:
    """Leave the room, and take photos that are everybody's."""
    await member.tab.go("classroom")
    await member.tab.click("Leave")
    await member.tab.go("data")
    await member.tab.click(SET)


async def _more(count: Callable[[], int], act: Coroutine[Any, Any, float]) -> bool:
    """Tell whether there is more of something after an act; no if it cannot be done."""
    before = count()
    with contextlib.suppress(LookupError):
        await act
    return count() > before


def _paused(scene: Scene) -> bool:
    return (
        scene.count("select count(*) from settings where name = 'queue_paused' and value = 'true'")
        > 0
    )


async def callbacks(scene: Scene) -> Told:
    """Press the instructor's buttons after the sign-out, without one, and in another browser."""
    tried: dict[str, bool] = {}
    teacher = await scene.visitor("classroom")
    await sign_in(teacher)
    open_tab = await scene.visitor("classroom", code=teacher.code)
    tried["the learner's code opens the panel elsewhere"] = open_tab.tab.page.has(
        "button", "Sign out"
    )
    buttons = {b.label: b.id for b in teacher.tab.page.all("button")}
    stranger = await scene.visitor("classroom")
    for label in ("Pause the queue", "Close it", "Open"):
        with contextlib.suppress(KeyError):
            await stranger.tab.press(buttons[label])
    tried["a stranger's forged button"] = _paused(scene)
    stale = await scene.visitor("classroom")
    await sign_in(stale)
    second = await scene.visitor("classroom", code=stale.code)
    with contextlib.suppress(LookupError):  # where each tab has a sign-in of its own
        await second.tab.click("Sign out")
        await asyncio.sleep(0.2)
        if not stale.tab.page.has("button", "Pause the queue"):
            raise LookupError
        await stale.tab.click("Pause the queue")
    tried["a button after the sign-out"] = _paused(scene)
    if _paused(scene):
        scene.rows("update settings set value = 'false' where name = 'queue_paused'")
    done = [what for what, happened in tried.items() if happened]
    return Told(f"{len(done)} of {len(tried)}: {', '.join(done) or 'none'}", not done)


OWNERSHIP = (
    Attack(
        "others-photos", "7", "somebody else's photos: run longer, go on, a remedy, a link",
        "none accepted", others_photos, alone=True, seconds=500,
        env={"TL_INSTRUCTOR_CODE": INSTRUCTOR, **QUICK},
    ),
    Attack(
        "callbacks", "15", "the instructor's buttons without a sign-in", "none works", callbacks,
        env={"TL_INSTRUCTOR_CODE": INSTRUCTOR}, alone=True,
    ),
)  # fmt: skip
