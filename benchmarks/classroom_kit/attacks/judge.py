"""What every attack is held to: the app stays small, and others are answered."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

from classroom_kit.attacks.scene import Attack, Scene, Told
from classroom_kit.report import percentile
from classroom_kit.server import Server, cpu_seconds, pss

APP_MB, P95 = 400, 1.0
LOOK_SECONDS = 0.1
LEAVE_SECONDS = 20.0
SETTLE_SECONDS = 2.0
"""For which others are still looked at after an attack."""


class Watch:
    """Looks at the memory and the processor time of an app while something happens."""

    def __init__(self, pid: int) -> None:
        self.pid, self.before = pid, pss(pid)
        self.largest, self.cpu = self.before, 0.0
        self._cpu = cpu_seconds(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.largest = max(self.largest, pss(self.pid))
            self.cpu = max(self.cpu, cpu_seconds(self.pid) - self._cpu)


def judge(watch: Watch, waits: list[float]) -> tuple[str, bool]:
    """Return the app's memory and the others' waits in words, and whether both bars are held."""
    text = f"app {watch.before:.0f} → {watch.largest:.0f} MB, CPU {watch.cpu:.1f} s"
    if not waits:
        return text, watch.largest <= APP_MB
    high = percentile(waits, 95)
    text += f"; others {percentile(waits, 50):.2f} / {high:.2f} / {max(waits):.1f} s"
    return text, watch.largest <= APP_MB and high <= P95


async def perform(attack: Attack, scene: Scene, server: Server | None = None) -> Told:
    """Play an attack to its end, or until it has taken too long.

    A ``server`` that does not answer any more is ended, so that nothing waits for it.
    """
    start = time.monotonic()
    try:
        told = await asyncio.wait_for(attack.play(scene), attack.seconds)
        await asyncio.sleep(SETTLE_SECONDS)
        return told
    except TimeoutError:
        if server is not None:
            server.kill()
        return Told(f"no answer after {time.monotonic() - start:.0f} s", False)
    except Exception as error:  # a page that looks otherwise, or a server that is gone
        first = str(error).partition("\n")[0][:200]
        return Told(f"not played to its end: {type(error).__name__}: {first}", False)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(scene.leave(), LEAVE_SECONDS)
