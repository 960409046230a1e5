"""Plays attacks one after the other, each against a server of its own, then all together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from classroom_kit.attacks.bystander import Bystander
from classroom_kit.attacks.catalog import ATTACKS
from classroom_kit.attacks.judge import APP_MB, P95, Watch, judge, perform
from classroom_kit.attacks.scene import Attack, Scene
from classroom_kit.attacks.together import together
from classroom_kit.faults import small_disk
from classroom_kit.report import Row
from classroom_kit.server import ROOT, Server

TOGETHER = "together"
SECRET = "untracked-and-nobody's-business.txt"


def names() -> list[str]:
    """Return what there is to choose from."""
    return [*(attack.name for attack in ATTACKS), TOGETHER]


def hostile(learners: int, chosen: Sequence[str] = ()) -> Iterator[Row]:
    """Play the attacks one after the other, then all together with learners at work."""
    for attack in ATTACKS:
        if not chosen or attack.name in chosen:
            yield alone(attack)
    if not chosen or TOGETHER in chosen:
        yield together([attack for attack in ATTACKS if not attack.alone], learners)


def alone(attack: Attack) -> Row:
    """Play one attack against a server of its own."""
    what, bar = f"{attack.what} (item {attack.item}, `{attack.name}`)", attack.bar
    if attack.disk_mb and (os.name != "posix" or os.geteuid() != 0):
        return Row(what, bar, "not tried: only root can mount a small disk", False)
    attack.prepare()
    with contextlib.ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix=f"{attack.name}-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(kept))
        home = folder / "home"
        if attack.disk_mb:
            stack.enter_context(small_disk(home, attack.disk_mb))
        root = _checkout(folder / "checkout") if attack.own_checkout else ROOT
        server = stack.enter_context(Server(home, root, **attack.env))
        scene = Scene(server.url, home, root, server.process.pid)
        bystander = None if attack.calm else stack.enter_context(Bystander(server.url))
        began = time.monotonic()
        with Watch(scene.pid) as watch:
            told = asyncio.run(perform(attack, scene, server))
        waits = bystander.waited(began) if bystander else []
        seconds = time.monotonic() - began
    figures, held = judge(watch, waits)
    if not attack.calm:
        bar = f"{APP_MB} MB, p95 {P95:.0f} s; {bar}"
    text = f"{told.text}; {figures}; {seconds:.0f} s"
    return Row(what, bar, text, told.held and (held or attack.calm))


def _checkout(folder: Path) -> Path:
    """Return a copy of the checkout with a remote and a file that is nobody's business."""
    git = ["git", "-C", str(folder)]
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder)], **quiet)
    tracked = subprocess.run(["git", "-C", str(ROOT), "diff", "HEAD"], **quiet).stdout
    if tracked:
        subprocess.run([*git, "apply"], input=tracked, **quiet)
    branch = subprocess.run([*git, "branch", "--show-current"], **quiet).stdout.decode().strip()
    if not branch:
        subprocess.run([*git, "checkout", "-q", "-b", (branch := "main")], **quiet)
    for words in (
        ("remote", "set-url", "origin", "https://github.com/example/laboratory.git"),
        ("config", f"branch.{branch}.remote", "origin"),
        ("config", f"branch.{branch}.merge", f"refs/heads/{branch}"),
    ):
        subprocess.run([*git, *words], **quiet)
    shutil.copy(folder / "README.md", folder / SECRET)
    return folder
