"""Show the code behind a screen: the function itself, read from its file, never a copy of it.

The file is parsed and not imported, because much of ``tl_core`` needs torch, which the app's
process never loads.
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from tl_core.errors import UnknownName

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "tl_core"

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Source:
    """A function or class as it stands in its file.

    Attributes
    ----------
    code
        Its text with decorators and docstring, without the indentation of what surrounds it.
    path
        Of the file, from the root of the project.
    line
        Number of its first line.
    """

    code: str
    path: str
    line: int


@cache
def read_source(module: str, name: str) -> Source:
    """Read the source of a function, class or method.

    Parameters
    ----------
    module
        Dotted name of a module of ``tl_core``.
    name
        As in the file; a method with its class (``FreezePlan.apply``).

    Raises
    ------
    UnknownName
        If there is no such module or definition.
    """
    file = _file(module)
    text = file.read_text(encoding="utf-8")
    scope: ast.Module | _Definition = ast.parse(text)
    for part in name.split("."):
        scope = _inside(scope, part, f"{module}.{name}")
    assert not isinstance(scope, ast.Module)
    assert scope.end_lineno is not None
    first = min([scope.lineno, *(node.lineno for node in scope.decorator_list)])
    lines = text.splitlines()[first - 1 : scope.end_lineno]
    return Source(textwrap.dedent("\n".join(lines)), file.relative_to(ROOT).as_posix(), first)


def show_source(*places: str) -> None:
    """Draw an expander with the code of functions, classes or methods.

    Parameters
    ----------
    places
        Each as ``module:name``, the way entry points are written
        (``tl_core.freezing:FreezePlan.apply``).
    """
    with st.expander("The code that does this", icon=":material/code:"):
        for place in places:
            module, _, name = place.partition(":")
            source = read_source(module, name)
            st.markdown(f"`{name}` in `{source.path}`, line {source.line}")
            st.code(source.code, language="python", wrap_lines=True)


def _file(module: str) -> Path:
    parts = module.split(".")
    if parts[0] == PACKAGE and all(part.isidentifier() for part in parts):
        plain = ROOT.joinpath(*parts)
        for file in (plain.with_suffix(".py"), plain / "__init__.py"):
            if file.is_file():
                return file
    raise UnknownName(f"{PACKAGE} has no module {module!r}.")


def _inside(scope: ast.Module | _Definition, name: str, whole: str) -> _Definition:
    for node in scope.body:
        if isinstance(node, _Definition) and node.name == name:
            return node
    raise UnknownName(f"There is no function or class {whole!r}.")
