import ast
import inspect
import json
from pathlib import Path

import pytest

import tl_core.freezing
import tl_core.registry
from tl_core.errors import UnknownName
from ui.shared.source import ROOT, read_source


def uses() -> list[tuple[str, str, str]]:
    """Every function that a screen shows: the file that shows it, module, name."""
    found = []
    for path in sorted([*ROOT.glob("pages/*.py"), *ROOT.glob("ui/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show_source":
                # Literals alone can be checked here, so nothing else is allowed.
                places = [ast.literal_eval(argument) for argument in node.args]
                found += [(path.name, *place.split(":")) for place in places]
    return found


@pytest.mark.parametrize(("page", "module", "name"), uses())
def test_what_a_screen_shows_exists(page: str, module: str, name: str) -> None:
    source = read_source(module, name)
    assert (ROOT / source.path).is_file()
    assert ast.parse(source.code).body


def test_the_backbone_screen_shows_how_stages_freeze() -> None:
    assert ("backbone.py", "tl_core.freezing", "FreezePlan.apply") in uses()


@pytest.mark.parametrize(
    ("module", "name", "thing"),
    [
        ("tl_core.freezing", "FreezePlan", tl_core.freezing.FreezePlan),
        ("tl_core.freezing", "FreezePlan.apply", tl_core.freezing.FreezePlan.apply),
        ("tl_core.registry", "Registry.get", tl_core.registry.Registry.get),
    ],
)
def test_it_is_the_code_that_runs(module: str, name: str, thing: object) -> None:
    lines, line = inspect.getsourcelines(thing)
    source = read_source(module, name)
    assert source.line == line
    assert [text.strip() for text in source.code.splitlines()] == [text.strip() for text in lines]
    assert not source.code.startswith(" ")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("tl_core.freezing", "FreezePlan.melt"),
        ("tl_core.freezing", ""),
        ("tl_core.nothing", "f"),
        ("os", "walk"),
        ("tl_core....etc.passwd", "f"),
        ("tl_core/../app", "f"),
    ],
)
def test_what_is_not_there_is_refused(module: str, name: str) -> None:
    with pytest.raises(UnknownName):
        read_source(module, name)


def test_a_file_is_parsed_and_never_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tl_core").mkdir()
    trap = "raise SystemExit('run')\n\ndef shown():\n    return 1\n"
    (tmp_path / "tl_core" / "trap.py").write_text(trap)
    monkeypatch.setattr("ui.shared.source.ROOT", tmp_path)
    source = read_source("tl_core.trap", "shown")
    assert json.dumps([source.path, source.line]) == '["tl_core/trap.py", 3]'
