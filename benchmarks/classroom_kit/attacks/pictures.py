"""Item 1 and 22: pictures and names that the page itself would have to deal with."""

from __future__ import annotations

import re

from classroom_kit.attacks.files import EPS, huge_png, many_scans, small_photos, zipped
from classroom_kit.attacks.forger import Visitor
from classroom_kit.attacks.scene import Attack, Scene, Told

RERUNS = 3
MARKUP = "**b** :red[r] [l](https://e.example) `c` $x$ <u>u</u>"
LIVE = re.compile(r"(?<!\\)(\*\*|:red\[|\]\(|`|\$|<u>)")
"""Markup that Markdown would heed."""


async def _name_class(visitor: Visitor, name: str) -> None:
    await visitor.tab.set("text_input", "Name of a class", string_value=name)
    await visitor.tab.click("Add class")


async def _shoot(scene: Scene, shot: bytes, name: str) -> Visitor:
    """Take a shot by camera, and look at it again and again."""
    visitor = await scene.visitor("data")
    await _name_class(visitor, "mug")
    await visitor.tab.give("camera_input", "", {name: shot})
    for _ in range(RERUNS):
        await visitor.tab.go("data")
    return visitor


async def camera_bomb(scene: Scene) -> Told:
    """Send half a megabyte that is 144 megapixels."""
    cpu = scene.cpu()
    visitor = await _shoot(scene, huge_png(), "shot.jpg")
    text = f"{len(huge_png()) / 1e6:.2f} MB sent, {RERUNS} looks, app CPU {scene.cpu() - cpu:.1f} s"
    return Told(text, not visitor.tab.page.has("exception"))


async def camera_eps(scene: Scene) -> Told:
    """Send PostScript."""
    visitor = await _shoot(scene, EPS, "shot.jpg")
    reached = any(word in scene.log() for word in ("Ghostscript", "EpsImagePlugin"))
    broken = visitor.tab.page.has("exception") or "Traceback" in scene.log()
    text = "the page breaks" if broken else "the page goes on"
    text += ", Ghostscript's loader was reached" if reached else ", nothing was opened"
    return Told(text, not broken and not reached)


def _scans_zip() -> bytes:
    good = small_photos(4)
    entries = {f"{c}/{n}.jpg": good[2 * c + n] for c in range(2) for n in range(2)}
    return zipped({**entries, "0/scans.jpg": many_scans()})


async def scans(scene: Scene) -> Told:
    """Let the page draw a thumbnail of a JPEG of thousands of scans."""
    visitor = await scene.visitor("data")
    cpu = scene.cpu()
    await visitor.bring(_scans_zip())
    spent = scene.cpu() - cpu
    shown = len(visitor.tab.page.all("imgs"))
    return Told(f"app CPU {spent:.1f} s for the page of {shown} pictures", spent <= 1.5)


async def camera_markup(scene: Scene) -> Told:
    """Name a class in Markdown, and read what the widgets of the camera say."""
    visitor = await scene.visitor("data")
    await _name_class(visitor, MARKUP)
    page = visitor.tab.page
    said = [c.label for c in page.all("camera_input")]
    said += [option for radio in page.all("radio") for option in radio.options]
    said = [text for text in said if "red" in text]
    live = [text for text in said if LIVE.search(text)]
    return Told(f"markup in {len(live)} of {len(said)} labels and options", bool(said) and not live)


PICTURES = (
    Attack(
        "camera-bomb", "1", "a shot by camera of 144 megapixels", "the page goes on",
        camera_bomb, prepare=huge_png, seconds=90,
    ),
    Attack(
        "camera-eps", "1", f"{len(EPS)} bytes of PostScript as a shot", "not opened", camera_eps,
    ),
    Attack(
        "scans", "1", "a JPEG of 1,000 scans, uploaded and shown", "1.5 s of the app's CPU",
        scans, prepare=many_scans, seconds=90,
    ),
    Attack(
        "camera-markup", "22", "a class named in Markdown by the camera", "no live markup",
        camera_markup,
    ),
)  # fmt: skip
