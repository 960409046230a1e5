"""Items 7 and 15: doing what one was once allowed to do."""

from __future__ import annotations

import asyncio
import contextlib

from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import (
    INSTRUCTOR,
    LIGHT,
    Attack,
    Scene,
    Told,
    open_room,
    sign_in,
)
from classroom_kit.learner import photos_zip

PATIENCE = 90


async def _own(scene: Scene, query: str = LIGHT) -> Visitor:
    """Let an instructor open a room on photos of their own."""
    teacher = await scene.visitor("classroom", query)
    await teacher.tab.go("classroom")
    await sign_in(teacher)
    await teacher.bring(photos_zip(11, 6))
    await teacher.tab.go("classroom")
    scene.room = await open_room(teacher)
    return teacher


async def others_photos(scene: Scene) -> Told:
    """Leave a room, and go on with its photos: run longer, go on, mend, follow a link."""
    tried: dict[str, bool] = {}
    former, scene.room = scene.room, ""
    await _own(scene)
    path = scene.rows(
        "select json_extract(pack, '$.data') from rooms order by created desc limit 1"
    )
    member = await scene.visitor("classroom")
    mending = await scene.visitor("data", code=member.code)  # stays open with the room's photos
    await member.tab.go("train")
    await member.tab.click("Start 1 run")
    await member.tab.until(member.ended, PATIENCE)
    await mending.tab.go("data")
    await member.tab.set("number_input", "Epochs", double_value=200.0)
    await member.tab.click("Start 1 run")
    await member.tab.until(lambda: member.tab.page.points() > 0, PATIENCE)
    await member.tab.click("Pause")
    await scene.until(lambda: scene.jobs("train", "paused") > 0, 20)

    await member.tab.go("classroom")
    await member.tab.click("Leave")
    await member.tab.go("data")
    await member.tab.click("Use studio")
    await member.tab.go("train")
    with contextlib.suppress(LookupError):
        await member.tab.click("Go on")
    went = await scene.until(lambda: scene.jobs("train", "paused") == 0, 4)
    tried["a paused run goes on"] = went is not None
    uploads = scene.count("select count(*) from uploads where owner != ?", "")
    with contextlib.suppress(LookupError):
        await mending.tab.set("selectbox", "Class", string_value="left")
        await mending.tab.click("Drop")
    tried["a remedy copies them"] = scene.count("select count(*) from uploads") > uploads
    runs = scene.jobs("train")
    with contextlib.suppress(LookupError):
        if member.tab.page.has("button", "Stop"):
            await member.tab.click("Stop")
            await member.tab.until(member.ended, 20)
        await member.tab.click("Run longer")
    tried["the runs run longer"] = scene.jobs("train") > runs
    linked = await scene.visitor("train", f"data={path[0][0]}&{LIGHT}")
    with contextlib.suppress(LookupError):
        runs = scene.jobs("train")
        await linked.tab.click("Start 1 run")
    tried["a link names their folder"] = scene.jobs("train") > runs
    scene.room = former
    done = [what for what, happened in tried.items() if happened]
    return Told(f"{len(done)} of {len(tried)}: {', '.join(done) or 'none'}", not done)


def _paused(scene: Scene) -> bool:
    return (
        scene.count("select count(*) from settings where name = 'queue_paused' and value = 'true'")
        > 0
    )


async def callbacks(scene: Scene) -> Told:
    """Press the instructor's buttons after the sign-out, without one, and in another browser."""
    tried: dict[str, bool] = {}
    code = scene.room and "known"
    teacher = await scene.visitor("classroom")
    await sign_in(teacher)
    open_tab = await scene.visitor("classroom", code=teacher.code)
    tried["the learner's code opens the panel elsewhere"] = open_tab.tab.page.has(
        "button", "Sign out"
    )
    buttons = {b.label: b.id for b in teacher.tab.page.all("button")}
    stranger = await scene.visitor("classroom", code="" if not code else teacher.code[::-1])
    for label in ("Pause the queue", "Close it", "Open"):
        with contextlib.suppress(KeyError):
            await stranger.tab.press(buttons[label])
    tried["a stranger's forged button"] = _paused(scene)
    stale = await scene.visitor("classroom")
    await sign_in(stale)
    second = await scene.visitor("classroom", code=stale.code)
    if not second.tab.page.has("button", "Sign out"):
        await sign_in(second)
    with contextlib.suppress(LookupError):
        await second.tab.click("Sign out")
        await asyncio.sleep(0.2)
        if not stale.tab.page.has("button", "Pause the queue"):
            raise LookupError
        await stale.tab.click("Pause the queue")
    signed_out_everywhere = not second.tab.page.has("button", "Sign out")
    tried["a button after the sign-out"] = signed_out_everywhere and _paused(scene)
    if _paused(scene):
        scene.rows("update settings set value = 'false' where name = 'queue_paused'")
    done = [what for what, happened in tried.items() if happened]
    return Told(f"{len(done)} of {len(tried)}: {', '.join(done) or 'none'}", not done)


OWNERSHIP = (
    Attack(
        "others-photos", "7", "somebody else's photos: run longer, go on, a remedy, a link",
        "none accepted", others_photos, alone=True, seconds=200,
        env={"TL_INSTRUCTOR_CODE": INSTRUCTOR, "TL_NICE": "0"},
    ),
    Attack(
        "callbacks", "15", "the instructor's buttons without a sign-in", "none works", callbacks,
        env={"TL_INSTRUCTOR_CODE": INSTRUCTOR}, alone=True,
    ),
)  # fmt: skip
