"""The process of the pages decodes nothing: shown by what it imports, says and does."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, rerun, texts
from tl_core.modalities.photo import PHOTO
from tl_core.server.previews import preview_of
from tl_core.server.uploads import Uploads
from ui.predict.question import Asked
from ui.shared.text import literal

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
DECODERS = {"PIL", "pillow_heif", "torchvision", "cv2", "imageio"}

DECODING = {
    f"tl_core.modalities.photo.{name}"
    for name in (
        "codec", "opening", "camera_raw", "decode", "depth", "pages", "examine", "labels",
        "signature", "shrink", "bare", "tensors",
    )
}  # fmt: skip
"""Modules that decode; the checking process, the workers and the command line load them."""

ELSEWHERE = {"tl_core.server.upload_worker", "tl_core.server.upload_items"}
"""What runs in the checking process, although its requests are written by the pages'."""


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports anywhere, in its functions too; not what only type checkers see."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ignored = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reachable() -> dict[str, Path]:
    """Return the modules of this project that a page can come to, and their files."""
    found: dict[str, Path] = {}
    ahead = [name for page in PAGES for name in imports(page)]
    while ahead:
        name = ahead.pop()
        parents = [name.rsplit(".", count)[0] for count in range(name.count(".") + 1)]
        for module in parents:
            file = file_of(module)
            if file is not None and module not in found and module.split(".")[0] != "tests":
                found[module] = file
                ahead += imports(file)
    return found


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    """Return the calls of anything that ends in ``.name``."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def test_the_walk_finds_the_screens_and_what_is_below() -> None:
    found = reachable()
    assert {"ui.data.camera", "ui.predict.question", "tl_core.server.upload_spool"} <= set(found)
    assert {"tl_core.modalities.photo", "tl_core.data.scan"} <= set(found)


def test_nothing_that_a_page_reaches_imports_a_decoder() -> None:
    for module, file in reachable().items():
        if "torch" in {name.split(".")[0] for name in imports(file)}:
            continue  # of the workers: no page can load torch (tests/core/test_imports.py)
        assert module not in DECODING
        assert not {name.split(".")[0] for name in imports(file)} & DECODERS, module


def test_no_screen_decodes_or_hands_on_what_a_browser_sent() -> None:
    """Names that decode a file, or Streamlit's own drawing, which does."""
    mine = [*PAGES, *sorted((ROOT / "ui").rglob("*.py"))]
    for file in mine:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for name in ("image", "getvalue", "getbuffer", "preview", "rewrite", "shrink", "pyplot"):
            found = [ast.unparse(call) for call in calls(tree, name)]
            allowed = ["picture.getvalue()"] if file.name == "rooms.py" else []  # its own QR code
            assert found == allowed or found == [], file
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not named & {
            "open_dataset",
            "reopen_dataset",
            "scan",
            "open_photo",
            "decode_photo",
        }, file


def test_every_picture_is_opened_as_one_of_a_few_formats() -> None:
    """Pillow knows fifty formats, EPS among them, which starts Ghostscript."""
    places = ("tl_core", "ui", "pages", "tools", "benchmarks")
    files = [file for place in places for file in sorted((ROOT / place).rglob("*.py"))]
    found = 0
    for file in files:
        for call in calls(ast.parse(file.read_text(encoding="utf-8")), "open"):
            if ast.unparse(call.func) == "Image.open":
                assert "formats" in {keyword.arg for keyword in call.keywords}, file
                found += 1
    assert found >= 2


def test_the_process_of_the_pages_loads_no_decoder() -> None:
    names = ", ".join(sorted(name for name in reachable() if name.startswith("ui.")))
    code = f"import {names}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "ui.data.camera" in loaded
    assert not loaded & {*DECODING, "pillow_heif"}


# --------------------------------------------------------------------------------- what it does


@pytest.fixture
def go_blind(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let this process open no picture from now on; the checking process can."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a picture was opened")

    def start() -> None:
        monkeypatch.setitem(sys.modules, "tl_core.modalities.photo.codec", None)
        for name in ("open", "new", "frombytes"):
            monkeypatch.setattr(Image, name, refuse)

    return start


def test_screens_draw_photos_without_opening_one(lab: Lab, go_blind: Callable[[], None]) -> None:
    lab.train(["from_scratch", "feature_extraction"], epochs=1)
    lab.choose(comparison="comparison")
    go_blind()
    drawn = {
        screen: len(lab.open(screen).get("image"))
        for screen in ("data", "train", "compare", "predict", "start")
    }
    assert drawn["data"] > 10 and drawn["compare"] > 0


def test_a_set_that_was_never_checked_is_opened_without_opening_a_photo(
    lab: Lab, go_blind: Callable[[], None], tmp_path: Path
) -> None:
    lab.choose(make_photo_folder(tmp_path / "new", classes=["ant", "bee"], per_class=4))
    go_blind()
    app = lab.open("data")
    assert [metric.value for metric in app.metric][:2] == ["8", "2"]


def test_a_photo_that_cannot_be_shown_is_a_sentence(lab: Lab) -> None:
    lab.choose()
    app = lab.open("data")
    preview_of([sorted((lab.photos / "ant").iterdir())[0]]).write_bytes(b"")
    assert "This photo cannot be shown now." in texts(rerun(app))


@pytest.mark.parametrize("count", [1, 2])
def test_a_question_is_shown_as_the_check_made_it(
    count: int, lab: Lab, go_blind: Callable[[], None], photos: Path
) -> None:
    [run] = lab.train(["feature_extraction"], epochs=1)
    go_blind()
    files = sorted((photos / "ant").iterdir())[:count]
    sent = [(file.name, file.open("rb")) for file in files]
    question = Uploads(lab.store).take_question(OWNER, PHOTO, sent)
    asked = [str(file) for _, file in question.items]
    job = lab.store.add_job("predict", {"photos": asked, "runs": [run]}, owner=OWNER)
    app = lab.open("predict")
    app.session_state["question"] = Asked(question, job)
    pictures = [image.proto.imgs[0] for image in rerun(app).get("image")]
    assert [picture.caption for picture in pictures] == [literal(file.name) for file in files]
    assert all(picture.alt.startswith("Your photo") for picture in pictures)
