"""Runs that several tests need, trained once a session."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from tl_core.execution import run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.store.database import Store
from tl_core.training.config import RunConfig


class TrainedBefore:
    """Runs that this session has trained: the same run of another test is a copy.

    Parameters
    ----------
    folder
        Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, store: Store, config: RunConfig, **where: Any) -> str:
        """Put a run that has come to its end into a store; return its id.

        Parameters
        ----------
        where
            Its ``owner``, ``comparison`` and ``room``.
        """
        kept = self.folder / _digest(config)
        if kept.is_dir():
            run = store.add_job("train", config.to_dict(), **where)
            store.start(run)
            _copy(kept, run_folder(run), {"<data>": config.data, "<run>": str(run_folder(run))})
            told = run_folder(run) / _TOLD
            store.append(run, 1, json.loads(told.read_text()))
            told.unlink()
            store.end(run, "finished")
            return run
        executor = InlineExecutor(store)
        run = executor.submit("train", config.to_dict(), **where)
        told = [event for _, event in store.events(run)]
        if told[-1]["event"] == "RunEnded":
            (run_folder(run) / _TOLD).write_text(json.dumps(told))
            _copy(run_folder(run), kept, {config.data: "<data>", str(run_folder(run)): "<run>"})
            (run_folder(run) / _TOLD).unlink()
        return run


_TOLD = "told.json"
"""The events of a run that is kept."""


def _copy(old: Path, new: Path, moved: Mapping[str, str]) -> None:
    """Copy the folder of a run, with the paths in its files replaced by others."""
    shutil.copytree(old, new)
    for name in ("config.json", _TOLD):
        text = (new / name).read_text()
        for path, other in moved.items():
            text = text.replace(path, other)
        (new / name).write_text(text)


def _digest(config: RunConfig) -> str:
    """Return a name for all that decides a run: its settings and the content of its folder."""
    data = Path(config.data)
    by_name = "" if data.is_dir() else config.data
    content = sha256(config.replace(data=by_name).to_json().encode())
    for file in sorted(path for path in data.rglob("*") if path.is_file()):
        if file.name != ".tl_scan.json":  # holds times
            content.update(str(file.relative_to(data)).encode() + b"\0" + file.read_bytes())
    return content.hexdigest()
