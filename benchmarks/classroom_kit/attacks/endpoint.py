"""Item 3: the address that takes files."""

from __future__ import annotations

import asyncio
import uuid

from classroom_kit.attacks.scene import Attack, Scene, Told

SENT, BYTES = 6, 100_000_000
SHORT_SESSIONS = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "5"}
"""A session outlives its tab for some seconds, in case the browser comes back."""
FREED_SECONDS = 20.0
STAYS_MB = 60
"""That the app may be larger after the tab has been closed; some of it is the pages'."""


def _address(session: str, name: str) -> str:
    return f"/_stcore/upload_file/{session}/{name}"


def _gone(scene: Scene, before: float) -> bool:
    return max(scene.memory() - before, scene.stored(".") / 1e6) <= STAYS_MB


async def _after(scene: Scene, before: float, largest: float, statuses: list[int]) -> Told:
    """Close the tab, and see what stays."""
    await scene.leave()
    await scene.until(lambda: _gone(scene, before), FREED_SECONDS)
    stays, disk = scene.memory() - before, scene.stored(".") / 1e6
    taken = sum(200 <= status < 300 for status in statuses)
    text = f"{taken} of {len(statuses)} taken; app {before:.0f} → {largest:.0f} MB, "
    text += f"{stays:+.0f} MB and {disk:.0f} MB on disk after the tab was closed"
    return Told(text, stays <= STAYS_MB and disk <= STAYS_MB)


async def made_up(scene: Scene) -> Told:
    """Send files under ids that nobody issued, from a page without an uploader."""
    visitor = await scene.visitor("compare")
    before, body = scene.memory(), bytes(BYTES)
    addresses = [_address(visitor.tab.session, str(uuid.uuid4())) for _ in range(SENT)]
    statuses, largest = [], before
    for address in addresses:
        statuses.append(await visitor.tab.put(address, body))
        largest = max(largest, scene.memory())
    told = await _after(scene, before, largest, statuses)
    refused = not any(200 <= status < 300 for status in statuses)
    return Told(told.text, told.held and refused)


async def issued(scene: Scene) -> Told:
    """Send files under ids that were issued, each of them several times."""
    visitor = await scene.visitor("compare")
    before, body = scene.memory(), bytes(BYTES)
    urls = await visitor.tab.ask_urls([f"{n}.jpg" for n in range(SENT)])
    statuses, largest = [], before
    for url in [*urls, *urls[:2]]:
        statuses.append(await visitor.tab.put(url.upload_url, body))
        largest = max(largest, scene.memory())
    return await _after(scene, before, largest, statuses)


async def at_once(scene: Scene) -> Told:
    """Send everything at the same time where a page has an uploader, from three tabs."""
    visitors = [await scene.visitor("data") for _ in range(3)]
    before, body = scene.memory(), bytes(BYTES // 2)
    work = []
    for visitor in visitors:
        urls = await visitor.tab.ask_urls(["a.jpg"] * 4)
        work += [visitor.tab.put(url.upload_url, body) for url in urls]
    statuses = await asyncio.gather(*work)
    return await _after(scene, before, scene.memory(), list(statuses))


ENDPOINT = (
    Attack(
        "puts-made-up", "3", f"{SENT} PUTs of 100 MB under made-up ids", "refused, nothing stays",
        made_up, seconds=120, env=SHORT_SESSIONS,
    ),
    Attack(
        "puts-issued", "3", f"{SENT} PUTs of 100 MB under issued ids, two of them again",
        "nothing stays after the tab", issued, seconds=120, env=SHORT_SESSIONS,
    ),
    Attack(
        "puts-at-once", "3", "12 PUTs of 50 MB at once from three tabs",
        "nothing stays after the tabs", at_once, seconds=120, env=SHORT_SESSIONS,
    ),
)  # fmt: skip
