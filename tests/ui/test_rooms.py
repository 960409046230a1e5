"""Each screen has a folder of its own: which folder may import which, read from the imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.core.test_imports import ROOT, imports

SCREENS = {"start", "data", "backbone", "train", "compare", "predict", "classroom"}

ARROWS: dict[str, set[str]] = {
    # The router follows links that Train gives out, knows whether there is an instructor, and hands
    # a damaged server over to them.
    "app": {"shared", "train", "classroom", "guard"},
    **{screen: {"shared"} for screen in SCREENS},
    "shared": {"guard"},  # a file that was sent is read where the guard has put it
    "guard": set(),
}
"""Folders of ``ui`` that a folder may import besides itself; a page belongs to its screen."""


def files() -> list[Path]:
    folders = [*(ROOT / "ui").glob("*/**/*.py"), *(ROOT / "pages").glob("*.py")]
    return sorted([*folders, ROOT / "app.py"])


def room_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return parts[0] if len(parts) == 1 else parts[1]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_screen_imports_another(file: Path) -> None:
    names = [name.split(".") for name in imports(file)]
    found = {parts[1] for parts in names if parts[0] == "ui" and len(parts) > 1}
    assert not found - {room_of(file)} - ARROWS[room_of(file)]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_jobs_are_handed_over_in_one_place(file: Path) -> None:
    """Only what ``tl_core.server.accept`` has looked at reaches the executor."""
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & {"submit", "submit_all", "add_job", "add_jobs", "request", "dispatch"}


def test_every_screen_has_a_page_and_a_folder() -> None:
    assert {page.stem for page in (ROOT / "pages").glob("*.py")} == SCREENS
    assert {folder.parent.name for folder in (ROOT / "ui").glob("*/__init__.py")} == {
        *SCREENS,
        "shared",
        "guard",
    }
