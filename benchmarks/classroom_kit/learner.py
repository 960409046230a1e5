"""A learner of the class: photos of their own, two runs, and a habit of looking around."""

from __future__ import annotations

import asyncio
import io
import random
import secrets
import zipfile
from typing import Self

from classroom_kit.tab import Tab
from tests.photos import make_photo

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ZIP, START = "Zip or tar with one folder", "Start 2 runs"
SET = "Use studio"
LESSON = 3600.0
"""Seconds that a learner waits for runs."""


def new_code() -> str:
    """Return a learner's code, as a browser would make it."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


def photos_zip(seed: int, per_class: int = 10) -> bytes:
    """Return a zip of two classes of pictures that nobody else has."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for label, name in enumerate(("left", "right")):
            for number in range(per_class):
                photo = io.BytesIO()
                picture = make_photo(label, size=(320, 240), seed=seed * 10_000 + number)
                picture.save(photo, "JPEG")
                archive.writestr(f"{name}/{number:03}.jpg", photo.getvalue())
    return stream.getvalue()


class Learner:
    """Somebody at a browser.

    Attributes
    ----------
    reactions, polls, uploads
        Seconds that the pages took for what the learner did, for looks of live charts, and for
        checking photos.
    """

    def __init__(self, url: str, number: int) -> None:
        self._url, self.number, self.code = url, number, new_code()
        self._random = random.Random(number)
        self.tab = Tab(url, self.code)
        self.reactions: list[float] = []
        self.polls: list[float] = []
        self.uploads: list[float] = []

    async def arrive(self, path: str = "", query: str = "") -> Self:
        """Open the laboratory, or reload it."""
        self.tab = await Tab(self._url, self.code).open(path, query)
        return self

    async def join(self, room: str) -> None:
        """Become a member of a class."""
        await self.tab.go("classroom")
        await self.tab.set("text_input", "Room code", string_value=room)
        await self.tab.click("Join")

    async def leave(self) -> None:
        """Close the tab."""
        self._note()
        await self.tab.close()

    async def bring_photos(self) -> None:
        """Upload photos of one's own."""
        await self.tab.go("data")
        zipped = photos_zip(self.number)
        self.uploads.append(await self.tab.upload(ZIP, {f"photos {self.number}.zip": zipped}))

    async def take_set(self) -> None:
        """Take a bundled set."""
        await self.tab.go("data")
        await self.tab.click(SET)

    async def start(self, **numbers: float) -> None:
        """Start two runs with these settings, by the labels of their fields."""
        await self.tab.go("train")
        for label, value in numbers.items():
            await self.tab.set("number_input", label.replace("_", " "), double_value=value)
        await self.tab.click(START)

    async def look_around(self) -> None:
        """Change pages for a while, reload, and come back to the training."""
        for path in self._random.sample(["data", "backbone", "compare", "predict", "train"], 4):
            await asyncio.sleep(self._random.uniform(0.5, 3))
            await self.tab.go(path)
        await self.leave()
        await self.arrive("train")

    def ended(self) -> bool:
        """Tell whether the page says that all runs are over."""
        page = self.tab.page
        return page.has("button", "Start") and not page.has("button", "Stop")

    async def wait(self) -> None:
        """Wait at the page with the training until it is over."""
        await self.tab.until(self.ended, LESSON)

    def _note(self) -> None:
        self.reactions += self.tab.reactions
        self.polls += self.tab.polls
