"""Who may import whom: checked in fresh processes and by reading the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tl_core
from tests.photos import make_photo_folder

ROOT = Path(__file__).parents[2]

LAYERS = (
    (
        "errors",
        "registry",
        "home",
        "machine",
        "seeding",
        "stopwatch",
        "compat",
        "device",
        "download",
        "steps",
        "cache",
        "parallel",
        "words",
        "statistics",
        "codec",
        "memory",
        "throttle",
        "reading",
        "words",
        "precision",
    ),
    ("modalities", "store"),
    ("data", "backbones"),
    ("heads", "classifier", "freezing", "prefix", "features", "precision"),
    ("strategies",),
    ("training",),
    ("cost", "runs"),
    ("analysis",),
    ("execution",),
    ("server",),
    ("cli", "__main__"),
)
"""Parts of tl_core from the bottom up; nothing imports from above itself."""

LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}

PAGE_MODULES = (
    "tl_core", "tl_core.backbones.spec", "tl_core.backbones.weights", "tl_core.data",
    "tl_core.data.catalog", "tl_core.download", "ui.data.sets", "ui.data.public_sets",
    "tl_core.strategies", "tl_core.training.config", "tl_core.training.events",
    "tl_core.training.record", "tl_core.store.database", "tl_core.runs.compare",
    "tl_core.execution.local", "ui.train.controls", "ui.shared.live_runs", "ui.shared.results",
    "ui.shared.room", "ui.classroom", "ui.shared.cost", "tl_core.cost.estimate",
)  # fmt: skip


def loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def modules() -> list[Path]:
    return sorted((ROOT / "tl_core").rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_the_core_loads_no_streamlit() -> None:
    every = ", ".join(name_of(path) for path in modules() if path.stem != "__main__")
    assert not {name for name in loaded(f"import {every}") if name.startswith("streamlit")}


def test_the_pages_process_loads_no_torch() -> None:
    found = loaded(f"import {', '.join(PAGE_MODULES)}")
    assert "tl_core.training.config" in found
    assert not {name for name in found if name.split(".")[0] in ("torch", "torchvision")}


def test_training_loads_no_compiler(tmp_path: Path) -> None:
    """It takes 70 MB and a second, and each of its ways in has been closed one by one."""
    photos = make_photo_folder(tmp_path / "photos", per_class=6)
    choices = ["--epochs", "1", "--input-size", "32", "--strategy", "fine_tune"]
    command = ["train", str(photos), *choices, "--out", str(tmp_path / "run")]
    found = loaded(f"from tl_core.cli import main\nassert main({command}) == 0")
    assert "torchvision" in found and "torch._dynamo" not in found


def test_a_slip_of_the_pen_is_told_without_torch() -> None:
    found = loaded("from tl_core.cli import main\nassert main(['train', 'nowhere']) == 2")
    assert "tl_core.training.config" in found and "torch" not in found


def test_the_collector_of_a_worker_leaves_alone_what_is_shared() -> None:
    loaded("import gc, tl_core.execution.preload\nassert gc.get_freeze_count() > 100_000")


def test_importing_the_core_is_light() -> None:
    assert not loaded("import tl_core") & {"torch", "streamlit", "pandas", "sqlalchemy"}


def test_type_checkers_see_the_names_that_are_loaded_lazily() -> None:
    tree = ast.parse(Path(tl_core.__file__).read_text(encoding="utf-8"))
    [block] = [n for n in tree.body if ast.unparse(n).startswith("if TYPE_CHECKING:")]
    seen = {
        alias.asname: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == tl_core._HOMES
    assert set(dir(tl_core)) == {*seen, "__version__"}
    assert all(getattr(tl_core, name) is not None for name in dir(tl_core))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_part_imports_from_above_itself(path: Path) -> None:
    parts = name_of(path).split(".")
    if len(parts) == 1:
        return
    for target in imports(path):
        pieces = target.split(".")
        if pieces[0] in ("ui", "pages", "app", "streamlit"):
            pytest.fail(f"{name_of(path)} imports {target}")
        if pieces[0] == "tl_core" and len(pieces) > 1 and pieces[1] in LEVEL:
            assert LEVEL[pieces[1]] <= LEVEL[parts[1]], f"{name_of(path)} imports {target}"


def test_every_part_has_a_level() -> None:
    parts = {name_of(path).split(".")[1] for path in modules() if len(name_of(path).split(".")) > 1}
    assert parts == set(LEVEL)
