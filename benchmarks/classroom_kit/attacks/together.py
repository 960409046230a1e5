"""All attacks at once while a class works."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from classroom_kit.attacks.bystander import Bystander
from classroom_kit.attacks.judge import APP_MB, P95, Watch, judge, perform
from classroom_kit.attacks.scene import INSTRUCTOR, Attack, Scene, Told, open_room, sign_in
from classroom_kit.learner import Learner
from classroom_kit.lesson import attend
from classroom_kit.records import check
from classroom_kit.report import Row, percentile
from classroom_kit.server import Server
from tl_core.machine import step_back
from tl_core.store.learner_code import owner_of

STAGGER_SECONDS = 2.0
"""From one attack to the next, and from one learner to the next."""
LESSON_SECONDS = 240.0
PREPARE_SECONDS = 300.0


class Attackers:
    """A process that plays attacks; each is begun a little later than the one before."""

    def __init__(self, scene: Scene, attacks: Sequence[Attack]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        where = (scene.url, str(scene.home), str(scene.root), scene.pid, scene.room)
        names = [attack.name for attack in attacks]
        self._process = context.Process(target=_attack, args=(where, names, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.told: dict[str, Told] = {}
        self._ours.poll(PREPARE_SECONDS)  # until everything that will be sent is made

    def begin(self) -> None:
        """Let them go."""
        self._ours.send("go")

    def end(self) -> None:
        """Collect what they tell, and stop those that are not through."""
        with contextlib.suppress(EOFError, OSError):
            while self._ours.poll():
                name, *told = self._ours.recv()
                if told:
                    self.told[name] = Told(*told)
        self._process.terminate()
        self._process.join(5)


def together(attacks: Sequence[Attack], learners: int) -> Row:
    """Hold a lesson under all attacks at once."""
    with contextlib.ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix="together-", ignore_cleanup_errors=True)
        home = Path(stack.enter_context(kept)) / "home"
        env = {"TL_SLOTS": "2", "TL_INSTRUCTOR_CODE": INSTRUCTOR}
        server = stack.enter_context(Server(home, **env))
        scene = Scene(server.url, home, server.root, server.process.pid)
        scene.room = asyncio.run(_class(scene))
        attackers = Attackers(scene, attacks)
        bystander = stack.enter_context(Bystander(server.url, scene.room))
        people = [Learner(server.url, number) for number in range(learners)]
        began = time.monotonic()
        with Watch(scene.pid) as watch:
            attackers.begin()
            lost = asyncio.run(_lesson(people, scene.room))
        waits, seconds = bystander.waited(began), time.monotonic() - began
        attackers.end()
        server.stop()
        runs, faults = check(home, {owner_of(person.code) for person in people})
    reactions = [r for person in people for r in person.reactions] or [LESSON_SECONDS]
    figures, held = judge(watch, waits)
    high = percentile(reactions, 95)
    bad = [a.name for a in attacks if not attackers.told.get(a.name, Told("", False)).held]
    whole = runs - len({fault.split()[1] for fault in faults})
    text = (
        f"{whole} of {2 * learners} runs complete in {seconds:.0f} s, {lost} learners gave up; "
        f"their pages {percentile(reactions, 50):.2f} / {high:.2f} / {max(reactions):.1f} s "
        f"({len(reactions)} messages); {figures}; {len(attacks) - len(bad)} of {len(attacks)} "
        f"attacks held" + (f", not or not in time: {', '.join(bad)}" if bad else "")
    )
    return Row(
        f"{len(attacks)} attacks at once, {learners} learners at work (`together`)",
        f"{APP_MB} MB, p95 {P95:.0f} s, all runs complete",
        text,
        held and high <= P95 and not lost and whole == 2 * learners,
    )


async def _class(scene: Scene) -> str:
    """Open a room; return its code."""
    instructor = await scene.visitor("classroom")
    await sign_in(instructor)
    code = await open_room(instructor)
    await scene.leave()
    return code


async def _lesson(people: Sequence[Learner], room: str) -> int:
    """Hold the lesson; return how many did not come to its end."""

    async def one(learner: Learner, wait: float) -> bool:
        try:
            await asyncio.wait_for(attend(learner, wait, room), LESSON_SECONDS)
        except Exception:
            with contextlib.suppress(Exception):
                learner.tab.drop()
            return False
        return True

    ends = await asyncio.gather(*(one(p, STAGGER_SECONDS / 2 * i) for i, p in enumerate(people)))
    return ends.count(False)


def _attack(where: tuple[str, str, str, int, str], names: list[str], pipe: Connection) -> None:
    from classroom_kit.attacks.catalog import ATTACKS

    step_back()  # elsewhere, attackers would take nothing from the server's cores
    chosen = [attack for attack in ATTACKS if attack.name in names]
    for attack in chosen:
        attack.prepare()
    pipe.send(("ready",))
    pipe.recv()
    url, home, root, pid, room = where

    async def play(attack: Attack, wait: float) -> None:
        await asyncio.sleep(wait)
        told = await perform(attack, Scene(url, Path(home), Path(root), pid, room))
        pipe.send((attack.name, told.text, told.held))

    async def play_all() -> None:
        await asyncio.gather(*(play(a, STAGGER_SECONDS * i) for i, a in enumerate(chosen)))

    asyncio.run(play_all())
    time.sleep(LESSON_SECONDS)  # the other side takes this process down
