"""A learner in front of the app, without a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

import ui.shared.state
from tests.jobs import quick
from tests.trained import TrainedBefore
from tl_core.server.uploads import Upload, Uploads, uploads_folder
from tl_core.store.database import Store
from tl_core.store.schema import uploads
from tl_core.training.config import RunConfig

APP = Path(__file__).parents[2] / "app.py"
OWNER = "0123456789abcdef" * 2


class Lab:
    """One learner's home: what is chosen, what has run, and the screens on top of it."""

    def __init__(self, photos: Path, trained: TrainedBefore) -> None:
        self._trained = trained
        self.in_session: dict[str, Any] = {}  # what a session of OWNER's holds from the start
        self.photos = self.own(photos)

    @property
    def store(self) -> Store:
        return ui.shared.state.store()

    def own(self, data: Path, owner: str = OWNER) -> Path:
        """Make photos an upload of a learner's; return its folder. A folder stays where it is."""
        mine = Uploads(self.store)
        if data.suffix == ".zip":
            with data.open("rb") as stream:
                return mine.take_zip(owner, stream, data.name).path
        folder = data
        if data.parent != uploads_folder():
            uploads_folder().mkdir(parents=True, exist_ok=True)
            folder = uploads_folder() / f"{data.name}-{sha256(str(data).encode()).hexdigest()[:8]}"
            if not folder.is_symlink():
                folder.symlink_to(data)
        if all(upload.path != folder for upload in mine.of(owner)):
            row = Upload(owner, folder.name, data.name, 20, 10**6, time.time())
            with self.store.engine.begin() as connection:
                connection.execute(insert(uploads).values(**vars(row)))
        return folder

    def choose(self, data: Path | None = None, name: str = "my photos", **state: Any) -> None:
        """Keep a workspace as an earlier visit would have left it."""
        values = {"data": str(self.own(data or self.photos)), "data_name": name, **state}
        self.store.save_workspace(OWNER, values)

    def train(
        self,
        strategies: Sequence[str] = ("feature_extraction", "fine_tune"),
        data: Path | None = None,
        owner: str = OWNER,
        **choices: Any,
    ) -> list[str]:
        """Bring a comparison to its end; return the ids of its runs."""
        photos = self.own(data or self.photos, owner)
        return [self.run(quick(photos, strategy=name, **choices), owner) for name in strategies]

    def run(self, config: RunConfig, owner: str = OWNER, comparison: str = "comparison") -> str:
        """Bring one run to its end; return its id."""
        return self._trained.run(self.store, config, owner=owner, comparison=comparison)

    def open(self, screen: str, owner: str = OWNER) -> Any:
        """Open a screen in a new session; any exception on it fails the test."""
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.session_state["owner"] = owner
        for key, value in self.in_session.items() if owner == OWNER else ():
            app.session_state[key] = value
        app.switch_page(f"pages/{screen}.py")
        return rerun(app)


def rerun(app: Any) -> Any:
    app.run()
    assert [f"{e.message}\n{''.join(e.stack_trace)}" for e in app.exception] == []
    return app


def texts(app: Any) -> str:
    """Return everything that the screen says in Markdown."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "metric")
    found = [str(element.value) for kind in kinds for element in app.get(kind)]
    found += [bar.text for bar in app.get("progress")]
    return "\n".join(found + [c for image in app.get("image") for c in image.captions])


def tables(app: Any) -> list[dict[str, list[str]]]:
    """Return the tables on the screen: for each the cells, as a reader sees them, by column."""
    found = []
    for text in (element.value for element in app.markdown if element.value.startswith("| ")):
        head, _, *rows = [_cells(line) for line in text.splitlines()]
        found.append({name: [row[i] for row in rows] for i, name in enumerate(head)})
    return found


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
    return [re.sub(r"\\(.)|\u2060", r"\1", cell) for cell in cells]


def links(app: Any) -> list[str]:
    return [link.proto.page for link in app.get("page_link")]
